/**
 * The viewer's pictures of maps/1 against the library's, pixel by pixel: equal everywhere but within 1/16
 * pixel of an edge, in both backends.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { EnginePages } from "./engine";
import { launch } from "./harness";
import type { View } from "./pages/engine";

const VIEWS = 24;

let pages: EnginePages;
let browser: Browser;

beforeAll(async () => {
  [pages, browser] = await Promise.all([EnginePages.serve(), launch()]);
  pages.expected();
}, 240_000);
afterAll(async () => {
  await browser.close();
  await pages.close();
});

describe.each(["webgpu", "webgl2"] as const)("%s", (backend) => {
  let page: Page;
  let views: View[];

  beforeAll(async () => {
    ({ page } = await pages.open(browser));
    const made = await page.evaluate((kind) => window.engine.create(kind), backend);
    expect(made).toMatchObject({ backend });
    views = await page.evaluate(() => window.engine.load("/expected"));
    expect(views).toHaveLength(VIEWS);
  });
  afterAll(() => page.close());

  test.each(Array.from({ length: VIEWS }, (_, i) => i))("view %i", async (index) => {
    const url = `/expected/view_${String(index).padStart(2, "0")}.bin`;
    const found = await page.evaluate(([where, view]) => window.engine.compare(where, view), [url, views[index]!] as const);
    expect(found).toMatchObject({ wrong: 0, largest: 0 });
    // Not a blank picture, and not one that is all edge.
    expect(found.colors).toBeGreaterThan(10);
    expect(found.nearEdge / found.pixels).toBeLessThan(0.1);
    expect(found.wrongNearEdge / found.pixels).toBeLessThan(0.005);
  });
});

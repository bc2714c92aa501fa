/** Moving the camera with mouse, wheel, keys and fingers, in a real browser. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { EnginePages } from "./engine";
import { launch } from "./harness";

let pages: EnginePages;
let browser: Browser;
let page: Page;

interface Place {
  readonly eye: readonly number[];
  readonly target: readonly number[];
  readonly distance: number;
}

const place = () =>
  page.evaluate<Place>(() => {
    const { eye, target } = window.engine.camera!;
    return { eye: [...eye], target: [...target], distance: Math.hypot(...eye.map((e, i) => e - target[i]!)) };
  });
const apart = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, i) => x - b[i]!));

async function drag(dx: number, dy: number, button: "left" | "right" = "left"): Promise<void> {
  await page.mouse.move(320, 240);
  await page.mouse.down({ button });
  await page.mouse.move(320 + dx / 2, 240 + dy / 2);
  await page.mouse.move(320 + dx, 240 + dy);
  // A pointer that rests before it is lifted throws nothing.
  await page.waitForTimeout(120);
  await page.mouse.up({ button });
}

beforeAll(async () => {
  [pages, browser] = await Promise.all([EnginePages.serve(), launch()]);
  ({ page } = await pages.open(browser));
  await page.evaluate(() => window.engine.create("auto"));
  await page.evaluate(() => window.engine.show(window.engine.worlds.terrain(32)));
});
beforeEach(() =>
  page.evaluate(() => {
    window.engine.controls?.destroy();
    window.engine.control();
  }),
);
afterAll(async () => {
  await browser.close();
  await pages.close();
});

test("dragging turns about the target, and lets go at rest", async () => {
  const before = await place();
  await drag(120, 0);
  const after = await place();
  expect(apart(after.target, before.target)).toBeLessThan(1e-9);
  expect(after.distance).toBeCloseTo(before.distance, 6);
  expect(apart(after.eye, before.eye)).toBeGreaterThan(10);
  await page.waitForTimeout(150);
  expect((await place()).eye).toEqual(after.eye);
});

test("dragging with the right button moves sideways", async () => {
  const before = await place();
  await drag(80, -40, "right");
  const after = await place();
  expect(apart(after.target, before.target)).toBeGreaterThan(2);
  expect(after.distance).toBeCloseTo(before.distance, 6);
});

test("the wheel goes to what is under the pointer, which stays there", async () => {
  const hit = () => page.evaluate(() => window.engine.renderer!.pick(300, 300)!.point);
  const [before, point] = [await place(), await hit()];
  await page.mouse.move(300, 300);
  await page.mouse.wheel(0, -300);
  await expect.poll(async () => (await place()).distance).toBeLessThan(before.distance * 0.9);
  expect(apart(await hit(), point)).toBeLessThan(0.5);
});

test("W flies forward while it is held, arrows turn, plus and minus zoom", async () => {
  const before = await place();
  await page.focus("canvas");
  await page.keyboard.down("w");
  await expect.poll(async () => apart((await place()).eye, before.eye)).toBeGreaterThan(3);
  await page.keyboard.up("w");
  const flown = await place();
  expect(flown.distance).toBeCloseTo(before.distance, 6);
  await page.keyboard.press("ArrowLeft");
  const turned = await place();
  expect(apart(turned.target, flown.target)).toBeLessThan(30);
  expect(apart(turned.eye, flown.eye)).toBeGreaterThan(1);
  await page.keyboard.press("+");
  expect((await place()).distance).toBeLessThan(turned.distance * 0.9);
});

test("one finger turns, two pinch", async () => {
  const session = await page.context().newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...points: [number, number][]) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  const before = await place();
  await touch("touchStart", [300, 240]);
  await touch("touchMove", [380, 250]);
  const turned = await place();
  expect(turned.distance).toBeCloseTo(before.distance, 6);
  expect(apart(turned.eye, before.eye)).toBeGreaterThan(5);
  await page.waitForTimeout(120);
  await touch("touchEnd");
  await touch("touchStart", [280, 240]);
  await touch("touchStart", [280, 240], [360, 240]);
  await touch("touchMove", [260, 240], [380, 240]);
  await touch("touchMove", [240, 240], [400, 240]);
  await expect.poll(async () => (await place()).distance).toBeLessThan(turned.distance * 0.75);
  await touch("touchEnd");
  await session.detach();
});

describe("under reduced motion", () => {
  test("a throw stops at once and journeys jump", async () => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.mouse.move(320, 240);
    await page.mouse.down();
    await page.mouse.move(420, 240);
    await page.mouse.up();
    const thrown = await place();
    await page.waitForTimeout(100);
    expect((await place()).eye).toEqual(thrown.eye);
    const jumped = await page.evaluate(() => {
      window.engine.controls!.lookFrom([0, 1, 0]);
      return [...window.engine.camera!.eye];
    });
    expect(apart(jumped, thrown.eye)).toBeGreaterThan(10);
    await page.emulateMedia({ reducedMotion: "no-preference" });
  });
});

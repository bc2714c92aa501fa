/** The page without a mouse, without colours that are hard to read, and without motion. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { cellsOf, downloadFrom, textOf, useYard, yardPage } from "./yard";

const yard = useYard(["yard"]);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds serious or worse, in words. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } }).axe.run({ resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)} ${node.any.map((one) => one.message).join("; ")}`));
}

/** Presses Tab until what is focused matches `selector`. */
async function tabTo(page: Page, selector: string, key = "Tab"): Promise<void> {
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press(key);
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`120 times ${key} do not lead to ${selector}`);
}

/** What is focused can be seen to be. */
async function isRinged(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement!);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
}

test("from a prompt to a file with the keyboard alone", async () => {
  const page = await yardPage(yard);
  await tabTo(page, "textarea.prompt");
  expect(await isRinged(page)).toBe(true);
  await page.keyboard.type("a hut of noise");
  // The lists of the form: the map, then the teacher.
  await tabTo(page, "select");
  await tabTo(page, "select");
  await page.keyboard.type("Noise");
  await tabTo(page, ".slider .input");
  await tabTo(page, ".slider .input");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("6");

  // A region on the canvas, by keys.
  await tabTo(page, ".tool[data-tool=look]");
  expect(await isRinged(page)).toBe(true);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await tabTo(page, "canvas", "Shift+Tab");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  await expect.poll(() => page.locator("[aria-live=polite].unseen").textContent()).toMatch(/^From \d+, \d+, \d+ to \d+, \d+, \d+/);

  // A block, by keys, and back.
  await page.keyboard.press("p");
  for (const key of ["ArrowUp", "ArrowUp", "PageUp", "Enter"]) await page.keyboard.press(key);
  await page.getByText("has unsaved edits").waitFor();
  await page.keyboard.press("Control+z");
  await page.getByText("has unsaved edits").waitFor({ state: "detached" });

  await tabTo(page, "textarea.prompt", "Shift+Tab");
  await page.keyboard.press("Control+Enter");
  await page.getByText(/Kept as trained_map_\w+/).waitFor({ timeout: 120_000 });
  await page.keyboard.press("Tab");
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("Control+e");
  await page.locator("dialog[open] .formats").waitFor();
  await tabTo(page, "dialog[open] .formats button");
  const download = await downloadFrom(page, () => page.keyboard.press("Enter"));
  expect(cellsOf(await textOf(download)).size).toBeGreaterThan(0);
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
}, 240_000);

test("tools, palette and views have one stop each for Tab, and arrows within", async () => {
  const page = await yardPage(yard);
  await page.locator(".tool[data-tool=look]").focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Place blocks");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("radio");
  const names = await page.getByRole("radiogroup", { name: "Block", exact: true }).getByRole("radio").count();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  expect(await page.getByRole("radio", { name: "Marble" }).getAttribute("aria-checked")).toBe("true");
  expect(names).toBe(12);
  const stops = await page.locator(".toolbar button[tabindex='0'], .view-buttons button[tabindex='0']").count();
  expect(stops).toBe(2);
}, 60_000);

for (const theme of ["dark", "light"] as const) {
  test(`axe finds nothing serious, ${theme}`, async () => {
    const page = await yardPage(yard, { colorScheme: theme, reducedMotion: "reduce" });
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(theme);
    expect(await findings(page), "the page").toEqual([]);
    await page.keyboard.press("p");
    await page.getByRole("button", { name: "New block" }).click();
    expect(await findings(page), "placing").toEqual([]);
    await page.getByRole("button", { name: "Choose a region" }).click();
    await page.getByText("Views", { exact: true }).click();
    expect(await findings(page), "a region, and saved views").toEqual([]);
    for (const name of ["Open", "Save", "Export", "Picture"]) {
      await page.getByRole("group", { name: "World" }).getByRole("button", { name }).click();
      await page.locator("dialog[open]").waitFor();
      expect(await findings(page), name).toEqual([]);
      await page.keyboard.press("Escape");
      await page.locator("dialog[open]").waitFor({ state: "detached" });
    }
    await page.getByRole("group", { name: "World" }).getByRole("button", { name: "Capture" }).click();
    await page.getByRole("button", { name: "Place a ring" }).click();
    expect(await findings(page), "capture").toEqual([]);
    await page.getByRole("button", { name: "Close the capture" }).click();
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press("?");
    await page.locator("dialog[open]").waitFor();
    expect(await findings(page), "shortcuts").toEqual([]);
  }, 240_000);
}

test("less motion: the view jumps, and nothing moves by itself", async () => {
  const page = await yardPage(yard, { reducedMotion: "reduce" });
  const view = async () => {
    await page.keyboard.press("Shift+L");
    return page.evaluate(() => location.hash);
  };
  await page.getByRole("button", { name: "Top" }).click();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  const at = await view();
  await page.waitForTimeout(500);
  expect(await view()).toBe(at);
  const moving = await page.evaluate(() => document.getAnimations().filter((one) => one.playState === "running" && Number(one.effect?.getComputedTiming().duration) > 1).length);
  expect(moving).toBe(0);
}, 60_000);

test("fingers get larger targets", async () => {
  const page = await yardPage(yard, { hasTouch: true, isMobile: true, viewport: { width: 900, height: 700 } });
  const sizes = await page.locator(".tool, .view-buttons button").evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height)));
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(36);
}, 60_000);

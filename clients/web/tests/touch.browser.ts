/** Fingers on the canvas while a tool is in hand, and what the inspector says while the pointer rests. */
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { middle, useYard, yardPage } from "./yard";

const yard = useYard(["yard"], { flags: ["--frames-per-second=20"] });

const ABOVE = "#map/yard?view=0,60,0.5,0,4,0,40";
const TOOLS = { place: "p", remove: "x", paint: "t", fill: "g", pick: "i", region: "r", keep: "k" } as const;

/** Fingers, as the browser's own events: each call says where every finger is, by its number. */
async function fingers(page: Page) {
  const session = await page.context().newCDPSession(page);
  const { x, y } = await middle(page);
  const points = (places: Record<number, [number, number]>) => Object.entries(places).map(([id, [dx, dy]]) => ({ id: Number(id), x: x + dx, y: y + dy }));
  return {
    down: (places: Record<number, [number, number]>) => session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: points(places) }),
    move: (places: Record<number, [number, number]>) => session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: points(places) }),
    /** `places` are of the fingers that stay. */
    up: (places: Record<number, [number, number]> = {}) => session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: points(places) }),
  };
}

/** The eye's distance to what it looks at, from a link to the view. */
async function view(page: Page): Promise<{ distance: number; text: string }> {
  await page.keyboard.press("Shift+L");
  const text = decodeURIComponent(/view=([^&]*)/.exec(page.url())![1]!);
  const [x, y, z, tx, ty, tz] = text.split(",").map(Number) as [number, number, number, number, number, number];
  return { distance: Math.hypot(x - tx, y - ty, z - tz), text };
}

const isUntouched = async (page: Page) => {
  expect(await page.getByText("has unsaved edits").count()).toBe(0);
  expect(await page.getByRole("button", { name: /^Undo: / }).count()).toBe(0);
  await page.getByText("The run may change the whole map.").waitFor();
  expect(await page.getByRole("group", { name: "Kept 1" }).count()).toBe(0);
};

for (const [name, key] of Object.entries(TOOLS)) {
  test(`two fingers move the view and nothing else with "${name}" in hand`, async () => {
    const page = await yardPage(yard, { hasTouch: true }, ABOVE);
    await page.keyboard.press(key);
    const touch = await fingers(page);
    const before = await view(page);
    // One after the other, as fingers come; the first trembles before the second is there.
    await touch.down({ 0: [-20, 0] });
    await touch.move({ 0: [-22, 1] });
    await touch.down({ 0: [-22, 1], 1: [20, 0] });
    for (const far of [30, 45, 60]) await touch.move({ 0: [-far, 0], 1: [far, 0] });
    await expect.poll(async () => (await view(page)).distance).toBeLessThan(before.distance * 0.7);
    // A third finger, and the one that is left in the end, are no tools either.
    await touch.down({ 0: [-60, 0], 1: [60, 0], 2: [0, 30] });
    await touch.up({ 1: [60, 0] });
    await touch.move({ 1: [90, 40] });
    await touch.up();
    await page.waitForTimeout(200);
    await isUntouched(page);
    expect(await page.locator(`.tool[data-tool=${name}]`).getAttribute("aria-pressed")).toBe("true");
  }, 120_000);
}

test("both fingers in one moment, and a first finger that had begun to draw", async () => {
  const page = await yardPage(yard, { hasTouch: true }, ABOVE);
  await page.keyboard.press("p");
  const touch = await fingers(page);
  const before = await view(page);
  await touch.down({ 0: [-20, 0], 1: [20, 0] });
  for (const far of [30, 45]) await touch.move({ 0: [-far, 0], 1: [far, 0] });
  await touch.up();
  const near = await view(page);
  expect(near.distance).toBeLessThan(before.distance * 0.8);
  await isUntouched(page);
  await touch.down({ 0: [-30, 0] });
  for (const at of [-20, -10, 0]) await touch.move({ 0: [at, 0] });
  await touch.down({ 0: [0, 0], 1: [60, 0] });
  for (const far of [10, 20, 30]) await touch.move({ 0: [-far, 0], 1: [60 + far, 0] });
  await expect.poll(async () => (await view(page)).distance).toBeLessThan(near.distance * 0.8);
  await touch.up();
  await isUntouched(page);
}, 120_000);

test("one finger taps and draws; beside the world it turns the view", async () => {
  const page = await yardPage(yard, { hasTouch: true }, "#map/yard?view=0,140,0.5,0,4,0,40");
  await page.keyboard.press("p");
  const touch = await fingers(page);
  await touch.down({ 0: [0, 0] });
  await touch.up();
  await page.getByRole("button", { name: "Undo: Place 1 Stone" }).waitFor();
  await touch.down({ 0: [80, 40] });
  for (const at of [70, 40, 0, -40, -80]) await touch.move({ 0: [at, 40] });
  await touch.up();
  await page.getByRole("button", { name: /^Undo: Place [3-9]|\d\d Stone/ }).waitFor();
  const before = await view(page);
  await touch.down({ 0: [300, 100] });
  await touch.move({ 0: [270, 110] });
  await touch.move({ 0: [240, 120] });
  await touch.up();
  await expect.poll(async () => (await view(page)).text).not.toBe(before.text);
}, 120_000);

test("the inspector follows edits under a pointer that rests", async () => {
  const page = await yardPage(yard, {}, ABOVE);
  const said = () => page.locator(".inspector").textContent();
  const { x, y } = await middle(page);
  await page.mouse.move(x, y);
  await expect.poll(said, { timeout: 20_000 }).toMatch(/^Marble\d+, 4, \d+$/);
  await page.keyboard.press("x");
  await page.mouse.down();
  await page.mouse.up();
  await expect.poll(said, { timeout: 20_000 }).toMatch(/^Plank\d+, 3, \d+$/);
  await page.keyboard.press("Control+z");
  await expect.poll(said, { timeout: 20_000 }).toMatch(/^Marble\d+, 4, \d+$/);
  // The camera moves and the pointer does not.
  await page.keyboard.press("Escape");
  await page.keyboard.press("w");
  await page.locator(".stage > canvas").focus();
  await page.keyboard.down("d");
  await expect.poll(said, { timeout: 20_000 }).not.toMatch(/^Marble/);
  await page.keyboard.up("d");
}, 120_000);

test("the inspector follows a job's frames under a pointer that rests", async () => {
  const page = await yardPage(yard, {}, "#map/yard");
  const settings = { steps: 4000, logEvery: 5, imageEvery: 100, imageSize: 16, viewsPerStep: 1, lr: 0.3 };
  const jobId = await yard.server.createJob("under a resting pointer", settings, { mapId: "yard" });
  await page.goto(`${yard.server.url}/#job/${jobId}?view=0,60,0.5,0,4,0,40`);
  const { x, y } = await middle(page);
  await page.mouse.move(x + 3, y + 3);
  const seen = new Set<string>();
  await expect
    .poll(async () => seen.add((await page.locator(".inspector").allTextContents()).join()).size, { timeout: 60_000, interval: 100 })
    .toBeGreaterThan(2);
  await yard.server.call("JobService/CancelJob", { jobId });
}, 120_000);

/** Pictures on custom blocks: of a map that lies on the server, of a run on it, and of a world that a page sends. */
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { settled, storedMap, useYard } from "./yard";

/** 2 x 1 pixels: red, and half of green. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR4nGM4wcDwnyGFoQEADPACrLoHfK0AAAAASUVORK5CYII=";
const GREY = [0.5, 0.5, 0.5];

/** A wall of one kind of block, with a picture on its sides. */
function wall(): object {
  const blocks = [];
  for (let x = 0; x < 16; x++) for (let y = 0; y < 16; y++) blocks.push({ position: [x, y, 8], blockType: "Flag" });
  const tile = { path: "tiles/flag.png", url: `data:image/png;base64,${PNG}`, prompt: "a flag", sequence: 3 };
  const flag = { id: 1000, name: "Flag", textureLayer: null, colors: { top: GREY, bottom: GREY, side: GREY }, faceTiles: { side: tile } };
  return { worldScale: 2, worldConfig: { dimensions: { x: 16, y: 16, z: 16 } }, blocks, customBlocks: [flag] };
}

const yard = useYard(["flags"], { file: wall() });
/** Right before the wall: nothing else is in sight. */
const BEFORE = "view=0,16,40,0,16,0,30";

// Light on +z: sky and horizon in equal parts, and the sun at an angle.
const diffuse = 0.5 / Math.hypot(0.4, 0.85, 0.5);
const light = [1, 0.97, 0.9].map((sun, i) => 0.275 * ([0.18, 0.16, 0.12][i]! + [0.53, 0.81, 0.92][i]!) + diffuse * sun);
const lit = (color: readonly number[]) => color.map((c, i) => Math.round(Math.min(1, c * light[i]!) * 255)).join(" ");
const RED = lit([200 / 255, 0, 0]);
const HALF_GREEN = lit([0, 100 / 255, 0].map((c, i) => GREY[i]! * (127 / 255) + c * (128 / 255)));
const PLAIN = lit(GREY);

/** Shares of the canvas that have each colour, within one 255th. */
async function shares(page: Page, wanted: readonly string[]): Promise<number[]> {
  const picture = await page.locator(".stage > canvas").screenshot();
  return page.evaluate(
    async ([bytes, colors]) => {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      return colors.map((color) => {
        const [r, g, b] = color.split(" ").map(Number) as [number, number, number];
        let found = 0;
        for (let i = 0; i < data.length; i += 4) if (Math.abs(data[i]! - r) <= 1 && Math.abs(data[i + 1]! - g) <= 1 && Math.abs(data[i + 2]! - b) <= 1) found++;
        return found / (data.length / 4);
      });
    },
    [[...picture], [...wanted]] as const,
  );
}

async function open(search: string, hash: string): Promise<Page> {
  const page = await (await yard.browser.newContext({ viewport: { width: 1200, height: 800 } })).newPage();
  await page.goto(`${yard.server.url}/${search}#${hash}`);
  return page;
}

/** Both halves of the picture are on the wall, and its plain colour is nowhere. */
async function expectFlags(page: Page): Promise<void> {
  await expect.poll(async () => Math.min(...(await shares(page, [RED, HALF_GREEN]))), { timeout: 30_000 }).toBeGreaterThan(0.2);
  expect((await shares(page, [PLAIN]))[0]).toBeLessThan(0.02);
}

for (const renderer of ["webgpu", "webgl2"]) {
  test(`${renderer}: a map of the server shows its pictures`, async () => {
    const page = await open(`?renderer=${renderer}`, `map/flags?${BEFORE}`);
    await settled(page, 3);
    await expectFlags(page);
  }, 120_000);
}

test("a run shows them, though its frames come without", async () => {
  const jobId = await yard.server.createJob("flags", { steps: 2, keep: [{ low: {}, high: { x: 16, y: 16, z: 16 } }] }, { mapId: "flags" });
  await yard.server.waitFor(jobId, "SUCCEEDED");
  const page = await open("", `job/${jobId}?${BEFORE}`);
  await expect.poll(() => page.locator(".caption .chip").textContent(), { timeout: 60_000 }).toBe("Result");
  await expectFlags(page);
}, 180_000);

test("a world from a file takes its pictures along into a run, and the run's map has them", async () => {
  const page = await open("", `map/flags?${BEFORE}`);
  await settled(page, 3);
  await page.getByRole("group", { name: "World" }).getByRole("button", { name: "Open" }).click();
  await page.getByLabel("A map.json of this computer").setInputFiles({ name: "mine.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(wall())) });
  await expect.poll(() => page.locator(".caption .chip").textContent()).toBe("mine");
  await page.getByLabel("Teacher", { exact: true }).selectOption("noise");
  await page.getByLabel("What to build").fill("flags");
  await page.locator(".field", { hasText: "Steps" }).getByLabel("exact value").first().fill("1");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(/Kept as trained_map_inline_\d/).waitFor({ timeout: 120_000 });
  const { customBlocks } = JSON.parse(storedMap(yard.server, "trained_map_inline_1")) as { customBlocks: { name: string; faceTiles: { side?: { url: string } } }[] };
  const side = customBlocks.find(({ name }) => name === "Flag")?.faceTiles.side;
  const pixels = await page.evaluate(async (url) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(url.split(",")[1]!), (c) => c.charCodeAt(0))], { type: "image/png" }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data];
  }, side!.url);
  expect(pixels).toEqual([200, 0, 0, 255, 0, 100, 0, 128]);
}, 180_000);

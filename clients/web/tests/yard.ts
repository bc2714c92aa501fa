/** A small world for tests of tools: quick to draw, quick to train, with everything that a map.json may say. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { Browser, BrowserContextOptions, Download, Page } from "playwright-core";
import { launch, VoxServer } from "./harness";

export const SIZE = [20, 16, 20] as const;
/** Stands in the middle, three blocks a side. */
export const HOUSE = { low: [8, 2, 8], high: [11, 5, 11] } as const;

interface MapFile {
  readonly blocks: readonly { readonly position: [number, number, number]; readonly blockType: string }[];
  readonly [key: string]: unknown;
}

/** A yard of stone under grass with a house of planks, and keys that nobody knows. */
export function yardFile(): MapFile {
  const blocks: MapFile["blocks"][number][] = [];
  const put = (x: number, y: number, z: number, blockType: string) => void blocks.push({ position: [x, y, z], blockType });
  for (let y = 0; y < 5; y++) {
    for (let z = 0; z < 20; z++) {
      for (let x = 0; x < 20; x++) {
        const inHouse = [x, y, z].every((at, axis) => at >= HOUSE.low[axis]! && at < HOUSE.high[axis]!);
        if (y < 2) put(x, y, z, y === 0 ? "Stone" : "Grass");
        else if (inHouse) put(x, y, z, y === 4 ? "Marble" : "Plank");
      }
    }
  }
  const colors = { top: [0.9, 0.88, 0.85], bottom: [0.8, 0.78, 0.75], side: [0.86, 0.84, 0.8] };
  return {
    sequence: 5,
    worldScale: 2,
    worldConfig: { seed: 3, dimensions: { x: SIZE[0], y: SIZE[1], z: SIZE[2] }, biome: "yard" },
    blocks,
    customBlocks: [{ id: 1000, name: "Marble", textureLayer: null, colors, faceTiles: {} }],
    metadata: { by: "the tests" },
  };
}

/** A folder of maps for `VoxServer.start`, the same under each id; remove it afterwards. */
function yardMaps(ids: readonly string[], file: object = yardFile()): { readonly maps: string; readonly remove: () => void } {
  const maps = mkdtempSync(join(tmpdir(), "voxcore-yard-"));
  for (const id of ids) {
    mkdirSync(join(maps, id));
    writeFileSync(join(maps, id, "map.json"), JSON.stringify(file));
  }
  return { maps, remove: () => rmSync(maps, { recursive: true, force: true }) };
}

export interface Yard {
  readonly server: VoxServer;
  readonly browser: Browser;
}

/** A server with that map under each of `ids`, and a browser, for all tests of a file; each test's pages are closed after it. */
export function useYard(ids: readonly string[], { file = yardFile(), flags = [] }: { file?: object; flags?: readonly string[] } = {}): Yard {
  const folder = yardMaps(ids, file);
  const yard = {} as { server: VoxServer; browser: Browser };
  beforeAll(async () => {
    [yard.server, yard.browser] = await Promise.all([VoxServer.start({ maps: folder.maps, flags }), launch()]);
  }, 180_000);
  afterEach(async () => {
    await Promise.all(yard.browser.contexts().map((context) => context.close()));
  });
  afterAll(async () => {
    await yard.browser.close();
    await yard.server.dispose();
    folder.remove();
  });
  return yard;
}

/** Blocks by cell: "x y z" to the name. */
export function cellsOf(text: string): Map<string, string> {
  return new Map((JSON.parse(text) as MapFile).blocks.map(({ position, blockType }) => [position.join(" "), blockType]));
}

export async function textOf(download: Download): Promise<string> {
  return readFileSync(await download.path(), "utf8");
}

export async function bytesOf(download: Download): Promise<Buffer> {
  return readFileSync(await download.path());
}

/** The page with the yard on its canvas. */
export async function yardPage({ browser, server }: Yard, options: BrowserContextOptions = {}, hash = ""): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  await page.goto(server.url + hash);
  await settled(page);
  return page;
}

/** Waits until there is a world on the canvas, and drawn: of so many colours, and more. */
export async function settled(page: Page, least = 9): Promise<void> {
  await page.locator(".tool[data-tool=region]:not(:disabled)").waitFor();
  await expect.poll(() => colours(page), { timeout: 60_000 }).toBeGreaterThanOrEqual(least);
}

/** Number of colours on the canvas: an empty one has one. */
export async function colours(page: Page): Promise<number> {
  const picture = await page.locator(".stage > canvas").screenshot();
  return page.evaluate(async (bytes) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    return new Set(new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size;
  }, [...picture]);
}

/** Where the middle of the canvas is on the page. */
export async function middle(page: Page): Promise<{ x: number; y: number }> {
  const box = (await page.locator(".stage > canvas").boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Calls a method of the contract as any other client would. */
export async function call(server: VoxServer, method: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${server.url}/vox.v1.${method}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const value = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${method}: ${JSON.stringify(value)}`);
  return value;
}

/** The file of a map as it lies on the server's disk. */
export function storedMap(server: VoxServer, id: string): string {
  return readFileSync(join(server.folder, "maps", id, "map.json"), "utf8");
}

/** Opens a dialog of the header and waits for what it gives. */
export async function downloadFrom(page: Page, press: () => Promise<unknown>): Promise<Download> {
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: 60_000 }), press()]);
  return download;
}

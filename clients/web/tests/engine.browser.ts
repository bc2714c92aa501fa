/** The engine by itself in a real browser, in both backends: pictures, picking, losses, memory. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { EnginePages } from "./engine";
import { launch, WEBGL_FLAGS, WEBGPU_FLAGS } from "./harness";

const SKY = "87cfebff";

let pages: EnginePages;
let browser: Browser;

beforeAll(async () => {
  [pages, browser] = await Promise.all([EnginePages.serve(), launch([...WEBGPU_FLAGS, "--js-flags=--expose-gc"])]);
});
afterAll(async () => {
  await browser.close();
  await pages.close();
});

/** Of what the driver says in passing, nothing counts. */
const serious = (said: readonly string[]) => said.filter((text) => !text.includes("GL Driver Message"));

describe.each(["webgpu", "webgl2"] as const)("%s", (backend) => {
  let page: Page;
  let said: string[];

  beforeAll(async () => {
    ({ page, said } = await pages.open(browser));
    // Losing a device needs a hold on it; counting what lives needs to see it made.
    await page.evaluate(() => {
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...args) {
        const device = await request.apply(this, args);
        Object.assign(window, { device });
        return device;
      };
      const counts = { live: 0 };
      Object.assign(window, { counts });
      const create = GPUDevice.prototype.createBuffer;
      GPUDevice.prototype.createBuffer = function (...args) {
        counts.live++;
        return create.apply(this, args);
      };
      const destroy = GPUBuffer.prototype.destroy;
      GPUBuffer.prototype.destroy = function () {
        counts.live--;
        destroy.apply(this);
      };
      const createTexture = WebGL2RenderingContext.prototype.createTexture;
      WebGL2RenderingContext.prototype.createTexture = function () {
        counts.live++;
        return createTexture.apply(this);
      };
      const deleteTexture = WebGL2RenderingContext.prototype.deleteTexture;
      WebGL2RenderingContext.prototype.deleteTexture = function (texture) {
        if (texture) counts.live--;
        deleteTexture.apply(this, [texture]);
      };
    });
    expect(await page.evaluate((kind) => window.engine.create(kind), backend)).toMatchObject({ backend });
  });
  afterAll(() => page.close());

  test("without a world there is only sky, exactly; or nothing", async () => {
    await page.evaluate(() => window.engine.show(null));
    expect(await page.evaluate(() => window.engine.colors(64, 48))).toEqual({ [SKY]: 64 * 48 });
    await page.evaluate(() => window.engine.renderer!.setOptions({ background: "clear" }));
    expect(await page.evaluate(() => window.engine.colors(64, 48))).toEqual({ "00000000": 64 * 48 });
    await page.evaluate(() => window.engine.renderer!.setOptions({ background: "sky" }));
  });

  test("a custom block shows its picture, mixed by alpha and lit", async () => {
    const shown = await page.evaluate(async () => {
      const { engine } = window;
      await engine.show(engine.worlds.textured());
      engine.renderer!.setCamera({ eye: [0, 1, 4], target: [0, 1, 0], up: [0, 1, 0], fovYDegrees: 30, near: 0.1, far: 50 });
      const { data } = await engine.renderer!.readPixels(100, 100);
      return [[40, 40], [60, 40], [40, 60], [60, 60]].map(([x, y]) => [...data.slice(4 * (x! + 100 * y!), 4 * (x! + 100 * y!) + 3)]);
    });
    // Light on +z: sky and horizon in equal parts, and the sun at an angle.
    const diffuse = 0.5 / Math.hypot(0.4, 0.85, 0.5);
    const light = [0, 1, 2].map((i) => 0.275 * ([0.18, 0.16, 0.12][i]! + [0.53, 0.81, 0.92][i]!) + diffuse * [1, 0.97, 0.9][i]!);
    const lit = (color: number[]) => color.map((c, i) => Math.round(Math.min(1, c * light[i]!) * 255));
    expect(shown).toEqual([lit([1, 0, 0]), lit([0, 1, 0]), lit([0, 0, 1]), lit([0.5, 0.5, 0.5])]);
  });

  test("a world of 256 x 256 x 256 is there whole, and what is picked is what is seen", async () => {
    const found = await page.evaluate(async () => {
      const { engine } = window;
      const world = engine.worlds.terrain(256);
      const start = performance.now();
      await engine.show(world);
      const millis = performance.now() - start;
      engine.frame([0.5, 0.9, 0.6]);
      const { innerWidth: width, innerHeight: height } = window;
      const { data } = await engine.renderer!.readPixels(width, height);
      let agree = 0;
      let solid = 0;
      const looked = 400;
      for (let i = 0; i < looked; i++) {
        const x = (i * 37) % width;
        const y = (i * 53) % height;
        const hit = engine.renderer!.pick(x + 0.5, y + 0.5);
        const at = 4 * (x + width * y);
        const isSky = data[at] === 135 && data[at + 1] === 207 && data[at + 2] === 235;
        if (hit) solid++;
        agree += Number((hit === null) === isSky);
      }
      return { millis, agree, solid, looked, bytes: engine.renderer!.chunkBytes };
    });
    console.log(`256^3 on ${backend}: ${Math.round(found.millis)} ms to the first whole picture, ${(found.bytes / 2 ** 20).toFixed(1)} MiB of faces`);
    expect(found.solid).toBeGreaterThan(found.looked / 10);
    expect(found.agree).toBeGreaterThan(0.99 * found.looked);
    expect(found.bytes).toBeGreaterThan(2 ** 20);
  });

  test("the device is lost and comes back with the same picture", async () => {
    await page.evaluate(async () => {
      await window.engine.show(window.engine.worlds.terrain(48));
      window.engine.frame();
    });
    const before = await page.evaluate(() => window.engine.colors(200, 150));
    expect(Object.keys(before).length).toBeGreaterThan(5);
    for (let round = 0; round < 2; round++) {
      await page.evaluate(async (kind) => {
        const { engine } = window;
        engine.lost.length = 0;
        if (kind === "webgpu") (window as unknown as { device: GPUDevice }).device.destroy();
        else {
          const extension = document.querySelector("canvas")!.getContext("webgl2")!.getExtension("WEBGL_lose_context")!;
          extension.loseContext();
          setTimeout(() => extension.restoreContext(), 100);
        }
        while (!engine.lost.some((info) => info.recovered)) await new Promise((resolve) => setTimeout(resolve, 20));
      }, backend);
      expect(await page.evaluate(() => window.engine.lost.map((info) => info.recovered))).toEqual([false, true]);
      expect(await page.evaluate(() => window.engine.colors(200, 150))).toEqual(before);
      expect(await page.evaluate(() => window.engine.renderer!.pick(320, 300))).not.toBeNull();
    }
  });

  test("500 updates leave no more memory in use than 100", { timeout: 150_000 }, async () => {
    // It is not the pictures that matter.
    await page.setViewportSize({ width: 160, height: 120 });
    const found = await page.evaluate(async () => {
      const { engine } = window;
      const world = engine.worlds.terrain(64);
      await engine.show(world);
      engine.frame();
      const original = world.ids.slice();
      const counts = (window as unknown as { counts: { live: number } }).counts;
      const gc = (window as unknown as { gc: () => void }).gc;
      const heap = () => (gc(), (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize);
      const samples: { heap: number; live: number; bytes: number }[] = [];
      let seed = 1;
      const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
      for (let update = 1; update <= 500; update++) {
        const cells = Uint32Array.from({ length: 200 }, () => random(world.ids.length));
        const values = Uint8Array.from(cells, () => random(4));
        world.apply({ cells, values });
        if (update % 10 === 0) world.replace(original);
        if (update % 10 === 0) await engine.renderer!.settled();
        if (update % 100 === 0) samples.push({ heap: heap(), live: counts.live, bytes: engine.renderer!.chunkBytes });
      }
      return samples;
    });
    const [first, last] = [found[0]!, found.at(-1)!];
    expect(last.live).toBeLessThanOrEqual(first.live);
    expect(last.bytes).toBe(first.bytes);
    expect(last.heap - first.heap).toBeLessThan(3 * 2 ** 20);
    await page.setViewportSize({ width: 640, height: 480 });
  });

  test("overlays are on the canvas and not in pictures", async () => {
    const red = async () => {
      const shot = await page.screenshot();
      return page.evaluate(async (data) => {
        const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))]));
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d")!;
        context.drawImage(image, 0, 0);
        const { data: pixels } = context.getImageData(0, 0, image.width, image.height);
        let count = 0;
        for (let i = 0; i < pixels.length; i += 4) if (pixels[i]! > 240 && pixels[i + 1]! < 12 && pixels[i + 2]! < 12) count++;
        return count;
      }, shot.toString("base64"));
    };
    await page.evaluate(async () => {
      const { engine } = window;
      await engine.show(engine.worlds.terrain(48));
      engine.frame();
      await engine.renderer!.settled();
    });
    expect(await red()).toBe(0);
    const handle = await page.evaluate(async () => {
      const { engine } = window;
      const color = [1, 0, 0] as const;
      engine.renderer!.setOverlays({ boxes: [{ low: [8, 0, 8], high: [40, 40, 40], color, handles: true }], cursor: { cell: [2, 20, 2], color }, grid: true });
      await engine.renderer!.settled();
      for (let y = 0; y < innerHeight; y += 3)
        for (let x = 0; x < innerWidth; x += 3) {
          const found = engine.renderer!.pickHandle(x, y);
          if (found) return found;
        }
      return null;
    });
    expect(await red()).toBeGreaterThan(500);
    expect(handle).toMatchObject({ box: 0 });
    expect(await page.evaluate(() => window.engine.colors(320, 240))).not.toHaveProperty("ff0000ff");
    await page.evaluate(() => window.engine.renderer!.setOverlays({}));
  });

  test("corners are darker with ambient occlusion, and exact again without", async () => {
    const [plain, shaded, again] = await page.evaluate(async () => {
      const { engine } = window;
      await engine.show(engine.worlds.terrain(48));
      engine.frame();
      const sum = async () => (await engine.renderer!.readPixels(320, 240)).data.reduce((a, b) => a + b, 0);
      const sums = [await sum()];
      for (const ambientOcclusion of [true, false]) {
        engine.renderer!.setOptions({ ambientOcclusion });
        sums.push(await sum());
      }
      return sums;
    });
    expect(shaded).toBeLessThan(plain! * 0.999);
    expect(again).toBe(plain);
  });

  test("smooth edges: mixed colours where faces meet, the same within them, and exact again without", async () => {
    const { mixed, changed, again, colors } = await page.evaluate(async () => {
      const { engine } = window;
      await engine.show(engine.worlds.terrain(48));
      engine.frame();
      const read = async (antialias: boolean) => {
        engine.renderer!.setOptions({ antialias });
        return new Uint32Array((await engine.renderer!.readPixels(320, 240)).data.buffer);
      };
      const [plain, smooth, after] = [await read(false), await read(true), await read(false)];
      const known = new Set(plain);
      const differing = smooth.filter((pixel, i) => pixel !== plain[i]);
      return {
        mixed: smooth.filter((pixel) => !known.has(pixel)).length / smooth.length,
        changed: differing.length / smooth.length,
        again: after.every((pixel, i) => pixel === plain[i]),
        colors: [known.size, new Set(smooth).size] as const,
      };
    });
    expect(mixed).toBeGreaterThan(0.01);
    expect(changed).toBeLessThan(0.6);
    expect(colors[1]).toBeGreaterThan(2 * colors[0]);
    expect(again).toBe(true);
  });

  test("the soft view shows what is undecided as mist, and the hard one does not", async () => {
    const [hard, soft] = await page.evaluate(async () => {
      const { engine } = window;
      await engine.show(engine.worlds.undecided());
      engine.frame();
      const sky = async () => (await engine.colors(320, 240))["87cfebff"] ?? 0;
      const mist = async () => (await engine.colors(320, 240))["dbe6f7ff"] ?? 0;
      const before = { sky: await sky(), mist: await mist() };
      engine.renderer!.setOptions({ soft: true });
      const after = { sky: await sky(), mist: await mist() };
      engine.renderer!.setOptions({ soft: false });
      return [before, after] as const;
    });
    expect(hard.mist).toBe(0);
    expect(soft.mist).toBeGreaterThan(1000);
    expect(soft.sky).toBeLessThan(hard.sky);
  });

  test("nothing was complained of", () => expect(serious(said)).toEqual([]));
});

test("a map.json's pictures are read, those that are none are passed over", async () => {
  const { page } = await pages.open(browser);
  // 2 x 1 pixels: (200, 0, 0, 255) and (0, 100, 0, 128).
  const png = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR4nGM4wcDwnyGFoQEADPACrLoHfK0AAAAASUVORK5CYII=";
  const block = (name: string, id: number, data: string) => ({ id, name, textureLayer: null, faceTiles: { side: { url: `data:image/png;base64,${data}` } } });
  const text = JSON.stringify({ blocks: [], customBlocks: [block("Marble", 1000, png), block("Broken", 1001, "AAAA")] });
  expect(await page.evaluate((map) => window.engine.tiles(map), text)).toEqual([[200, 0, 0, 255, 0, 100, 0, 128], null]);
  await page.close();
});

describe("which backend", () => {
  test.each([
    { what: "no WebGPU", flags: WEBGL_FLAGS, made: { backend: "webgl2" } },
    { what: "neither", flags: ["--disable-3d-apis"], made: { reasons: { webgpu: expect.any(String), webgl2: expect.any(String) } } },
  ])("$what", async ({ flags, made }) => {
    const own = await launch(flags);
    const { page } = await pages.open(own);
    const found = await page.evaluate(() => window.engine.create("auto"));
    expect(found).toMatchObject(made);
    if ("message" in found) expect(found.message).toMatch(/^This browser offers no way to draw\. WebGPU: .+\. WebGL2: .+\.$/);
    else {
      await page.evaluate(() => window.engine.show(window.engine.worlds.terrain(32)));
      await page.evaluate(() => window.engine.frame());
      expect(Object.keys(await page.evaluate(() => window.engine.colors(200, 150))).length).toBeGreaterThan(5);
    }
    await own.close();
  });

  test("what is asked for is what one gets, or the reason", async () => {
    const own = await launch(WEBGL_FLAGS);
    const { page } = await pages.open(own);
    const found = await page.evaluate(() => window.engine.create("webgpu"));
    expect(found).toMatchObject({ reasons: { webgpu: expect.any(String) } });
    expect(found).not.toHaveProperty("reasons.webgl2");
    await own.close();
  });
});

/** How a page comes to its first picture, and how it keeps having one: what is asked for, and devices that go for good. */
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { colours, settled, useYard } from "./yard";

const yard = useYard(["yard"]);

/** A page, and the methods that it calls in their order. */
async function newPage(): Promise<{ page: Page; calls: string[] }> {
  const page = await (await yard.browser.newContext({ viewport: { width: 1200, height: 800 } })).newPage();
  const calls: string[] = [];
  page.on("request", (request) => {
    const method = /vox\.v1\.\w+\/(\w+)$/.exec(request.url())?.[1];
    if (method !== undefined) calls.push(method);
  });
  return { page, calls };
}

test("the first map is asked for before anything else, once, on a first visit and on the next", async () => {
  const { page, calls } = await newPage();
  for (const visit of ["first", "second"]) {
    calls.length = 0;
    await page.goto(yard.server.url);
    await settled(page);
    await expect.poll(() => calls.includes("ListMaps")).toBe(true);
    expect(await page.locator(".caption").textContent()).toContain("yard");
    await page.waitForTimeout(1000);
    expect(calls[0], visit).toBe("GetMap");
    expect(calls.filter((method) => method === "GetMap"), visit).toHaveLength(1);
  }
}, 120_000);

/** Keeps a hold on the devices that the page opens, so that they can be destroyed. */
function holdDevices(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    const held = { devices: [] as GPUDevice[], isGpuGone: false };
    Object.assign(window, { held });
    const requestDevice = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      const device = await requestDevice.apply(this, args);
      held.devices.push(device);
      return device;
    };
    const requestAdapter = GPU.prototype.requestAdapter;
    GPU.prototype.requestAdapter = async function (...args) {
      return held.isGpuGone ? null : requestAdapter.apply(this, args);
    };
  });
}

/** The WebGPU device is destroyed, and there is no other. */
function destroyWebGpu(page: Page): Promise<void> {
  return page.evaluate(() => {
    const { held } = window as unknown as { held: { devices: GPUDevice[]; isGpuGone: boolean } };
    held.isGpuGone = true;
    held.devices.forEach((device) => device.destroy());
  });
}

/** The canvas loses its WebGL context, and nobody gives it back. */
function loseWebGl(page: Page): Promise<void> {
  return page.evaluate(() => document.querySelector<HTMLCanvasElement>(".stage > canvas")!.getContext("webgl2")!.getExtension("WEBGL_lose_context")!.loseContext());
}

test("a device that never comes back: the other backend on a new canvas, then words, then all over again", async () => {
  const { page } = await newPage();
  await holdDevices(page);
  await page.goto(`${yard.server.url}/#map/yard?view=10,40,60,0,4,0,60`);
  await settled(page);
  const before = await colours(page);
  await page.evaluate(() => Object.assign(window, { first: document.querySelector(".stage > canvas") }));
  const isFirst = () => page.evaluate(() => (window as unknown as { first: Element }).first === document.querySelector(".stage > canvas"));

  await destroyWebGpu(page);
  await page.getByText("The graphics device went away").waitFor();
  await page.getByText("The graphics device went away").waitFor({ state: "detached", timeout: 30_000 });
  await expect.poll(isFirst).toBe(false);
  expect(await page.locator(".stage > canvas").count()).toBe(1);
  await expect.poll(() => colours(page), { timeout: 30_000 }).toBe(before);
  // The tools and the camera go on with the new canvas.
  const { x, y, width, height } = (await page.locator(".stage > canvas").boundingBox())!;
  const view = () => page.locator(".stage > canvas").screenshot();
  const seen = await view();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + 150, y + height / 2, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => (await view()).equals(seen)).toBe(false);

  await loseWebGl(page);
  await page.getByRole("heading", { name: "This browser cannot draw the world" }).waitFor({ timeout: 40_000 });
  const said = await page.locator(".remark").textContent();
  expect(said).toContain("WebGPU: no graphics adapter was found");
  expect(said).toContain("WebGL2: the graphics context did not come back");

  await page.evaluate(() => void ((window as unknown as { held: { isGpuGone: boolean } }).held.isGpuGone = false));
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "This browser cannot draw the world" }).waitFor({ state: "detached" });
  await expect.poll(() => colours(page), { timeout: 30_000 }).toBeGreaterThan(8);
}, 180_000);

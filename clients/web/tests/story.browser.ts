/** A person at the page, from the first look to a world taken home: the real server, the embedded prior. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { complaints, launch, VoxServer } from "./harness";

let server: VoxServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([VoxServer.start(), launch()]);
}, 180_000);
afterAll(async () => {
  await browser.close();
  await server.dispose();
});

/** Number of colours on the canvas: an empty one has one. */
async function colours(page: Page): Promise<number> {
  const picture = await page.locator(".stage > canvas").screenshot();
  return page.evaluate(async (bytes) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    return new Set(new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size;
  }, [...picture]);
}

const caption = (page: Page) => page.locator(".caption .chip");

test("from a prompt to a result, and on from there", async () => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const said = complaints(page);
  await page.goto(server.url);

  // The first map is there to look at before anything was asked for.
  await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toBe("Map 1");
  await expect.poll(() => colours(page), { timeout: 60_000 }).toBeGreaterThan(20);
  expect(await page.getByRole("button", { name: "Start" }).isDisabled()).toBe(true);

  await page.getByLabel("What to build").fill("a medieval stone castle");
  await page.locator(".field", { hasText: "Steps" }).getByLabel("exact value").first().fill("72");
  await page.keyboard.press("Tab");
  await page.getByText("More settings").click();
  // More facts than one answer to the list's question for a picture has room for.
  await page.getByLabel("Report every").fill("1");
  await page.getByLabel("Looks").fill("6");
  await page.keyboard.press("Tab");
  await page.getByLabel("Seed", { exact: true }).fill("7");
  await page.getByRole("button", { name: "Start", exact: true }).click();

  // It opens by itself, has an address of its own, and forms.
  await page.waitForURL(/#job\/[\w-]+/, { timeout: 60_000 });
  const panel = page.getByRole("region", { name: "Open job" });
  await expect.poll(() => panel.locator("h2").first().textContent(), { timeout: 60_000 }).toBe("a medieval stone castle");
  await expect.poll(() => panel.getByRole("progressbar").getAttribute("aria-valuenow"), { timeout: 120_000 }).not.toBe("0");
  expect(await page.getByLabel("Seed", { exact: true }).inputValue()).toBe("8");

  // Looking back while it goes on: the past stays in sight, and the result is offered.
  const slider = page.getByRole("slider", { name: "Step", exact: true });
  await slider.fill("0");
  await expect.poll(() => caption(page).textContent()).toBe("Step 0");
  const offer = page.getByRole("button", { name: "Show the result" });
  await offer.waitFor({ timeout: 180_000 });
  expect(await caption(page).textContent()).toBe("Step 0");
  await offer.click();
  await expect.poll(() => caption(page).textContent()).toBe("Result");
  await page.getByText("Kept as trained_map_1_1").waitFor();
  expect(await panel.locator(".badge").first().textContent()).toBe("done");
  expect(await panel.locator(".losses tr").count()).toBeGreaterThan(0);
  expect(await panel.locator(".pictures img").first().evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(100);

  // Every moment of the run can be gone back to.
  await page.keyboard.press("n");
  for (let i = 0; i < 3; i++) await page.keyboard.press(",");
  await expect.poll(() => caption(page).textContent()).toMatch(/^Step [67]\d$/);
  await page.keyboard.press("n");

  // Before and after: for as long as a key is held, and side by side.
  await page.locator(".stage > canvas").focus();
  const after = await page.locator(".stage > canvas").screenshot();
  await page.keyboard.down("c");
  await expect.poll(() => caption(page).textContent()).toBe("Source map 1");
  await expect.poll(async () => (await page.locator(".stage > canvas").screenshot()).equals(after)).toBe(false);
  await page.keyboard.up("c");
  await expect.poll(() => caption(page).textContent()).toBe("Result");
  await page.getByRole("button", { name: "Before and after, side by side" }).click();
  await page.getByRole("slider", { name: "Line between before and after" }).press("ArrowLeft");
  expect(await page.locator(".split-line").getAttribute("aria-valuenow")).toBe("48");
  await page.getByRole("button", { name: "Before and after, side by side" }).click();

  // Taken home: the file has the very blocks that the panel counts.
  await page.getByRole("button", { name: "Export" }).click();
  const download = page.waitForEvent("download", { timeout: 60_000 });
  await page.getByRole("button", { name: /^Download map\.json/ }).click();
  const file = JSON.parse(await readFile(await (await download).path(), "utf8")) as { blocks: object[] };
  expect(await panel.locator(".outcome").textContent()).toContain(`${file.blocks.length.toLocaleString("en-US")} blocks`);
  await page.getByRole("button", { name: "Close" }).click();

  // The next job begins with this result.
  await page.getByRole("button", { name: "Build on it" }).click();
  await expect.poll(() => page.getByLabel("Begin with").inputValue(), { timeout: 60_000 }).toBe("trained_map_1_1");

  // The address brings it all back.
  await page.reload();
  await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toBe("Result");
  await page.getByText("Kept as trained_map_1_1").waitFor();
  const row = page.locator(".job", { hasText: "a medieval stone castle" });
  await row.locator("img").waitFor({ timeout: 30_000 });

  // Its settings can be taken again, and it can be forgotten.
  await page.getByRole("button", { name: "Reuse" }).click();
  expect(await page.getByLabel("Seed", { exact: true }).inputValue()).toBe("7");
  await panel.getByRole("button", { name: "Forget this job; its map stays" }).click();
  await page.getByRole("heading", { name: "No job is open" }).waitFor();
  await expect.poll(() => page.locator(".job").count()).toBe(0);
  expect(said).toEqual([]);
  await page.close();
}, 600_000);

test("variations, a queue with places, pause, resume and cancel", async () => {
  const page = await browser.newPage({ viewport: { width: 1024, height: 768 } });
  const said = complaints(page);
  await page.goto(server.url);
  await page.getByLabel("Teacher", { exact: true }).selectOption("noise");
  await page.getByLabel("What to build").fill("noise");
  await page.locator(".field", { hasText: "Steps" }).getByLabel("exact value").first().fill("20000");
  await page.keyboard.press("Tab");
  await page.getByRole("group", { name: "Variations" }).getByRole("button", { name: "3" }).click();
  await page.getByRole("button", { name: "Start 3 variations" }).click();
  await page.waitForURL(/#job\//);

  // On a screen of this width there is one panel at a time.
  await page.getByRole("navigation", { name: "Panels" }).getByRole("button", { name: "Run" }).click();
  const panel = page.getByRole("region", { name: "Open job" });
  await expect.poll(() => panel.locator(".badge").first().textContent(), { timeout: 60_000 }).toBe("running");
  await panel.getByRole("button", { name: "Pause" }).click();
  await expect.poll(() => panel.locator(".badge").first().textContent(), { timeout: 60_000 }).toBe("paused");

  await page.getByRole("button", { name: "Jobs" }).click();
  await expect.poll(() => page.locator(".job-facts").allTextContents(), { timeout: 60_000 }).toEqual([
    expect.stringContaining("paused"),
    expect.stringContaining("running"),
    expect.stringMatching(/1 ahead/),
  ]);
  await page.getByRole("navigation", { name: "Panels" }).getByRole("button", { name: "Run" }).click();
  await panel.getByRole("button", { name: "Resume" }).click();
  await expect.poll(() => panel.locator(".badge").first().textContent(), { timeout: 60_000 }).toBe("queued");
  await panel.getByText("Ahead").waitFor();

  await page.getByRole("button", { name: "Jobs" }).click();
  const stops = page.getByRole("button", { name: /Stop for good/ });
  const cancelled = page.locator(".job .badge", { hasText: "cancelled" });
  // The one that had begun and waits again hands in its map once the running one has left.
  await expect
    .poll(
      async () => {
        if ((await stops.count()) > 0) await stops.last().click();
        return cancelled.count();
      },
      { timeout: 120_000, interval: 500 },
    )
    .toBe(3);
  expect(said).toEqual([]);
  await page.close();
}, 300_000);

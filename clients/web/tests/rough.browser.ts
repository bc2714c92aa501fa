/** Rough treatment: browsers that cannot draw, uploads that break, files that mean harm, prompts of every kind. */
import { deflateSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { complaints, launch, VoxServer } from "./harness";
import { cellsOf, downloadFrom, settled, textOf, useYard, yardFile, yardPage } from "./yard";

const yard = useYard(["yard"]);

const caption = (page: Page) => page.locator(".caption .chip");
const toast = (page: Page) => page.locator(".toast");

test("full screen, there and back, with dialogs in it", async () => {
  const page = await yardPage(yard, {}, "#map/yard");
  const isFull = () => page.evaluate(() => document.fullscreenElement !== null);
  await page.getByRole("button", { name: "Full screen", exact: true }).click();
  await expect.poll(isFull).toBe(true);
  await page.getByRole("button", { name: "Leave full screen" }).waitFor();
  await page.keyboard.press("Control+e");
  await page.getByRole("dialog", { name: "Export" }).getByRole("button", { name: /^Download map\.json/ }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.locator(".stage > canvas").focus();
  await page.keyboard.press("Shift+F");
  await expect.poll(isFull).toBe(false);
  await page.getByRole("button", { name: "Full screen", exact: true }).waitFor();
}, 60_000);

test("where nothing can draw the world the page says so, and jobs are made, watched and taken home", async () => {
  const blind = await launch(["--disable-3d-apis"]);
  try {
    const page = await blind.newPage({ viewport: { width: 1440, height: 900 } });
    const said = complaints(page);
    await page.goto(`${yard.server.url}/#map/yard`);
    await page.getByRole("heading", { name: "This browser cannot draw the world" }).waitFor({ timeout: 30_000 });
    expect(await page.locator(".remark").textContent()).toMatch(/WebGPU: .+WebGL2: .+/);
    await page.getByLabel("Teacher", { exact: true }).selectOption("noise");
    await page.getByLabel("What to build").fill("unseen");
    await page.locator(".field", { hasText: "Steps" }).getByLabel("exact value").first().fill("40");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText(/Kept as trained_map_yard_\d/).waitFor({ timeout: 120_000 });
    await expect.poll(() => caption(page).textContent()).toBe("Result");
    // The server's own picture of it, figures, and the past.
    await page.getByRole("img", { name: /The world after step/ }).waitFor();
    await page.getByRole("slider", { name: "Step", exact: true }).fill("0");
    await expect.poll(() => caption(page).textContent()).toMatch(/^Step \d+/);
    await page.getByRole("button", { name: "Show the result" }).click();
    await page.keyboard.press("Control+e");
    const download = await downloadFrom(page, () => page.getByRole("button", { name: /^Download map\.json/ }).click());
    expect(cellsOf(await textOf(download)).size).toBeGreaterThan(100);
    await page.keyboard.press("Escape");
    await page.getByRole("group", { name: "World" }).getByRole("button", { name: "Picture" }).click();
    await page.getByText("This browser cannot draw the world, so there is no picture of it to save.").waitFor();
    expect(await page.getByRole("button", { name: "Save the picture" }).isDisabled()).toBe(true);
    expect(said.filter((line) => !/WebGL|GPU|No available adapters/.test(line))).toEqual([]);
  } finally {
    await blind.close();
  }
}, 240_000);

/** Opens the capture and plans a ring whose pictures are a file of several parts. */
async function planLargeCapture(page: Page, name: string): Promise<void> {
  await page.getByRole("group", { name: "World" }).getByRole("button", { name: "Capture" }).click();
  const panel = page.getByRole("region", { name: "Capture a dataset" });
  await panel.getByRole("button", { name: "Place a ring" }).click();
  for (const [label, value] of [["Cameras", "24"], ["Width", "1600"], ["Height", "1200"], ["Name of the dataset", name]] as const) {
    await panel.getByLabel(label, { exact: true }).fill(value);
    await page.keyboard.press("Tab");
  }
}

/** Bytes of each part that the page sends, as they go out. */
function sentParts(page: Page): number[] {
  const sent: number[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/UploadPart")) sent.push(request.postDataBuffer()?.length ?? 0);
  });
  return sent;
}

test("a capture whose server dies in the middle of the upload goes on from where it was", async () => {
  const other = await VoxServer.start();
  try {
    const page = await yard.browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${other.url}/#map/1`);
    await settled(page);
    await planLargeCapture(page, "broken_off");
    const panel = page.getByRole("region", { name: "Capture a dataset" });
    const parts = sentParts(page);
    let isKilled = false;
    await page.route("**/UploadPart", async (route) => {
      if (parts.length >= 3 && !isKilled) {
        isKilled = true;
        await other.stop("SIGKILL");
      }
      await route.continue();
    });
    await panel.getByRole("button", { name: "Capture and upload" }).click();
    await panel.getByRole("alert").waitFor({ timeout: 120_000 });
    expect(await panel.getByRole("alert").textContent()).toMatch(/^The server does not answer/);
    await page.getByText("Connection lost.").waitFor();
    const before = parts.length;
    const whole = parts.slice(0, 2).reduce((sum, part) => sum + part, 0);
    await other.start();
    // The very same pictures: nothing is drawn again, and what is there is not sent again.
    const drawn = page.waitForFunction(() => document.body.textContent.includes("Drawing view"), null, { timeout: 100_000 }).then(() => true, () => false);
    await panel.getByRole("button", { name: "Capture and upload" }).click();
    await page.getByText("Dataset broken_off is on the server.").waitFor({ timeout: 100_000 });
    const later = parts.slice(before).reduce((sum, part) => sum + part, 0);
    const stored = readFileSync(join(other.folder, "datasets/broken_off/metadata.json"));
    expect(stored.length).toBeGreaterThan(3 * 2 ** 20);
    expect(later).toBeLessThan(stored.length - whole + 2000);
    expect((JSON.parse(stored.toString()) as { views: unknown[] }).views).toHaveLength(24);
    await page.close();
    expect(await drawn).toBe(false);
  } finally {
    await other.dispose();
  }
}, 300_000);

test("a capture goes on by itself where the network is away for a moment", async () => {
  const other = await VoxServer.start();
  try {
    const page = await yard.browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${other.url}/#map/1`);
    await settled(page);
    await planLargeCapture(page, "flaky");
    const parts = sentParts(page);
    let failures = 0;
    await page.route("**/UploadPart", async (route) => {
      // The answer of one is lost, and the next does not even arrive.
      if (parts.length === 2 && failures++ === 0) {
        await route.fetch();
        await route.abort("connectionreset");
      } else if (parts.length === 4 && failures++ < 3) await route.abort("internetdisconnected");
      else await route.continue();
    });
    await page.getByRole("button", { name: "Capture and upload" }).click();
    await page.getByText("Dataset flaky is on the server.").waitFor({ timeout: 120_000 });
    expect(failures).toBeGreaterThan(1);
    const stored = JSON.parse(readFileSync(join(other.folder, "datasets/flaky/metadata.json"), "utf8")) as { views: unknown[] };
    expect(stored.views).toHaveLength(24);
  } finally {
    await other.dispose();
  }
}, 300_000);

/** Drops a file on the page: `parts` one after the other, each so many times. */
async function drop(page: Page, name: string, parts: readonly (readonly [string, number])[]): Promise<void> {
  await page.evaluate(
    ([fileName, pieces]) => {
      const carried = new DataTransfer();
      const content = pieces.flatMap(([text, times]) => Array.from({ length: times }, () => text));
      carried.items.add(new File(content, fileName, { type: "application/json" }));
      for (const kind of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
    },
    [name, parts] as const,
  );
}

const stone = (more: string) => `{"blocks": [{"position": [0, 0, 0], "blockType": "Stone"}], ${more}}`;
const HOSTILE: readonly (readonly [string, readonly (readonly [string, number])[], RegExp])[] = [
  ["half of a file", [['{"blocks": [{"position": [0, 0', 1]], /expected JSON/],
  ["no file at all", [["", 1]], /expected JSON/],
  ["a list", [["[1, 2]", 1]], /expected a JSON object, got a list of 2/],
  ["bytes that are no text", [["\uDC00", 1]], /blocks: expected|expected JSON/],
  ["300 MB", [[" ".repeat(2 ** 20), 300]], /300\.0 MiB/],
  ["a grid without a width", [[stone('"worldConfig": {"dimensions": {"x": 0, "y": 4, "z": 4}}'), 1]], /dimensions/],
  ["a grid of less than nothing", [[stone('"worldConfig": {"dimensions": {"x": -4, "y": 4, "z": 4}}'), 1]], /dimensions/],
  ["a grid of half a block", [[stone('"worldConfig": {"dimensions": {"x": 4.5, "y": 4, "z": 4}}'), 1]], /dimensions/],
  ["a grid of a cubic light year", [[stone('"worldConfig": {"dimensions": {"x": 1e15, "y": 1e15, "z": 1e15}}'), 1]], /dimensions|cells/],
  ["a block outside the grid", [['{"blocks": [{"position": [9, 0, 0], "blockType": "Stone"}], "worldConfig": {"dimensions": {"x": 4, "y": 4, "z": 4}}}', 1]], /blocks\[0\]/],
  ["a block between two cells", [['{"blocks": [{"position": [0.5, 0, 0], "blockType": "Stone"}]}', 1]], /blocks\[0\]/],
  ["a scale of nothing", [[stone('"worldScale": 0'), 1]], /worldScale/],
  ["a tower of brackets", [['{"blocks": [], "metadata": ', 1], ["[", 100_000], ["]", 100_000], ["}", 1]], /levels of lists and objects/],
  ["colours that are none", [[stone('"customBlocks": [{"id": 1000, "name": "A", "colors": {"top": [9, 9, 9]}}]'), 1]], /colors/],
];

test("files that mean harm: each is told of in one sentence, and what was there stays", async () => {
  const page = await yardPage(yard, {}, "#map/yard");
  const said = complaints(page);
  const before = await page.locator(".stage > canvas").screenshot();
  for (const [name, parts, expected] of HOSTILE) {
    await drop(page, `${name}.json`, parts);
    const told = toast(page).filter({ hasText: `${name}.json cannot be opened` });
    await told.waitFor({ timeout: 20_000 });
    expect(await told.textContent(), name).toMatch(expected);
    await told.getByRole("button").first().click();
    await told.waitFor({ state: "detached" });
  }
  await page.mouse.move(5, 5);
  await expect.poll(async () => (await page.locator(".stage > canvas").screenshot()).equals(before)).toBe(true);
  expect(await caption(page).textContent()).toBe("Map yard");
  expect(said).toEqual([]);
}, 180_000);

/** A picture of one grey, `side` pixels square at one bit each: it packs a thousandfold. */
function bomb(side: number): string {
  const chunk = (kind: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
    const whole = Buffer.alloc(body.length + 8);
    whole.writeUInt32BE(data.length, 0);
    body.copy(whole, 4);
    whole.writeUInt32BE(crc32(body), body.length + 4);
    return whole;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head[8] = 1;
  const pixels = deflateSync(Buffer.alloc(side * (1 + Math.ceil(side / 8))), { level: 9 });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]).toString("base64");
}

function crc32(data: Buffer): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test("a texture that would unpack to gigabytes is not unpacked; its block has its plain colours", async () => {
  const page = await yardPage(yard, {}, "#map/yard");
  const decoded: number[] = [];
  await page.exposeFunction("noteDecoded", (pixels: number) => void decoded.push(pixels));
  await page.evaluate(() => {
    const original = window.createImageBitmap;
    Object.assign(window, {
      createImageBitmap: async (...given: [ImageBitmapSource]) => {
        const image = await original(...given);
        await (window as unknown as { noteDecoded: (pixels: number) => Promise<void> }).noteDecoded(image.width * image.height);
        return image;
      },
    });
  });
  const tile = (side: number) => ({ url: `data:image/png;base64,${bomb(side)}` });
  const colors = { top: [1, 0, 0], bottom: [1, 0, 0], side: [1, 0, 0] };
  const file = {
    ...yardFile(),
    customBlocks: [{ id: 1000, name: "Marble", colors, faceTiles: { top: tile(30_000), side: tile(8) } }],
  };
  const text = JSON.stringify(file);
  expect(text.length).toBeLessThan(2 ** 20);
  await drop(page, "bomb.json", [[text, 1]]);
  await page.getByText("bomb.json is open").waitFor({ timeout: 30_000 });
  expect(decoded).toEqual([64]);
}, 60_000);

test("prompts as long as they may be, from right to left, and of marks that stack", async () => {
  const prompts = [
    "م".repeat(999),
    "בית אבן על גבעה, עם גשר towards the river וחומה",
    `${"Z̡̛͎̲".repeat(120)} \u202E\u2066reversed`,
    `${"W".repeat(980)} 🏰🏯`,
    "a castle\n\n\n\twith\u0007 control\u0000 marks".replace("\u0000", ""),
  ];
  for (const prompt of prompts) {
    const jobId = await yard.server.createJob(prompt, { steps: 1 }, { mapId: "yard" });
    await yard.server.waitFor(jobId, "SUCCEEDED");
    for (const viewport of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
      const page = await yard.browser.newPage({ viewport });
      await page.goto(`${yard.server.url}/#job/${jobId}`);
      if (viewport.width < 500) await page.getByRole("button", { name: "Run", exact: true }).click();
      const told = page.locator(".prompt-text");
      await expect.poll(() => told.textContent(), { timeout: 30_000 }).toBe(prompt);
      const isRtl = /^[\u0590-\u06FF]/.test(prompt);
      expect(await told.evaluate((element) => getComputedStyle(element).direction)).toBe(isRtl ? "rtl" : "ltr");
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), prompt.slice(0, 20)).toBe(true);
      for (const side of await page.locator(".side:visible").all()) expect(await side.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
      if (viewport.width < 500) await page.getByRole("button", { name: "Jobs", exact: true }).click();
      // What it is called stays in its line, and the figures below keep theirs.
      const row = page.locator(".job").first();
      const [box, name] = [(await row.boundingBox())!, (await row.locator(".job-name").boundingBox())!];
      expect(name.height).toBeLessThan(30);
      expect(box.height).toBeLessThan(90);
      await page.context().close();
    }
  }
}, 240_000);

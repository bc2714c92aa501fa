/** The tools over the canvas, against a real server: what they do is looked for where it counts, in its files. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { PYTHON, REPOSITORY } from "./harness";
import { bytesOf, call, cellsOf, downloadFrom, HOUSE, middle, settled, SIZE, storedMap, textOf, useYard, yardFile, yardPage } from "./yard";

const yard = useYard(["yard", "shared", "theirs"]);

const menu = (page: Page, name: string) => page.getByRole("group", { name: "World" }).getByRole("button", { name });

/** Takes a brush to the middle of the canvas, seen from above: the top of the house. */
async function dabOnTheHouse(page: Page, key: string): Promise<void> {
  const { x, y } = await middle(page);
  await page.keyboard.press(key);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.up();
}

/** Looks straight down at the middle of the yard. */
const ABOVE = "#map/yard?view=0,60,0.5,0,4,0,40";

test("a run changes its region only, and there nothing that is to be kept", async () => {
  const page = await yardPage(yard, {}, "#map/yard");
  await page.getByLabel("Teacher", { exact: true }).selectOption("noise");
  await page.getByLabel("What to build").fill("noise");
  await page.locator(".field", { hasText: "Steps" }).getByLabel("exact value").first().fill("12");
  await page.keyboard.press("Tab");
  await page.getByText("More settings").click();
  await page.getByLabel("Speed of shape").fill("3");
  await page.keyboard.press("Tab");

  await page.getByRole("button", { name: "Choose a region" }).click();
  const set = async (name: string, value: number) => {
    await page.getByLabel(name, { exact: true }).fill(String(value));
    await page.keyboard.press("Tab");
  };
  for (const [axis, from, to] of [["x", 4, 15], ["y", 1, 9], ["z", 5, 14]] as const) {
    await set(`Region, to ${axis}`, to);
    await set(`Region, from ${axis}`, from);
  }
  await page.getByRole("button", { name: "Keep some blocks" }).click();
  for (const [i, axis] of (["x", "y", "z"] as const).entries()) {
    await set(`Kept 1, to ${axis}`, HOUSE.high[i]! - 1);
    await set(`Kept 1, from ${axis}`, HOUSE.low[i]!);
  }
  expect(await page.getByRole("group", { name: "Kept 1" }).textContent()).toContain("3 × 3 × 3, 27 cells");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(/Kept as trained_map_yard_\d/).waitFor({ timeout: 120_000 });
  await expect.poll(() => page.locator(".caption .chip").textContent(), { timeout: 30_000 }).toBe("Result");

  await menu(page, "Export").click();
  const download = await downloadFrom(page, () => page.getByRole("button", { name: /^Download map\.json/ }).click());
  const [before, after] = [cellsOf(JSON.stringify(yardFile())), cellsOf(await textOf(download))];
  let changed = 0;
  for (let x = 0; x < SIZE[0]; x++) {
    for (let y = 0; y < SIZE[1]; y++) {
      for (let z = 0; z < SIZE[2]; z++) {
        const cell = `${x} ${y} ${z}`;
        const inRegion = x >= 4 && x <= 15 && y >= 1 && y <= 9 && z >= 5 && z <= 14;
        const isKept = [x, y, z].every((at, axis) => at >= HOUSE.low[axis]! && at < HOUSE.high[axis]!);
        if (inRegion && !isKept) changed += before.get(cell) === after.get(cell) ? 0 : 1;
        else expect(after.get(cell), cell).toBe(before.get(cell));
      }
    }
  }
  expect(changed).toBeGreaterThan(20);
}, 240_000);

test("a box is drawn over the world, pulled by its handles and moved by keys", async () => {
  const page = await yardPage(yard, {}, ABOVE);
  const { x, y } = await middle(page);
  const to = (axis: string) => page.getByLabel(`Region, to ${axis}`, { exact: true }).inputValue().then(Number);
  await page.keyboard.press("r");
  await page.mouse.move(x - 60, y - 60);
  await page.mouse.down();
  await page.mouse.move(x + 70, y + 70, { steps: 5 });
  await page.mouse.up();
  const [width, top] = [await to("x"), await to("y")];
  expect(width).toBeGreaterThan(9);
  expect(top).toBeGreaterThanOrEqual(HOUSE.high[1] - 1);

  // The handle in the middle of the east side lies on the row of the screen's middle; find it, and pull it.
  const canvas = page.locator(".stage > canvas");
  let at = x + 40;
  while ((await canvas.evaluate((element: HTMLElement) => element.style.cursor)) !== "grab" && at < x + 400) await page.mouse.move(at++, y + 4);
  await page.mouse.down();
  await page.mouse.move(at + 60, y + 4, { steps: 5 });
  await page.mouse.up();
  const pulled = await to("x");
  expect(pulled).toBeGreaterThan(width);
  expect(await to("y")).toBe(top);

  // Escape in the middle of a pull takes it back.
  await page.mouse.move(at + 60, y + 4);
  await page.mouse.down();
  await page.mouse.move(at - 40, y + 4, { steps: 5 });
  await page.keyboard.press("Escape");
  await page.mouse.up();
  expect(await to("x")).toBe(pulled);

  await page.keyboard.press("r");
  await canvas.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("PageUp");
  expect([await to("x"), await to("y")]).toEqual([pulled + 1, top + 1]);
  await page.keyboard.press("Shift+ArrowLeft");
  expect(await to("x")).toBe(pulled);
  await page.keyboard.press("Delete");
  await page.getByText("The run may change the whole map.").waitFor();
}, 120_000);

test("edits are undone and done again, and saved as the next version with all that the file said", async () => {
  const page = await yardPage(yard, {}, ABOVE);
  const chip = page.getByText("has unsaved edits");
  const { version } = listed(await call(yard.server, "MapService/ListMaps", {}), "yard");
  await dabOnTheHouse(page, "p");
  await chip.waitFor();
  await page.keyboard.press("Control+z");
  await chip.waitFor({ state: "detached" });
  await page.keyboard.press("Control+Shift+Z");
  await chip.waitFor();
  expect(await page.getByRole("button", { name: "Undo: Place 1 Stone" }).isEnabled()).toBe(true);

  // Leaving would lose them: the browser is told.
  expect(await page.evaluate(() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })))).toBe(true);

  await page.keyboard.press("Control+s");
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as yard").waitFor();
  await chip.waitFor({ state: "detached" });
  expect(await page.evaluate(() => window.dispatchEvent(new Event("beforeunload", { cancelable: true })))).toBe(true);

  const stored = storedMap(yard.server, "yard");
  expect(listed(await call(yard.server, "MapService/ListMaps", {}), "yard").version).not.toBe(version);
  const [before, after] = [cellsOf(JSON.stringify(yardFile())), cellsOf(stored)];
  const added = [...after].filter(([cell, name]) => before.get(cell) !== name);
  expect(added).toHaveLength(1);
  expect(added[0]![1]).toBe("Stone");
  expect(added[0]![0]).toMatch(/^(9|10) 5 (9|10)$/);
  expect(after.size).toBe(before.size + 1);
  expect(JSON.parse(stored)).toMatchObject({ metadata: { by: "the tests" }, worldConfig: { biome: "yard", seed: 3 }, sequence: 5 });
}, 120_000);

test("remove, paint and fill; a new map keeps what the old one said, and a block of one's own", async () => {
  const page = await yardPage(yard, {}, ABOVE.replace("yard", "shared"));
  await dabOnTheHouse(page, "x");
  await page.keyboard.press("t");
  await page.getByRole("button", { name: "New block" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Brass");
  await page.getByLabel("Colour", { exact: true }).fill("#c8a040");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect.poll(() => page.getByRole("radio", { name: "Brass" }).getAttribute("aria-checked")).toBe("true");
  await page.locator(".stage > canvas").focus();
  await dabOnTheHouse(page, "g");
  await page.keyboard.press("Control+s");
  await page.getByText("New map", { exact: true }).click();
  await page.getByLabel("Name", { exact: true }).fill("brass yard");
  await page.getByText("expected 1 to 64 letters, digits, _ and -").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("brass_yard");
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as brass_yard").waitFor();

  const stored = storedMap(yard.server, "brass_yard");
  const counts = new Map<string, number>();
  for (const name of cellsOf(stored).values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  // One block of marble went; the planks below it, all in one piece, are brass.
  expect(counts.get("Marble")).toBe(8);
  expect(counts.get("Brass")).toBe(18);
  expect(counts.has("Plank")).toBe(false);
  const file = JSON.parse(stored) as { customBlocks: { name: string; colors: { top: number[] } }[]; metadata: unknown; sequence: unknown };
  expect(file.customBlocks.map((block) => block.name)).toEqual(["Marble", "Brass"]);
  expect(file.customBlocks[1]!.colors.top).toEqual([0.78, 0.63, 0.25]);
  expect(file).toMatchObject({ metadata: { by: "the tests" }, sequence: null });
  expect(storedMap(yard.server, "shared")).toBe(JSON.stringify(yardFile()));
}, 120_000);

test("what somebody else saved meanwhile is not overwritten, and no edit is lost", async () => {
  const page = await yardPage(yard, {}, ABOVE.replace("yard", "theirs"));
  await dabOnTheHouse(page, "p");
  const other = await yardPage(yard, {}, ABOVE.replace("yard", "theirs"));
  await dabOnTheHouse(other, "x");
  await other.keyboard.press("Control+s");
  await other.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await other.getByText("Saved as theirs").waitFor();
  const theirs = storedMap(yard.server, "theirs");

  await page.keyboard.press("Control+s");
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Somebody saved theirs after you opened it").waitFor();
  expect(storedMap(yard.server, "theirs")).toBe(theirs);
  await page.getByRole("button", { name: "Save under another name" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as theirs_2").waitFor();
  const mine = cellsOf(storedMap(yard.server, "theirs_2"));
  expect(mine.size).toBe(yardFile().blocks.length + 1);
  expect(storedMap(yard.server, "theirs")).toBe(theirs);
}, 180_000);

test("a run begins with what is on the canvas", async () => {
  const page = await yardPage(yard, {}, ABOVE.replace("yard", "shared"));
  await dabOnTheHouse(page, "p");
  expect(await page.getByRole("checkbox", { name: /Begin with/ }).isChecked()).toBe(true);
  await page.getByLabel("Teacher", { exact: true }).selectOption("noise");
  await page.getByLabel("What to build").fill("noise");
  await page.locator(".field", { hasText: "Steps" }).getByLabel("exact value").first().fill("1");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(/Kept as trained_map_inline_\d/).waitFor({ timeout: 120_000 });
  // The edits have made room for the run, and wait.
  await page.getByText("has unsaved edits").waitFor();
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect.poll(() => page.locator(".caption .chip").textContent()).toBe("shared");
}, 180_000);

/** Drops a file of that text on the page. */
async function drop(page: Page, name: string, text: string): Promise<void> {
  await page.evaluate(
    ([fileName, content]) => {
      const carried = new DataTransfer();
      carried.items.add(new File([content!], fileName!, { type: "application/json" }));
      for (const kind of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
    },
    [name, text],
  );
}

test("a file is opened by dropping it; a wrong one is told of in words, and is only ever text", async () => {
  const page = await yardPage(yard, {}, "#map/yard");
  const wrong = '<img src=x onerror="window.hit=1">';
  await drop(page, `${wrong}.json`, '{"blocks": [{"position": [0, 0, 0]}]}');
  await page.getByText("blocks[0].blockType: expected this key, got none").waitFor();
  await drop(page, "broken.json", "{");
  await page.getByText(/map\.json: expected JSON/).waitFor();

  const hostile = { blocks: [{ position: [1, 0, 1], blockType: wrong }, { position: [2, 0, 1], blockType: "Stone" }] };
  await drop(page, `${wrong}.json`, JSON.stringify(hostile));
  await page.getByText(`Unknown blocks, drawn in magenta: ${wrong}`).waitFor();
  await page.keyboard.press("p");
  await page.getByRole("radio", { name: wrong }).waitFor();
  expect(await page.locator("img[src=x]").count()).toBe(0);
  expect(await page.evaluate(() => "hit" in window)).toBe(false);
  expect(await page.locator(".caption .chip").textContent()).toBe("img_src_x_onerror_window_hit_1");

  await menu(page, "Export").click();
  const download = await downloadFrom(page, () => page.getByRole("button", { name: /^Download map\.json/ }).click());
  expect(JSON.parse(await textOf(download))).toEqual(hostile);
}, 120_000);

test("a file from the disk picker, as large as a map may be and no larger", async () => {
  const page = await yardPage(yard, {}, "#map/yard");
  await menu(page, "Open").click();
  await page.getByLabel("A map.json of this computer").setInputFiles({ name: "far.json", mimeType: "application/json", buffer: Buffer.from('{"blocks": [{"position": [2000000, 40, 40], "blockType": "Stone"}]}') });
  await page.getByText(/blocks: expected at most 16777216 cells/).waitFor();
}, 60_000);

test("a ring of cameras becomes a dataset, and a run can be taught by it", async () => {
  const page = await yardPage(yard, {}, "#map/yard");
  await menu(page, "Capture").click();
  const panel = page.getByRole("region", { name: "Capture a dataset" });
  await panel.getByRole("button", { name: "Take this view" }).click();
  const alone = await page.locator(".stage > canvas").screenshot();
  await panel.getByRole("button", { name: "Place a ring" }).click();
  const set = async (name: string, value: string) => {
    await panel.getByLabel(name, { exact: true }).fill(value);
    await page.keyboard.press("Tab");
  };
  await set("Cameras", "5");
  await set("Elevation°", "40");
  await set("Width", "96");
  await set("Height", "64");
  await set("Name of the dataset", "ring");
  expect(await panel.textContent()).toContain("6 views");
  // The cameras are there to see.
  await expect.poll(async () => (await page.locator(".stage > canvas").screenshot()).equals(alone)).toBe(false);
  await panel.getByRole("button", { name: "Capture and upload" }).click();
  await page.getByText("Dataset ring is on the server.").waitFor({ timeout: 60_000 });
  const { datasets } = (await call(yard.server, "MapService/ListDatasets", {})) as { datasets: { datasetId: string }[] };
  expect(datasets.map((one) => one.datasetId)).toContain("ring");

  // Its pictures are what the library's own renderer sees from its cameras.
  const code = `
import sys, numpy as np
from pathlib import Path
from voxcore.datasets import load_dataset
from voxcore.maps import load_map
from voxcore.render import hard_image, lit_colors
found, world = load_dataset(Path(sys.argv[1])), load_map(Path(sys.argv[2]))
assert len(found) == 6 and found.image(0).shape == (64, 96, 3)
for i, camera in enumerate(found.cameras):
    wanted = hard_image(world.blocks, lit_colors(world.palette), camera, world_scale=world.world_scale)
    off = (np.abs(found.image(i).astype(int) - np.asarray(wanted).astype(int)).max(-1) > 0).mean()
    assert off < 0.02, (i, off)
print("same")
`;
  const environment = { ...process.env, PYTHONPATH: REPOSITORY, OMP_NUM_THREADS: "1" };
  const files = [join(yard.server.folder, "datasets/ring"), join(yard.server.folder, "maps/yard")];
  expect(execFileSync(PYTHON, ["-c", code, ...files], { env: environment, encoding: "utf8" }).trim()).toBe("same");

  await page.getByRole("button", { name: "Use it for the next run" }).click();
  expect(await page.getByLabel("Photographs").inputValue()).toBe("ring");
  await page.locator(".field", { hasText: "Steps" }).getByLabel("exact value").first().fill("4");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(/Kept as trained_map_yard_\d/).waitFor({ timeout: 120_000 });
}, 300_000);

test("every format that the server writes can be taken home", async () => {
  const page = await yardPage(yard, {}, "#map/shared");
  const info = (await call(yard.server, "InfoService/GetServerInfo", {})) as { mapFormats: { name: string; suffix: string; description: string }[] };
  await menu(page, "Export").click();
  const rows = page.locator(".formats li");
  expect(await rows.count()).toBe(info.mapFormats.length);
  const magic: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
    ".json": (b) => b.toString() === storedMap(yard.server, "shared"),
    ".vox": (b) => b.subarray(0, 4).toString() === "VOX ",
    ".glb": (b) => b.subarray(0, 4).toString() === "glTF" && b.readUInt32LE(8) === b.length,
    ".schem": (b) => b.readUInt16BE(0) === 0x1f8b,
    ".ply": (b) => b.subarray(0, 3).toString() === "ply",
  };
  for (const [i, format] of info.mapFormats.entries()) {
    const download = await downloadFrom(page, () => rows.nth(i).getByRole("button").click());
    expect(download.suggestedFilename()).toBe(`shared${format.suffix}`);
    const check = Object.entries(magic).find(([suffix]) => format.suffix.endsWith(suffix));
    expect(check?.[1](await bytesOf(download)), format.name).toBe(true);
  }
}, 120_000);

test("a picture has the size that was asked for, with the sky or without", async () => {
  const page = await yardPage(yard, {}, "#map/shared");
  for (const [background, alpha] of [["Sky", 255], ["Transparent", 0]] as const) {
    await menu(page, "Picture").click();
    await page.getByLabel("Width", { exact: true }).fill("1600");
    await page.getByLabel("Height", { exact: true }).fill("400");
    await page.getByText(background, { exact: true }).click();
    const download = await downloadFrom(page, () => page.getByRole("button", { name: "Save the picture" }).click());
    const png = await bytesOf(download);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1600, 400]);
    const seen = await page.evaluate(async (bytes) => {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      return { corner: data[3]!, colours: new Set(new Uint32Array(data.buffer)).size };
    }, [...png]);
    expect(seen.corner).toBe(alpha);
    expect(seen.colours).toBeGreaterThan(8);
  }
  await menu(page, "Picture").click();
  await page.getByLabel("Width", { exact: true }).fill("9000");
  await page.getByText("expected 1 to 8192 pixels a side").waitFor();
  expect(await page.getByRole("button", { name: "Save the picture" }).isDisabled()).toBe(true);
}, 120_000);

test("views are kept by number, and a link brings the very view back", async () => {
  const page = await yardPage(yard, { reducedMotion: "reduce" }, ABOVE);
  const link = async (from: Page) => {
    await from.keyboard.press("Shift+L");
    return from.evaluate(() => location.hash);
  };
  const first = await link(page);
  expect(first).toBe(ABOVE);
  await page.keyboard.press("Shift+Digit3");
  await page.keyboard.press("h");
  expect(await link(page)).not.toBe(first);
  await page.keyboard.press("3");
  expect(await link(page)).toBe(first);
  // The slot is there after a reload, and the link in another tab.
  await page.reload();
  await settled(page);
  await page.keyboard.press("h");
  await page.keyboard.press("3");
  expect(await link(page)).toBe(first);
  const other = await yardPage(yard, {}, first);
  expect(await link(other)).toBe(first);
}, 120_000);

test("the block under the pointer is named, and focus goes to what is chosen", async () => {
  const page = await yardPage(yard, { reducedMotion: "reduce" }, ABOVE.replace("yard", "shared"));
  const { x, y } = await middle(page);
  // The pointer moves, as one does: what it rests on is asked for when it comes by.
  const named = async () => {
    await page.mouse.move(x + 2, y);
    await page.mouse.move(x, y);
    return (await page.locator(".inspector").allTextContents()).join();
  };
  await expect.poll(named, { timeout: 30_000 }).toMatch(/^Marble(9|10), 4, (9|10)$/);
  await page.mouse.move(x, 10);
  await expect.poll(() => page.locator(".inspector").count()).toBe(0);
  await page.getByRole("button", { name: "Choose a region" }).click();
  await page.locator(".stage > canvas").focus();
  await page.keyboard.press("v");
  await page.keyboard.press("f");
  await page.keyboard.press("Shift+L");
  // The middle of the region, in world units: cells 6 to 12 of 20 across, 0 to 7 up, two units each.
  expect(await page.evaluate(() => location.hash)).toContain(",-1,8,-1,40");
}, 120_000);

function listed(answer: Record<string, unknown>, id: string): { version: string } {
  return (answer.maps as { mapId: string; version: string }[]).find((map) => map.mapId === id)!;
}

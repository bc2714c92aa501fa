/** What happens to a connection, and what the page makes of it: a real server, killed, slowed down, shared. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { complaints, launch, VoxServer } from "./harness";

let server: VoxServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([VoxServer.start({ flags: ["--frames-per-second=1000"] }), launch()]);
  const cells = Buffer.alloc(32 * 24 * 32);
  for (let i = 0; i < cells.length; i++) cells[i] = Math.floor(i / 32) % 24 < 8 ? 2 : 0;
  const rgb = { red: 0.5, green: 0.5, blue: 0.5 };
  const palette = [{ name: "Air" }, { name: "Grass" }, { name: "Stone" }].map((entry, i) => (i > 0 ? { ...entry, editorId: 2 * i - 1, top: rgb, bottom: rgb, side: rgb } : entry));
  await putGrid("small", [32, 24, 32], palette, cells);
}, 180_000);
afterEach(async () => {
  await Promise.all(browser.contexts().map((context: BrowserContext) => context.close()));
  const { jobs = [] } = await server.call<{ jobs?: { jobId: string }[] }>("JobService/ListJobs", { states: ["JOB_STATE_QUEUED", "JOB_STATE_RUNNING", "JOB_STATE_PAUSED"] });
  for (const { jobId } of jobs) {
    await server.call("JobService/CancelJob", { jobId });
    await server.waitFor(jobId, "CANCELLED");
  }
});
afterAll(async () => {
  await browser.close();
  await server.dispose();
});

function putGrid(mapId: string, [x, y, z]: [number, number, number], palette: object[], cells: Buffer): Promise<unknown> {
  const grid = { dims: { x, y, z }, palette, worldScale: 2, rawLength: cells.length, data: cells.toString("base64"), encoding: "VOXEL_ENCODING_RAW" };
  return server.call("MapService/PutMap", { mapId, grid });
}

async function open(jobId: string, search = "", url = server.url): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${url}/${search}#job/${jobId}`);
  return page;
}

const panel = (page: Page) => page.getByRole("region", { name: "Open job" });
const caption = (page: Page) => page.locator(".caption .chip");
const step = async (page: Page) => Number(await panel(page).getByRole("progressbar").getAttribute("aria-valuenow"));
const SMALL = { mapId: "small" };
const LONG = { steps: 20_000, logEvery: 2, imageEvery: 50, checkpointEvery: 20, imageSize: 16, viewsPerStep: 1, lr: 0.2 };

test("a server that is killed and started again: the page waits, says so, and carries on by itself", async () => {
  const jobId = await server.createJob("killed in the middle", LONG, SMALL);
  const page = await open(jobId);
  await expect.poll(() => step(page), { timeout: 60_000 }).toBeGreaterThan(40);
  await server.stop("SIGKILL");
  const banner = page.getByText("Connection lost.");
  await banner.waitFor({ timeout: 30_000 });
  const reached = await step(page);
  // What was there stays in sight.
  expect(await caption(page).textContent()).toMatch(/^Step \d+/);
  await page.getByText(/again in \d+ s/).waitFor();
  await server.start();
  await banner.waitFor({ state: "detached", timeout: 60_000 });
  await expect.poll(() => step(page), { timeout: 60_000 }).toBeGreaterThan(reached);
  await expect.poll(() => panel(page).locator(".badge").first().textContent()).toBe("running");
  await server.call("JobService/CancelJob", { jobId });
  await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toBe("Result");
}, 240_000);

test("two tabs on one job show the same; the one that comes late gets the whole world", async () => {
  const jobId = await server.createJob("watched twice", { ...LONG, steps: 400 }, SMALL);
  const first = await open(jobId);
  await expect.poll(() => step(first), { timeout: 60_000 }).toBeGreaterThan(20);
  const second = await open(jobId);
  await expect.poll(() => caption(second).textContent(), { timeout: 60_000 }).toMatch(/^Step \d+/);
  await server.waitFor(jobId, "SUCCEEDED");
  // And one that was away the whole time.
  const third = await open(jobId);
  const pictures: Buffer[] = [];
  for (const page of [first, second, third]) {
    // A tab in the background draws nothing.
    await page.bringToFront();
    await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toBe("Result");
    await expect.poll(async () => {
      const before = await page.locator(".stage > canvas").screenshot();
      return (await page.locator(".stage > canvas").screenshot()).equals(before);
    }, { timeout: 60_000 }).toBe(true);
    pictures.push(await page.locator(".stage > canvas").screenshot());
  }
  expect(pictures[1]!.equals(pictures[0]!)).toBe(true);
  expect(pictures[2]!.equals(pictures[0]!)).toBe(true);
}, 240_000);

test("a slow network: every fact arrives, and the page stays awake", async () => {
  const slow = await slowDoor(server.url, 40_000, 150);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(slow.url, { timeout: 60_000 });
    await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toMatch(/^Map/);
    await page.evaluate(() => {
      const seen = { worst: 0, last: performance.now() };
      Object.assign(window, { seen });
      setInterval(() => {
        seen.worst = Math.max(seen.worst, performance.now() - seen.last);
        seen.last = performance.now();
      }, 20);
    });
    const before = slow.bytes();
    const began = Date.now();
    const jobId = await server.createJob("through a straw", { ...LONG, steps: 600, logEvery: 1 }, SMALL);
    await page.evaluate((id) => (location.hash = `#job/${id}`), jobId);
    await expect.poll(() => caption(page).textContent(), { timeout: 200_000 }).toBe("Result");
    expect(await step(page)).toBe(600);
    const [sent, seconds] = [slow.bytes() - before, (Date.now() - began) / 1000];
    console.log(`${Math.round(sent / 1000)} kB in ${seconds.toFixed(1)} s`);
    expect(sent / seconds).toBeLessThan(60_000);
    expect(await page.evaluate(() => (window as unknown as { seen: { worst: number } }).seen.worst)).toBeLessThan(1000);
  } finally {
    slow.close();
  }
}, 300_000);

test("500 frames within a bound on memory", async () => {
  const jobId = await server.createJob("many frames", { ...LONG, steps: 700, logEvery: 1, imageEvery: 20 }, SMALL);
  const page = await open(jobId, "?memory=1");
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.enable");
  /** Megabytes of objects and of array buffers, after a collection. */
  const used = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const heap = (await session.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize?: number };
    return (heap.usedSize + (heap.backingStorageSize ?? 0)) / 2 ** 20;
  };
  const frames = async () => {
    const title = (await page.locator(".timeline output").getAttribute("title")) ?? "";
    const found = /^(\d+) moments kept, [\d.]+ MB(?:; (\d+) older)?/.exec(title);
    return found ? Number(found[1]) + Number(found[2] ?? 0) : 0;
  };
  await expect.poll(frames, { timeout: 120_000, interval: 20 }).toBeGreaterThan(60);
  const early = await used();
  await expect.poll(frames, { timeout: 240_000 }).toBeGreaterThan(500);
  await expect.poll(() => caption(page).textContent(), { timeout: 120_000 }).toBe("Result");
  const late = await used();
  console.log(`memory after 60 frames: ${early.toFixed(1)} MB, after ${await frames()}: ${late.toFixed(1)} MB`);
  // 500 frames of 24 kB would be 12 MB.
  expect(late - early).toBeLessThan(5);
  // The first moment is still there.
  await page.getByRole("slider", { name: "Step", exact: true }).fill("0");
  const first = Number(/\d+/.exec((await caption(page).textContent())!)![0]);
  expect(first).toBeLessThan(100);
}, 400_000);

test("hostile prompts and names are text", async () => {
  const attack = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\u202Eltr ${"W".repeat(400)} javascript:alert(1) {{7*7}}`;
  const jobId = await server.createJob(attack, { steps: 4, logEvery: 1 });
  const block = `<b onclick="window.pwned=1">${"block".repeat(8)}</b>`;
  const cells = Buffer.alloc(8 * 8 * 8, 1);
  const rgb = { red: 0.5, green: 0.5, blue: 0.5 };
  const palette = [{ name: "Air" }, { name: block.slice(0, 60), editorId: 1000, top: rgb, bottom: rgb, side: rgb }];
  await putGrid("hostile", [8, 8, 8], palette, cells);
  await server.waitFor(jobId, "SUCCEEDED");
  const page = await open(jobId);
  const said = complaints(page);
  await expect.poll(() => panel(page).locator(".prompt-text").textContent(), { timeout: 60_000 }).toBe(attack);
  expect(await page.locator(".job-name").first().textContent()).toBe(attack);
  await page.getByLabel("Begin with").selectOption("hostile");
  await page.getByLabel("What to build").fill(attack);
  await page.locator(".brand").click();
  await expect.poll(() => caption(page).textContent(), { timeout: 30_000 }).toBe("Map hostile");
  expect(await page.evaluate(() => "pwned" in window)).toBe(false);
  expect(await page.locator("img[src=x]").count()).toBe(0);
  for (const side of await page.locator(".side, .side *, body").all()) {
    expect(await side.evaluate((element) => (getComputedStyle(element).overflowX === "visible" ? element.scrollWidth <= element.clientWidth || element.clientWidth === 0 : true))).toBe(true);
  }
  expect(said).toEqual([]);
}, 180_000);

test("addresses of jobs that are not there, or are no ids at all", async () => {
  const page = await open("20200101-000000-00000000");
  await page.getByRole("heading", { name: "It is not there any more" }).first().waitFor();
  await page.goto(`${server.url}/#job/%3Cscript%3Ealert(1)%3C/script%3E`);
  await page.getByRole("heading", { name: "No job is open" }).waitFor();
});

test("a server that wants a token gets one, and what is wrong with it is said", async () => {
  const token = "a-token-of-this-test";
  const file = join(tmpdir(), `voxcore-tokens-${process.pid}.toml`);
  writeFileSync(file, `[[tokens]]\nname = "reader"\nsha256 = "${createHash("sha256").update(token).digest("hex")}"\n`);
  const guarded = await VoxServer.start({ flags: [`--tokens-file=${file}`] });
  try {
    const page = await browser.newPage();
    await page.goto(guarded.url);
    const dialog = page.getByRole("dialog", { name: "This server wants a token" });
    await dialog.getByLabel("Token").fill("wrong");
    await dialog.getByRole("button", { name: "Connect" }).click();
    await dialog.waitFor();
    await dialog.getByLabel("Token").fill(token);
    await dialog.getByRole("button", { name: "Connect" }).click();
    await dialog.waitFor({ state: "detached" });
    await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toBe("Map 1");
    await page.reload();
    await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toBe("Map 1");
  } finally {
    await guarded.dispose();
  }
}, 240_000);

/** The server behind a line of so many bytes a second, each batch so many milliseconds late. */
async function slowDoor(target: string, rate: number, delay: number): Promise<{ url: string; bytes: () => number; close: () => void }> {
  let bytes = 0;
  const sockets = new Set<Socket>();
  const door = createTcpServer((near) => {
    const far = connect(Number(new URL(target).port), "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => {
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on("data", (data: Buffer) => {
      far.pause();
      bytes += data.length;
      setTimeout(() => near.write(data), delay);
      setTimeout(() => far.resume(), (data.length / rate) * 1000);
    });
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  const close = () => {
    door.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`, bytes: () => bytes, close };
}

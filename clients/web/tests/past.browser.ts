/** Coming late to a job: what the page was not there to see can be scrubbed all the same. */
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { useYard } from "./yard";

const yard = useYard(["yard"], { flags: ["--frames-per-second=50"] });

const caption = (page: Page) => page.locator(".caption .chip");
const slider = (page: Page) => page.getByRole("slider", { name: "Step", exact: true });
/** How many moments of the run the page holds. */
const moments = async (page: Page) => Number(/^(\d+) moments/.exec((await page.locator(".timeline output").getAttribute("title")) ?? "")?.[1] ?? 0);
const JOB = { steps: 120, logEvery: 5, imageEvery: 20, checkpointEvery: 10, imageSize: 16, viewsPerStep: 1, lr: 0.2 };
const YARD = { mapId: "yard" };

async function open(jobId: string): Promise<Page> {
  const page = await yard.browser.newPage({ viewport: { width: 900, height: 600 } });
  await page.goto(`${yard.server.url}/#job/${jobId}`);
  return page;
}

/** Once nothing on the canvas moves any more. */
async function picture(page: Page): Promise<Buffer> {
  let before: Buffer = Buffer.alloc(0);
  await expect
    .poll(async () => {
      const now = await page.locator(".stage > canvas").screenshot();
      const isStill = now.equals(before);
      before = now;
      return isStill;
    }, { timeout: 60_000 })
    .toBe(true);
  return before;
}

/** Scrubs from the run's beginning to its end, and back to what it came to. */
async function scrubThrough(page: Page, end: string): Promise<void> {
  await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toMatch(end === "Result" ? /^Result/ : /^Step \d+/);
  await expect.poll(() => moments(page), { timeout: 60_000 }).toBeGreaterThan(4);
  await page.waitForTimeout(500);
  const seen = new Set<string>();
  const pictures: Buffer[] = [await picture(page)];
  const last = Number(await slider(page).inputValue());
  for (const part of [0, 0.5]) {
    await slider(page).fill(String(Math.floor(last * part)));
    await expect.poll(() => caption(page).textContent()).toMatch(/^Step \d+/);
    seen.add((await caption(page).textContent())!);
    pictures.push(await picture(page));
  }
  expect(seen.size).toBe(2);
  expect(new Set(pictures.map((one) => one.toString("base64"))).size).toBe(3);
  await page.getByTitle("Always show the newest (N)").click();
  await expect.poll(() => caption(page).textContent()).toMatch(end === "Result" ? /^Result/ : /^Step \d+/);
  expect((await picture(page)).equals(pictures[0]!)).toBe(true);
}

test("a page that comes late to an ended job scrubs through all of it, also after the server was killed", async () => {
  const jobId = await yard.server.createJob("over before anybody looked", JOB, YARD);
  await yard.server.waitFor(jobId, "SUCCEEDED");
  const page = await open(jobId);
  await scrubThrough(page, "Result");
  const before = await moments(page);
  await yard.server.stop("SIGKILL");
  await yard.server.start();
  const later = await open(jobId);
  await scrubThrough(later, "Result");
  expect(await moments(later)).toBe(before);
}, 240_000);

test("cancelled, and a page that was not there for the beginning of a run that goes on", async () => {
  const jobId = await yard.server.createJob("stopped half way", { ...JOB, steps: 20_000 }, YARD);
  await expect.poll(async () => (await yard.server.call<{ job: { step?: number } }>("JobService/GetJob", { jobId })).job.step ?? 0, { timeout: 60_000 }).toBeGreaterThan(60);
  const during = await open(jobId);
  await expect.poll(() => moments(during), { timeout: 60_000 }).toBeGreaterThan(6);
  await slider(during).fill("0");
  await expect.poll(() => caption(during).textContent()).toMatch(/^Step 0/);
  await yard.server.call("JobService/CancelJob", { jobId });
  await yard.server.waitFor(jobId, "CANCELLED");
  await scrubThrough(await open(jobId), "Result");
}, 240_000);

test("paused, and the server killed meanwhile: the world is there, and so is the way to it", async () => {
  const jobId = await yard.server.createJob("held", { ...JOB, steps: 20_000 }, YARD);
  await expect.poll(async () => (await yard.server.call<{ job: { step?: number } }>("JobService/GetJob", { jobId })).job.step ?? 0, { timeout: 60_000 }).toBeGreaterThan(40);
  await yard.server.call("JobService/PauseJob", { jobId });
  await yard.server.waitFor(jobId, "PAUSED");
  await yard.server.stop("SIGKILL");
  await yard.server.start();
  const page = await open(jobId);
  await scrubThrough(page, "Step");
  await yard.server.call("JobService/CancelJob", { jobId });
  await yard.server.waitFor(jobId, "CANCELLED");
}, 240_000);

// Takes the README's pictures of the page: a run in the middle (dark) and its result beside the source (light).
//
//   .venv/bin/python -m server &
//   node scripts/screenshots.mjs http://127.0.0.1:50080 ../../docs
//
// Runs one job on map 1 with the embedded prior, seed 7.
import { join } from "node:path";
import { chromium } from "playwright-core";

const [server, out] = process.argv.slice(2);
if (!server || !out) throw new Error("expected the address of a server and a folder");

const FLAGS = ["--enable-unsafe-webgpu", "--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"];
const SIZE = { width: 1440, height: 900 };
const browser = await chromium.launch({
  executablePath: process.env.VOXCORE_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--force-color-profile=srgb", ...FLAGS],
});

async function call(method, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server}/vox.v1.${method}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function open(colorScheme, jobId) {
  const context = await browser.newContext({ viewport: SIZE, colorScheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(`${server}/#job/${jobId}`);
  await page.getByLabel("What to build").fill("a lighthouse on the coast");
  return page;
}

/** Waits until two pictures in a row are the same, then keeps one. */
async function keep(page, name) {
  for (let before = await page.screenshot(); ; ) {
    await page.waitForTimeout(700);
    const now = await page.screenshot();
    if (now.equals(before)) break;
    before = now;
  }
  await page.screenshot({ path: join(out, name) });
}

const spec = { prompt: "a medieval stone castle", mapId: "1", settings: { seed: "7", logEvery: 2, imageEvery: 16 } };
const { job } = await call("JobService/CreateJob", { spec });
const dark = await open("dark", job.jobId);
await dark.waitForFunction(() => Number(document.querySelector('.run [role="progressbar"]')?.getAttribute("aria-valuenow")) >= 156, null, { timeout: 600_000 });
await dark.screenshot({ path: join(out, "viewer_dark.png") });

const light = await open("light", job.jobId);
await light.getByText("Kept as").waitFor({ timeout: 600_000 });
await light.getByRole("button", { name: "Before and after, side by side" }).click();
await keep(light, "viewer_light.png");
await browser.close();

// How long after the page was asked for a stored map is on the canvas, whole.
//
//   (cd clients/web && npm ci) && VOXCORE_PYTHON=.venv/bin/python node benchmarks/web/first_picture.mjs [--runs 5]
//
// A real server, the built page, Debian's Chromium with its software GPU: cold (a new profile each time) and
// warm (the same page again). Times are from the navigation's start to the end of the first frame in which
// every chunk of the world was drawn ("voxcore:first-picture" of the page's own timeline).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const web = join(root, "clients/web");
const { createServer } = await import(pathToFileURL(createRequire(join(web, "package.json")).resolve("vite")).href);
const { values } = parseArgs({ options: { runs: { type: "string", default: "5" } } });
/** What the page opens with: the first map by id. */
const MAP = "1";

const loader = await createServer({ root: web, logLevel: "error", server: { middlewareMode: true, ws: false }, appType: "custom" });
const { launch, VoxServer } = await loader.ssrLoadModule("/tests/harness.ts");
const server = await VoxServer.start();
const blocks = JSON.parse(readFileSync(join(root, "maps", MAP, "map.json"), "utf8")).blocks.length;

async function firstPicture(page, renderer) {
  await page.goto(`${server.url}/?renderer=${renderer}`);
  await page.waitForFunction(() => performance.getEntriesByName("voxcore:first-picture").length > 0);
  return page.evaluate(() => performance.getEntriesByName("voxcore:first-picture")[0].startTime);
}

const show = (times) => `median ${Math.round(times.toSorted((a, b) => a - b)[times.length >> 1])} ms (${times.map((t) => Math.round(t)).join(", ")})`;
try {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.version}`);
  console.log(`map ${MAP}: ${blocks} blocks`);
  for (const renderer of ["webgpu", "webgl2"]) {
    const [cold, warm] = [[], []];
    for (let run = 0; run < Number(values.runs); run++) {
      const browser = await launch();
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      cold.push(await firstPicture(page, renderer));
      warm.push(await firstPicture(page, renderer));
      await browser.close();
    }
    console.log(`${renderer}: cold ${show(cold)}; warm ${show(warm)}`);
  }
} finally {
  await server.dispose();
  await loader.close();
}

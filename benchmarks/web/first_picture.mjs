// How long after the page was asked for a stored map is on the canvas, whole.
//
//   (cd clients/web && npm ci) && VOXCORE_PYTHON=.venv/bin/python node benchmarks/web/first_picture.mjs [--runs 5]
//
// A real server, the built page, Debian's Chromium with its software GPU: cold (a browser that was just
// started) and warm (the same page again). Times are from the navigation's start to the end of the first frame in
// which every chunk of the world was drawn ("voxcore:first-picture" of the page's own timeline); below them the
// medians of what leads there: the graphics device, the map's grid, its faces, and the frame that goes out.
//
// Who paints the page itself matters as much: Chromium leaves that to the processor where there is no GPU, but
// Debian's start script forces it onto the GPU, which here is the processor once more, compiling shaders for text
// and borders before it gets to the world. Both are measured.
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
const { launch, VoxServer, WEBGPU_FLAGS } = await loader.ssrLoadModule("/tests/harness.ts");
const server = await VoxServer.start();
const blocks = JSON.parse(readFileSync(join(root, "maps", MAP, "map.json"), "utf8")).blocks.length;

const STEPS = ["device", "world", "meshed", "drawn"];
const PAINTERS = { "page painted by the processor": ["--disable-gpu-rasterization"], "page painted by the software GPU": [] };

/** Milliseconds from the navigation's start to each step and to the picture itself. */
async function firstPicture(page, renderer) {
  await page.goto(`${server.url}/?renderer=${renderer}`);
  await page.waitForFunction(() => performance.getEntriesByName("voxcore:first-picture").length > 0);
  return page.evaluate(
    (names) => Object.fromEntries(names.map((name) => [name, performance.getEntriesByName(`voxcore:${name}`)[0].startTime])),
    [...STEPS, "first-picture"],
  );
}

const median = (times) => Math.round(times.toSorted((a, b) => a - b)[times.length >> 1]);
function show(kind, runs) {
  const times = runs.map((run) => run["first-picture"]);
  const steps = STEPS.map((name) => `${name} ${median(runs.map((run) => run[name]))}`);
  console.log(`  ${kind}: median ${median(times)} ms (${times.map(Math.round).join(", ")}); ${steps.join(", ")}`);
}

try {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.version}`);
  console.log(`map ${MAP}: ${blocks} blocks`);
  for (const [painter, flags] of Object.entries(PAINTERS)) {
    for (const renderer of ["webgpu", "webgl2"]) {
      const [cold, warm] = [[], []];
      for (let run = 0; run < Number(values.runs); run++) {
        const browser = await launch([...WEBGPU_FLAGS, ...flags]);
        const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
        cold.push(await firstPicture(page, renderer));
        warm.push(await firstPicture(page, renderer));
        await browser.close();
      }
      console.log(`${renderer}, ${painter}`);
      show("cold", cold);
      show("warm", warm);
    }
  }
} finally {
  await server.dispose();
  await loader.close();
}

/** A page that talks to another server than the one it came from: what the two operators have to allow. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { REPOSITORY, VoxServer } from "./harness";
import { useYard } from "./yard";

const yard = useYard(["yard"]);

const caption = (page: Page) => page.locator(".caption .chip");
const banner = (page: Page) => page.locator(".banner");

async function open(jobId: string, search: string, url: string): Promise<Page> {
  const page = await yard.browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${url}/${search}#job/${jobId}`);
  return page;
}

test("the page of one server talks to another where both operators say so, and else says who has to say what", async () => {
  const other = await VoxServer.start();
  try {
    const jobId = await other.createJob("next door", { steps: 6, logEvery: 1 });
    await other.waitFor(jobId, "SUCCEEDED");
    const there = `?server=${encodeURIComponent(other.url)}`;
    // Neither has said so: the browser stops the call before it is made.
    const page = await open(jobId, there, yard.server.url);
    await banner(page).getByText(`--viewer-servers=${other.url}`).waitFor({ timeout: 30_000 });
    expect(await page.locator(".server-line").textContent()).toMatch(/^refused/);
    expect(await page.getByText("connecting", { exact: true }).count()).toBe(0);

    // The one that the page comes from lists the other.
    await yard.server.stop("SIGTERM");
    await yard.server.start([`--viewer-servers=${other.url}`]);
    await page.reload();
    await banner(page).getByText(`--cors-origins=${yard.server.url}`).waitFor({ timeout: 30_000 });

    // And the other lists it: the page goes on by itself.
    await other.stop("SIGTERM");
    await other.start([`--cors-origins=${yard.server.url}`]);
    await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toBe("Result");
    await banner(page).waitFor({ state: "detached" });
    expect(await page.locator(".server-line").textContent()).toContain(new URL(other.url).host);

    // A third one stays blocked.
    const third = await open(jobId, "?server=http://127.0.0.1:9", yard.server.url);
    await banner(third).getByText("--viewer-servers=http://127.0.0.1:9").waitFor({ timeout: 30_000 });
  } finally {
    await other.dispose();
  }
}, 240_000);

test("the same build as a static page of another site, against a remote server", async () => {
  const site = await staticSite();
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const remote = await VoxServer.start({ flags: [`--cors-origins=${origin}`] });
  try {
    const jobId = await remote.createJob("from afar", { steps: 6, logEvery: 1 });
    const page = await open(jobId, `?server=${encodeURIComponent(remote.url)}`, `${origin}/deep/path`);
    await expect.poll(() => caption(page).textContent(), { timeout: 60_000 }).toBe("Result");
    // A server that does not list this site does not answer it.
    const stranger = await open(jobId, `?server=${encodeURIComponent(yard.server.url)}`, `${origin}/deep/path`);
    await stranger.getByText(`--cors-origins=${origin}`).waitFor({ timeout: 30_000 });
  } finally {
    await remote.dispose();
    site.close();
  }
}, 240_000);

/** Serves the built page below /deep/path/, as a host of static files would. */
function staticSite(): Promise<Server> {
  const dist = join(REPOSITORY, "clients/web/dist");
  const kinds: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
  const site = createServer((request, response) => {
    const path = new URL(request.url!, "http://site").pathname.replace(/^\/deep\/path\//, "") || "index.html";
    try {
      const data = readFileSync(join(dist, path));
      response.writeHead(200, { "content-type": kinds[extname(path)] ?? "application/octet-stream" }).end(data);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => site.listen(0, "127.0.0.1", () => resolve(site)));
}

/** The engine's test page, straight from the sources, and the library's pictures to compare with. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { complaints, PYTHON, REPOSITORY } from "./harness";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export class EnginePages {
  private constructor(
    private readonly server: ViteDevServer,
    private readonly folder: string,
  ) {}

  static async serve(): Promise<EnginePages> {
    const server = await createServer({ root: ROOT, logLevel: "error", server: { port: 0, host: "127.0.0.1", hmr: false, ws: false } });
    await server.listen();
    return new EnginePages(server, mkdtempSync(join(tmpdir(), "voxcore-expected-")));
  }

  /** Has the library draw its pictures; `/expected/…` of every page serves them. */
  expected(): void {
    const paths = [REPOSITORY, join(REPOSITORY, "proto"), join(REPOSITORY, "clients/python")].join(":");
    const env = { ...process.env, PYTHONPATH: paths };
    const { status, stderr } = spawnSync(PYTHON, [join(REPOSITORY, "tests/web/expected.py"), this.folder], { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`expected.py ended with ${status}:\n${stderr}`);
  }

  /** A fresh page with `window.engine`, and what it complains of. */
  async open(browser: Browser, { width = 640, height = 480 } = {}): Promise<{ page: Page; said: string[] }> {
    const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: 1 });
    const said = complaints(page);
    await page.route("**/expected/*", async (route) => {
      const file = join(this.folder, basename(new URL(route.request().url()).pathname));
      await (existsSync(file) ? route.fulfill({ body: await readFile(file) }) : route.fulfill({ status: 404 }));
    });
    const address = this.server.resolvedUrls!.local[0]!;
    await page.goto(`${address}tests/pages/engine.html`);
    await page.waitForFunction(() => "engine" in window);
    return { page, said };
  }

  async close(): Promise<void> {
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

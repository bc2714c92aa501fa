/** A real server in a folder of its own, and a real browser, for browser tests. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";

export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), "../../..");
export const PYTHON = process.env.VOXCORE_PYTHON ?? join(REPOSITORY, ".venv/bin/python");
const CHROMIUM = process.env.VOXCORE_CHROMIUM ?? "/usr/bin/chromium";

/** The software GPU that Chromium brings along; all four are needed for WebGPU on a canvas. */
export const WEBGPU_FLAGS = ["--enable-unsafe-webgpu", "--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"];

/** Chromium as tests use it: no GPU flags of its own, so that each test says what it wants. */
export function launch(flags: readonly string[] = WEBGPU_FLAGS): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-quic", "--force-color-profile=srgb", ...flags] });
}

/** The software GPU for WebGL only. */
export const WEBGL_FLAGS = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** What a page says where nobody listens: messages of the console and errors. */
export function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") found.push(message.text());
  });
  page.on("pageerror", (error) => found.push(String(error)));
  return found;
}

export interface ServerOptions {
  readonly flags?: readonly string[];
  /** Of the maps that the server starts with; the repository's own where left out. Never written to. */
  readonly maps?: string;
}

/** `python -m server` on free ports; start it, kill it, start it again on the same port. */
export class VoxServer {
  readonly folder = mkdtempSync(join(tmpdir(), "voxcore-web-"));
  #process: ChildProcess | null = null;
  #port = 0;
  #log = "";

  private constructor(readonly options: ServerOptions) {}

  static async start(options: ServerOptions = {}): Promise<VoxServer> {
    const found = new VoxServer(options);
    await found.start();
    return found;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get log(): string {
    return this.#log;
  }

  /** `more` are flags besides those that it always has. */
  async start(more: readonly string[] = []): Promise<void> {
    const portFile = join(this.folder, "web_port");
    rmSync(portFile, { force: true });
    const source = join(REPOSITORY, "tests/web/serve.py");
    const args = [source, this.folder, String(this.#port), portFile, this.options.maps ?? "", ...(this.options.flags ?? []), ...more];
    const paths = [REPOSITORY, join(REPOSITORY, "proto"), join(REPOSITORY, "clients/python")].join(":");
    const env = { ...process.env, PYTHONPATH: paths, OMP_NUM_THREADS: "1" };
    const child = spawn(PYTHON, args, { cwd: REPOSITORY, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    // A test that fails before it cleans up leaves no server behind.
    process.once("exit", () => child.kill("SIGKILL"));
    const note = (data: Buffer) => (this.#log = (this.#log + data.toString()).slice(-20_000));
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    let failed = null as Error | null;
    child.once("error", (error) => (failed = error));
    while (!existsSync(portFile) || !(await this.#answers(portFile))) {
      if (failed) throw new Error(`${PYTHON} does not start; set VOXCORE_PYTHON`, { cause: failed });
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${this.#log}`);
      await sleep(50);
    }
  }

  /** Makes a call as curl would: `method` is "JobService/CreateJob" and the like. */
  async call<T>(method: string, body: object, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.url}/vox.v1.${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Queues a job on map 1; the noise teacher is quick and shows many frames. Returns its id. */
  async createJob(prompt: string, settings: object = {}, spec: object = {}): Promise<string> {
    const made = { prompt, mapId: "1", settings: { teacher: "TEACHER_NOISE", ...settings }, ...spec };
    const { job } = await this.call<{ job: { jobId: string } }>("JobService/CreateJob", { spec: made });
    return job.jobId;
  }

  /** Waits until the job is in one of `states` ("SUCCEEDED" and the like); returns the job as JSON. */
  async waitFor(jobId: string, ...states: string[]): Promise<{ state: string; step?: number; lastSeq?: string }> {
    for (;;) {
      const { job } = await this.call<{ job: { state: string; step?: number; lastSeq?: string } }>("JobService/GetJob", { jobId });
      if (states.some((state) => job.state === `JOB_STATE_${state}`)) return job;
      await sleep(200);
    }
  }

  /** SIGKILL by default: what happens when the machine goes dark. */
  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  async dispose(): Promise<void> {
    await this.stop("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answers(portFile: string): Promise<boolean> {
    this.#port = Number(readFileSync(portFile, "utf8").trim() || 0);
    return this.#port > 0 && (await fetch(`${this.url}/healthz`).then((r) => r.ok, () => false));
  }
}

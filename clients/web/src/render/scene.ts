/** A renderer over either backend: worlds to meshes, cameras to draws, and back again after a loss. */
import { CHUNK, type Vec3, type VoxelWorld } from "../world/voxels";
import type { Frame, GpuBackend, OpenBackend } from "./backend";
import { axes, DEFAULT_CAMERA, gridPoint, viewProjection, worldFromGrid, type Camera } from "./camera";
import { visibleRanges, type Placed } from "./culling";
import { MAX_SIDE, type ChunkMesh } from "./faces";
import { multiply, scale, add } from "./matrix";
import { MeshQueue } from "./meshQueue";
import { handleAt, NO_OVERLAYS, overlayGeometry, type OverlayGeometry, type Overlays } from "./overlays";
import { pickFace, type Hit } from "./pick";
import { EXACT, type Backend, type LostInfo, type Renderer, type RenderOptions } from "./renderer";
import { looks, type Looks } from "./shading";

export const MAX_PICTURE_SIDE = 8192;
/** Smoothing takes 32 bytes a pixel; in a picture larger than 4K edges are fine as they are. */
const MAX_SMOOTH_PIXELS = 2 ** 23;
/** Pauses before each try to get a lost device back. After the last, another canvas is the better hope. */
const RETRY_MILLIS = [0, 300, 1000, 3000];

/**
 * Made without a device: worlds are meshed while one wakes, and `start` draws them. A device that is lost
 * leaves it in that same state.
 */
export class Scene implements Renderer {
  onLost: ((info: LostInfo) => void) | null = null;
  #gpu: GpuBackend | null = null;
  #open: OpenBackend | null = null;
  #backend: Backend = "webgpu";
  #device = "";
  #world: VoxelWorld | null = null;
  #unfollow: () => void = () => undefined;
  #looks: Looks = looks([]);
  readonly #chunks = new Map<number, Placed>();
  readonly #queue: MeshQueue;
  #camera: Camera = DEFAULT_CAMERA;
  #options: RenderOptions = EXACT;
  #overlays: Overlays = {};
  #geometry: OverlayGeometry = NO_OVERLAYS;
  #request = 0;
  #drawn: (() => void)[] = [];
  #destroyed = false;
  #hasShown = false;
  readonly #resize: ResizeObserver;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.#queue = new MeshQueue(
      (chunk, mesh) => this.#place(chunk, mesh),
      (chunk) => this.#distance(chunk),
    );
    this.#resize = new ResizeObserver(([entry]) => this.#fit(entry));
    // Where a browser cannot tell the exact size in device pixels, the nearest whole number has to do.
    const exact = "devicePixelContentBoxSize" in ResizeObserverEntry.prototype;
    this.#resize.observe(canvas, exact ? { box: "device-pixel-content-box" } : {});
    this.#fit();
  }

  /** Draws with what `open` opens. Throws what that throws; another way may be tried then. */
  async start(open: OpenBackend): Promise<void> {
    const gpu = await open(this.canvas, (reason) => void this.#recover(reason));
    this.#open = open;
    this.#adopt(gpu);
  }

  get backend(): Backend {
    return this.#backend;
  }

  get device(): string {
    return this.#device;
  }

  get chunkBytes(): number {
    return this.#gpu?.chunkBytes ?? 0;
  }

  setWorld(world: VoxelWorld | null): void {
    if (world?.size.some((n) => n > MAX_SIDE)) throw new RangeError(`world: expected at most ${MAX_SIDE} cells on every axis, got ${world.size.join(" x ")}`);
    this.#unfollow();
    const alike = this.#world !== null && world !== null && world.size.every((n, i) => n === this.#world!.size[i]);
    this.#world = world;
    this.#unfollow = world?.onChange((dirty) => this.#queue.add(dirty)) ?? (() => undefined);
    // Chunks of a world of the same size stay on screen until theirs are there: nothing flickers.
    if (!alike) for (const chunk of [...this.#chunks.keys()]) this.#drop(chunk);
    this.#looks = looks(world?.blocks ?? []);
    this.#gpu?.setLooks(this.#looks);
    if (world) milestone("world");
    this.#queue.setWorld(world, this.#options.soft);
    this.#updateOverlays();
  }

  updateChunks(dirty: Iterable<number>): void {
    this.#queue.add(dirty);
  }

  setCamera(camera: Camera): void {
    this.#camera = camera;
    this.requestFrame();
  }

  setOptions(options: Partial<RenderOptions>): void {
    const before = this.#options;
    this.#options = { ...before, ...options };
    if (this.#options.soft !== before.soft) this.#queue.setWorld(this.#world, this.#options.soft);
    this.requestFrame();
  }

  setOverlays(overlays: Overlays): void {
    this.#overlays = overlays;
    this.#updateOverlays();
  }

  requestFrame(): void {
    if (this.#request !== 0 || this.#destroyed) return;
    this.#request = requestAnimationFrame(() => {
      this.#request = 0;
      this.#draw();
    });
  }

  pick(x: number, y: number): Hit | null {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return this.#world && width > 0 && height > 0 ? pickFace(this.#world, this.#camera, width / height, x / width, y / height) : null;
  }

  pickHandle(x: number, y: number): { box: number; handle: number } | null {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return this.#world && width > 0 && height > 0 ? handleAt(this.#overlays, this.#world, viewProjection(this.#camera, width / height), width, height, x, y) : null;
  }

  async readPixels(width: number, height: number): Promise<ImageData> {
    for (const side of [width, height])
      if (!Number.isInteger(side) || side < 1 || side > MAX_PICTURE_SIDE) throw new RangeError(`picture: expected 1 to ${MAX_PICTURE_SIDE} pixels a side, got ${width} x ${height}`);
    await this.#queue.idle();
    if (!this.#gpu) throw new Error("the graphics device is lost");
    return new ImageData(await this.#gpu.read(this.#frame(width, height, 1, false)), width, height);
  }

  meshed(): Promise<void> {
    return this.#queue.idle();
  }

  async settled(): Promise<void> {
    do {
      await this.#queue.idle();
      await new Promise<void>((resolve) => {
        this.#drawn.push(resolve);
        this.requestFrame();
      });
    } while (this.#queue.busy);
    await this.#gpu?.finished();
  }

  destroy(): void {
    this.#destroyed = true;
    cancelAnimationFrame(this.#request);
    this.#unfollow();
    this.#resize.disconnect();
    this.#queue.destroy();
    this.#gpu?.destroy();
    this.#gpu = null;
    this.#chunks.clear();
  }

  /** Gives a new device all that there is to draw. */
  #adopt(gpu: GpuBackend): void {
    if (this.#destroyed) {
      gpu.destroy();
      return;
    }
    milestone("device");
    this.#gpu = gpu;
    this.#backend = gpu.kind;
    this.#device = gpu.device;
    gpu.setLooks(this.#looks);
    gpu.setOverlays(this.#geometry);
    for (const { chunk, mesh } of this.#chunks.values()) gpu.setChunk(chunk, mesh);
    this.requestFrame();
  }

  /** The device of this renderer went away: tell, get it back, and give it all that it had. */
  async #recover(reason: string): Promise<void> {
    const open = this.#open;
    if (this.#destroyed || !this.#gpu || !open) return;
    this.#gpu.destroy();
    this.#gpu = null;
    this.onLost?.({ reason, recovered: false, final: false });
    for (const pause of RETRY_MILLIS) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.#isDestroyed()) return;
      try {
        this.#adopt(await open(this.canvas, (again) => void this.#recover(again)));
        if (!this.#isDestroyed()) this.onLost?.({ reason, recovered: true, final: false });
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    this.onLost?.({ reason, recovered: false, final: true });
  }

  #isDestroyed(): boolean {
    return this.#destroyed;
  }

  #draw(): void {
    const { width, height, clientWidth } = this.canvas;
    // A canvas that is not on the page yet has no size to draw for.
    if (this.#gpu && width > 0 && height > 0 && clientWidth > 0) {
      const frame = this.#frame(width, height, width / clientWidth, true);
      this.#gpu.draw(frame);
      if (!this.#hasShown && frame.ranges.length > 0 && !this.#queue.busy) {
        this.#hasShown = true;
        milestone("drawn");
        void this.#gpu.finished().then(() => milestone("first-picture"));
      }
    }
    const waiting = this.#drawn;
    this.#drawn = [];
    for (const resolve of waiting) resolve();
  }

  #frame(width: number, height: number, pixelRatio: number, overlays: boolean): Frame {
    const camera = this.#camera;
    const clipFromWorld = viewProjection(camera, width / height);
    const size: Vec3 = this.#world?.size ?? [1, 1, 1];
    const worldScale = this.#world?.worldScale ?? 1;
    const clipFromGrid = multiply(clipFromWorld, worldFromGrid(size, worldScale));
    const { right, up, backward } = axes(camera);
    const half = Math.tan((camera.fovYDegrees * Math.PI) / 360);
    const across = scale(right, (half * width) / height);
    const upward = scale(up, half);
    const { ambientOcclusion, soft, antialias, background } = this.#options;
    return {
      width,
      height,
      clipFromGrid,
      clipFromWorld,
      rays: { corner: add(scale(backward, -1), scale(add(across, upward), -1)), right: across, up: upward },
      ranges: visibleRanges(this.#chunks.values(), clipFromGrid, gridPoint(size, worldScale, camera.eye)),
      ambientOcclusion,
      soft: soft && this.#world?.occupancy != null,
      antialias: antialias && width * height <= MAX_SMOOTH_PIXELS,
      background,
      overlays,
      pixelRatio,
    };
  }

  #place(chunk: number, mesh: ChunkMesh): void {
    if (!this.#world) return;
    if (mesh.faces.length === 0) {
      this.#drop(chunk);
    } else {
      this.#chunks.set(chunk, { chunk, origin: this.#origin(chunk), mesh });
      this.#gpu?.setChunk(chunk, mesh);
    }
    if (!this.#queue.busy) milestone("meshed");
    this.requestFrame();
  }

  #drop(chunk: number): void {
    const had = this.#chunks.get(chunk);
    if (!had) return;
    this.#chunks.delete(chunk);
    this.#gpu?.setChunk(chunk, { ...had.mesh, faces: new Uint32Array(0) });
  }

  #origin(chunk: number): Vec3 {
    const [cx, cy] = this.#world!.chunks;
    return [(chunk % cx) * CHUNK, (Math.floor(chunk / cx) % cy) * CHUNK, Math.floor(chunk / (cx * cy)) * CHUNK];
  }

  #distance(chunk: number): number {
    const world = this.#world;
    if (!world) return 0;
    const eye = gridPoint(world.size, world.worldScale, this.#camera.eye);
    const origin = this.#origin(chunk);
    return Math.hypot(...origin.map((o, i) => o + CHUNK / 2 - eye[i]!));
  }

  #updateOverlays(): void {
    this.#geometry = overlayGeometry(this.#overlays, this.#world);
    this.#gpu?.setOverlays(this.#geometry);
    this.requestFrame();
  }

  /** The canvas gets one pixel for each of the screen's. */
  #fit(entry?: ResizeObserverEntry): void {
    const exact = (entry?.devicePixelContentBoxSize)?.[0];
    const width = exact?.inlineSize ?? Math.round(this.canvas.clientWidth * devicePixelRatio);
    const height = exact?.blockSize ?? Math.round(this.canvas.clientHeight * devicePixelRatio);
    if (width < 1 || height < 1 || (this.canvas.width === width && this.canvas.height === height)) return;
    this.canvas.width = Math.min(width, MAX_PICTURE_SIDE);
    this.canvas.height = Math.min(height, MAX_PICTURE_SIDE);
    // A canvas is blank after a change of size; waiting for the next frame would flicker.
    this.#draw();
  }
}

/** For whoever measures: how far the first picture is, each once a page. "first-picture": a world is there, whole. */
function milestone(name: "device" | "world" | "meshed" | "drawn" | "first-picture"): void {
  const mark = `voxcore:${name}`;
  if (performance.getEntriesByName(mark).length === 0) performance.mark(mark);
}

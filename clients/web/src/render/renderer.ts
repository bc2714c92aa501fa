/** What draws a world. Two backends, one picture: WebGPU, and WebGL2 where there is none. */
import type { Rgb, Vec3, VoxelWorld } from "../world/voxels";
import type { Camera } from "./camera";

export type Backend = "webgpu" | "webgl2";

/** The face under a point of the canvas. */
export interface Hit {
  readonly cell: Vec3;
  /** Outward normal of the face: the cell to build on is `cell + normal`. */
  readonly normal: Vec3;
  /** Palette index of the block. */
  readonly block: number;
  /** Where the ray meets the face, world units. */
  readonly point: Vec3;
  /** Along the viewing axis, world units. */
  readonly distance: number;
}

export interface RenderOptions {
  /** Darkens corners. Off keeps the exact colours of blocks. */
  ambientOcclusion: boolean;
  /** Shows cells that are still undecided as such, where the world has an occupancy. */
  soft: boolean;
  /** "sky" is the editor's background and exact; "clear" leaves the canvas transparent. */
  background: "sky" | "gradient" | "clear";
}

/** A box of cells: low inclusive, high exclusive. */
export interface Box {
  readonly low: Vec3;
  readonly high: Vec3;
  readonly color: Rgb;
  /** Draws a handle on the middle of each side; `active` is the one under the pointer (0..5: +x -x +y -y +z -z). */
  readonly handles?: boolean;
  readonly active?: number;
}

/** A camera drawn as a pyramid. */
export interface Frustum {
  readonly camera: Camera;
  readonly aspect: number;
  readonly color: Rgb;
  /** Length of the pyramid, world units. */
  readonly length: number;
}

export interface Overlays {
  readonly boxes?: readonly Box[];
  /** Cell under the pointer. */
  readonly cursor?: { readonly cell: Vec3; readonly color: Rgb } | null;
  readonly frusta?: readonly Frustum[];
  /** Lines on the ground, one a chunk. */
  readonly grid?: boolean;
}

export interface LostInfo {
  readonly reason: string;
  /** Whether the renderer has rebuilt itself. */
  readonly recovered: boolean;
}

export interface Renderer {
  readonly backend: Backend;
  /** What draws, for people: vendor and name as the browser tells. */
  readonly device: string;
  /** Shows `world` and follows its changes; null shows nothing. */
  setWorld(world: VoxelWorld | null): void;
  /** Meshes chunks anew. Changes made through the world's own methods need no call. */
  updateChunks(dirty: Iterable<number>): void;
  setCamera(camera: Camera): void;
  setOptions(options: Partial<RenderOptions>): void;
  setOverlays(overlays: Overlays): void;
  /** Draws once, soon. Every setter asks for that by itself. */
  requestFrame(): void;
  /** Point in CSS pixels from the canvas's top left. */
  pick(x: number, y: number): Hit | null;
  /** The handle of `overlays.boxes[box]` under a point, as in Box.active. */
  pickHandle(x: number, y: number): { readonly box: number; readonly handle: number } | null;
  /** The picture without overlays, at any size up to 8192. Rejects with RangeError. */
  readPixels(width: number, height: number): Promise<ImageData>;
  /** Resolves once all chunks are meshed and drawn. */
  settled(): Promise<void>;
  destroy(): void;
  /** Called when the device is lost, and again when it is back. */
  onLost: ((info: LostInfo) => void) | null;
}

/** Neither backend works here. */
export class RendererUnavailable extends Error {
  override readonly name = "RendererUnavailable";
  constructor(readonly reasons: Readonly<Record<Backend, string>>) {
    super(`No way to draw was found. WebGPU: ${reasons.webgpu}. WebGL2: ${reasons.webgl2}.`);
  }
}

export interface RendererChoice {
  /** Only this one, or the best that works. */
  readonly backend?: Backend | "auto";
}

/** Rejects with RendererUnavailable where neither backend works. */
export function createRenderer(_canvas: HTMLCanvasElement, _choice: RendererChoice = {}): Promise<Renderer> {
  return Promise.reject(new RendererUnavailable({ webgpu: "not built yet", webgl2: "not built yet" }));
}

/** What draws a world. Two backends, one picture: WebGPU, and WebGL2 where there is none. */
import type { VoxelWorld } from "../world/voxels";
import type { Background, OpenBackend } from "./backend";
import type { Camera } from "./camera";
import type { Overlays } from "./overlays";
import type { Hit } from "./pick";
import { Scene } from "./scene";
import { openWebGl2 } from "./webgl2/open";
import { openWebGpu } from "./webgpu/open";

export type { Box, Frustum, Overlays } from "./overlays";
export type { Hit } from "./pick";

export type Backend = "webgpu" | "webgl2";

export interface RenderOptions {
  /** Darkens corners. Off (the default) keeps the exact colours of blocks. */
  ambientOcclusion: boolean;
  /** Shows cells that are still undecided as such, where the world has an occupancy. */
  soft: boolean;
  /** Smooths edges. Off (the default), every pixel has the colour of one face, exactly. */
  antialias: boolean;
  /** "sky" (the default) is the editor's background and exact; "clear" leaves the canvas transparent. */
  background: Background;
}

/** As the library draws: the exact colours of blocks, before the editor's sky. */
export const EXACT: RenderOptions = { ambientOcclusion: false, soft: false, antialias: false, background: "sky" };

export interface LostInfo {
  readonly reason: string;
  /** Whether the renderer has rebuilt itself. */
  readonly recovered: boolean;
  /** Whether it has given up: destroy it, and make another on a new canvas. */
  readonly final: boolean;
}

export interface Renderer {
  readonly backend: Backend;
  /** What draws, for people: vendor and name as the browser tells. */
  readonly device: string;
  /** Bytes of GPU memory that the world's faces take. */
  readonly chunkBytes: number;
  /** Shows `world` and follows its changes; null shows nothing. Throws RangeError for a side above 512. */
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
  /** The picture without overlays, at any size up to 8192, once all chunks are meshed. Rejects with RangeError. */
  readPixels(width: number, height: number): Promise<ImageData>;
  /** Resolves once all chunks are meshed. */
  meshed(): Promise<void>;
  /** Resolves once all chunks are meshed and drawn. */
  settled(): Promise<void>;
  destroy(): void;
  /** Called when the device is lost, and again when it is back or given up. */
  onLost: ((info: LostInfo) => void) | null;
}

/** Neither backend works here. */
export class RendererUnavailable extends Error {
  override readonly name = "RendererUnavailable";
  constructor(readonly reasons: Readonly<Partial<Record<Backend, string>>>) {
    const said = Object.entries(reasons).map(([backend, reason]) => `${backend === "webgpu" ? "WebGPU" : "WebGL2"}: ${reason}.`);
    super(`This browser offers no way to draw. ${said.join(" ")}`);
  }
}

export interface RendererChoice {
  /** Only this one, or ("auto") the best that works. */
  readonly backend?: Backend | "auto";
  /** Those that are not tried, and why. */
  readonly without?: Readonly<Partial<Record<Backend, string>>>;
  /** Called at once, before there is a device: the world that is set here is meshed while one wakes. */
  readonly prepare?: (renderer: Renderer) => void;
}

/** What `?renderer=` of a page's address says. */
export function rendererChoice(search: string): RendererChoice {
  const asked = new URLSearchParams(search).get("renderer");
  return { backend: asked === "webgpu" || asked === "webgl2" ? asked : "auto" };
}

const WAYS: readonly (readonly [Backend, OpenBackend])[] = [
  ["webgpu", openWebGpu],
  ["webgl2", openWebGl2],
];

/**
 * A renderer on `canvas`, which must have no context yet. WebGPU is used only where an adapter, a device
 * and a small drawing on a canvas of its own work. Rejects with RendererUnavailable where nothing does.
 */
export async function createRenderer(canvas: HTMLCanvasElement, { backend = "auto", without = {}, prepare }: RendererChoice = {}): Promise<Renderer> {
  const reasons: Partial<Record<Backend, string>> = { ...without };
  const scene = new Scene(canvas);
  prepare?.(scene);
  for (const [kind, open] of WAYS) {
    if ((backend !== "auto" && backend !== kind) || kind in without) continue;
    try {
      await scene.start(open);
      return scene;
    } catch (error) {
      reasons[kind] = error instanceof Error ? error.message : String(error);
    }
  }
  scene.destroy();
  throw new RendererUnavailable(reasons);
}

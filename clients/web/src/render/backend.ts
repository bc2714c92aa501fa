/** What a graphics API has to do; everything else is the scene's and the same for both. */
import type { DrawRange } from "./culling";
import type { ChunkMesh } from "./faces";
import type { Mat4 } from "./matrix";
import type { OverlayGeometry } from "./overlays";
import type { Looks } from "./shading";
import type { Backend } from "./renderer";

export type Background = "sky" | "gradient" | "clear";

/** A picture to draw. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly clipFromGrid: Mat4;
  /** For the overlays, which are in world space. */
  readonly clipFromWorld: Mat4;
  /** From the camera through the picture's corners, world space: of (-1, -1), and what x and y add per unit. */
  readonly rays: { readonly corner: readonly number[]; readonly right: readonly number[]; readonly up: readonly number[] };
  readonly ranges: readonly DrawRange[];
  readonly ambientOcclusion: boolean;
  readonly soft: boolean;
  readonly antialias: boolean;
  readonly background: Background;
  readonly overlays: boolean;
  /** Device pixels per CSS pixel: widths of lines and sizes of handles. */
  readonly pixelRatio: number;
}

export interface GpuBackend {
  readonly kind: Backend;
  readonly device: string;
  /** Bytes that it holds for chunks: what must not grow. */
  readonly chunkBytes: number;
  setLooks(looks: Looks): void;
  /** An empty mesh frees what the chunk had. */
  setChunk(chunk: number, mesh: ChunkMesh): void;
  setOverlays(geometry: OverlayGeometry): void;
  /** Draws to the canvas, whose size is the frame's. */
  draw(frame: Frame): void;
  /** Draws off screen: RGBA rows from the top, as Uint8ClampedArray of width * height * 4. */
  read(frame: Frame): Promise<Uint8ClampedArray<ArrayBuffer>>;
  /** Resolves once everything that was drawn is done. */
  finished(): Promise<void>;
  destroy(): void;
}

/** Opens a backend on a canvas. `lost` is called once when the device goes; the backend is dead then. */
export type OpenBackend = (canvas: HTMLCanvasElement, lost: (reason: string) => void) => Promise<GpuBackend>;

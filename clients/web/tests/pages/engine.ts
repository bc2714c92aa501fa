/** The engine alone on a page, with what browser tests ask of it on `window.engine`. */
import { framing, type Camera } from "../../src/render/camera";
import { Controls } from "../../src/render/controls";
import { createRenderer, RendererUnavailable, type LostInfo, type Renderer } from "../../src/render/renderer";
import { withFaceTiles } from "../../src/world/faceTiles";
import { parseMapJson } from "../../src/world/mapJson";
import { VoxelWorld, type Block } from "../../src/world/voxels";
import * as worlds from "./worlds";

export interface View extends Camera {
  readonly width: number;
  readonly height: number;
}

export interface Compared {
  /** Pixels near an edge, and those elsewhere that differ, and the largest difference there. */
  readonly pixels: number;
  readonly nearEdge: number;
  readonly wrong: number;
  readonly largest: number;
  readonly wrongNearEdge: number;
  readonly colors: number;
}

const engine = {
  renderer: null as Renderer | null,
  world: null as VoxelWorld | null,
  lost: [] as LostInfo[],
  worlds,

  /** The backend and device, or the reasons why there is none. */
  async create(backend: "auto" | "webgpu" | "webgl2"): Promise<{ backend: string; device: string } | { reasons: object; message: string }> {
    const canvas = document.createElement("canvas");
    document.body.replaceChildren(canvas);
    try {
      engine.renderer = await createRenderer(canvas, { backend });
    } catch (error) {
      if (error instanceof RendererUnavailable) return { reasons: error.reasons, message: error.message };
      throw error;
    }
    engine.renderer.onLost = (info) => void engine.lost.push(info);
    return { backend: engine.renderer.backend, device: engine.renderer.device };
  },

  show(world: VoxelWorld | null): Promise<void> {
    engine.world = world;
    engine.renderer!.setWorld(world);
    return engine.renderer!.settled();
  },

  /** The blocks of a map.json's text with the pictures that it carries. */
  async tiles(text: string): Promise<(readonly number[] | null)[]> {
    const { world, document } = parseMapJson(text);
    const found = await withFaceTiles(world, document);
    return found.blocks.slice(12).map((block) => (block.textures?.side ? [...block.textures.side.pixels.slice(0, 8)] : null));
  },

  async load(folder: string): Promise<View[]> {
    const about = (await (await fetch(`${folder}/world.json`)).json()) as { size: [number, number, number]; worldScale: number; palette: Block[]; views: View[] };
    const ids = new Uint8Array(await (await fetch(`${folder}/world.bin`)).arrayBuffer());
    await engine.show(new VoxelWorld(about.size, about.palette, about.worldScale, ids));
    return about.views;
  },

  /** RGBA of a picture, as plain numbers. */
  async pixels(width: number, height: number): Promise<number[]> {
    return [...(await engine.renderer!.readPixels(width, height)).data];
  },

  /** How often each colour (RGBA in hexadecimal) is in a picture. */
  async colors(width: number, height: number): Promise<Record<string, number>> {
    const { data } = await engine.renderer!.readPixels(width, height);
    const found: Record<string, number> = {};
    for (const pixel of new Uint32Array(data.buffer)) {
      const name = (((pixel & 0xff) << 24) | ((pixel & 0xff00) << 8) | ((pixel >> 8) & 0xff00) | (pixel >>> 24)) >>> 0;
      const key = name.toString(16).padStart(8, "0");
      found[key] = (found[key] ?? 0) + 1;
    }
    return found;
  },

  frame(direction?: [number, number, number]): Camera {
    const { size, worldScale } = engine.world!;
    const camera = framing(size, worldScale, { aspect: innerWidth / innerHeight, ...(direction ? { direction } : {}) });
    engine.renderer!.setCamera(camera);
    return camera;
  },

  /** Controls on the canvas; where the camera is, is `camera`. */
  camera: null as Camera | null,
  control(): void {
    engine.camera = engine.frame();
    const canvas = document.querySelector("canvas")!;
    canvas.tabIndex = 0;
    const controls = new Controls(canvas, {
      camera: () => engine.camera!,
      onCamera: (camera) => {
        engine.camera = camera;
        engine.renderer!.setCamera(camera);
      },
      pick: (x, y) => engine.renderer!.pick(x, y),
      home: () => engine.frame(),
    });
    engine.controls = controls;
  },
  controls: null as Controls | null,

  async compare(url: string, view: View): Promise<Compared> {
    const { width, height } = view;
    engine.renderer!.setCamera(view);
    const [{ data }, wanted] = await Promise.all([engine.renderer!.readPixels(width, height), fetch(url).then(async (r) => new Uint8Array(await r.arrayBuffer()))]);
    const pixels = width * height;
    const out = { pixels, nearEdge: 0, wrong: 0, largest: 0, wrongNearEdge: 0 };
    const colors = new Set<number>();
    for (let i = 0; i < pixels; i++) {
      let off = Math.abs(255 - data[4 * i + 3]!);
      for (let c = 0; c < 3; c++) off = Math.max(off, Math.abs(data[4 * i + c]! - wanted[3 * i + c]!));
      colors.add((data[4 * i]! << 16) | (data[4 * i + 1]! << 8) | data[4 * i + 2]!);
      const edge = wanted[3 * pixels + i] === 1;
      if (edge) out.nearEdge++;
      if (off === 0) continue;
      if (edge) out.wrongNearEdge++;
      else {
        out.wrong++;
        out.largest = Math.max(out.largest, off);
      }
    }
    return { ...out, colors: colors.size };
  },
};

declare global {
  interface Window {
    engine: typeof engine;
  }
}
window.engine = engine;

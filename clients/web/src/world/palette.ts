/** The editor's blocks, for maps that are opened without a server. Entry 0 is Air. */
import type { Block, Rgb } from "./voxels";

/** Palette indices travel as one byte: 255 blocks and Air. */
export const MAX_BLOCKS = 255;
/** The look of a name that no palette defines. */
export const UNKNOWN_COLOR: Rgb = [1, 0, 1];

const AIR: Block = { name: "Air", editorId: 0, top: [0, 0, 0], bottom: [0, 0, 0], side: [0, 0, 0] };

export const EDITOR_PALETTE: readonly Block[] = [
  AIR,
  block("Grass", 1, [0.34, 0.68, 0.36], [0.4, 0.3, 0.16], [0.45, 0.58, 0.3]),
  block("Dirt", 2, [0.42, 0.32, 0.2], [0.38, 0.26, 0.16], [0.4, 0.3, 0.18]),
  block("Stone", 3, [0.58, 0.6, 0.64], [0.55, 0.57, 0.6], [0.56, 0.58, 0.62]),
  block("Plank", 4, [0.78, 0.68, 0.5], [0.72, 0.6, 0.42], [0.74, 0.63, 0.45]),
  block("Snow", 5, [0.92, 0.94, 0.96], [0.9, 0.92, 0.94], [0.88, 0.9, 0.93]),
  block("Sand", 6, [0.88, 0.82, 0.6], [0.86, 0.78, 0.56], [0.87, 0.8, 0.58]),
  block("Water", 7, [0.22, 0.4, 0.66], [0.2, 0.34, 0.6], [0.2, 0.38, 0.64]),
  block("AlpineRock", 8, [0.45, 0.48, 0.52], [0.43, 0.46, 0.5], [0.44, 0.47, 0.51]),
  block("AlpineGrass", 9, [0.26, 0.58, 0.32], [0.22, 0.44, 0.28], [0.24, 0.5, 0.3]),
  block("GlacierIce", 10, [0.78, 0.88, 0.96], [0.72, 0.82, 0.9], [0.74, 0.84, 0.92]),
  block("Gravel", 11, [0.52, 0.52, 0.5], [0.48, 0.48, 0.46], [0.5, 0.5, 0.48]),
];

function block(name: string, editorId: number, top: Rgb, bottom: Rgb, side: Rgb): Block {
  return { name, editorId, top, bottom, side };
}

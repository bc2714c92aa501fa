/** Worlds that tests draw. */
import { VoxelWorld, type Block, type FaceTexture, type Rgb } from "../../src/world/voxels";

function block(name: string, editorId: number, top: Rgb, bottom: Rgb = top, side: Rgb = top): Block {
  return { name, editorId, top, bottom, side };
}

export const PALETTE: readonly Block[] = [
  block("Air", 0, [0, 0, 0]),
  block("Grass", 1, [0.34, 0.68, 0.36], [0.4, 0.3, 0.16], [0.45, 0.58, 0.3]),
  block("Dirt", 2, [0.42, 0.32, 0.2], [0.38, 0.26, 0.16], [0.4, 0.3, 0.18]),
  block("Stone", 3, [0.58, 0.6, 0.64], [0.55, 0.57, 0.6], [0.56, 0.58, 0.62]),
  block("Water", 7, [0.22, 0.4, 0.66], [0.2, 0.34, 0.6], [0.2, 0.38, 0.64]),
];

/** Rolling hills up to `side` / 2, stone below, with water in the valleys. */
export function terrain(side: number): VoxelWorld {
  const world = new VoxelWorld([side, side, side], PALETTE, 2);
  for (let z = 0; z < side; z++)
    for (let x = 0; x < side; x++) {
      const hills = Math.sin(x / 17) * Math.cos(z / 23) + 0.5 * Math.sin((x + z) / 9) + 0.25 * Math.cos((x - 2 * z) / 5);
      const height = Math.max(2, Math.floor(side * (0.25 + 0.12 * hills)));
      for (let y = 0; y < height; y++) world.ids[world.index(x, y, z)] = y === height - 1 ? 1 : y > height - 4 ? 2 : 3;
      for (let y = height; y < side * 0.2; y++) world.ids[world.index(x, y, z)] = 4;
    }
  return world;
}

/** A picture of two by two pixels: half of it see-through. */
export const CHECKER: FaceTexture = {
  width: 2,
  height: 2,
  pixels: Uint8ClampedArray.of(255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 0),
};

/** One custom block with a picture on its sides, in the middle of the world. */
export function textured(): VoxelWorld {
  const custom: Block = { ...block("Marble", 1000, [0.5, 0.5, 0.5]), textures: { side: CHECKER } };
  return new VoxelWorld([1, 1, 1], [PALETTE[0]!, custom], 2, Uint8Array.of(1));
}

/** A floor with a tower on it, and above the floor a slab that may or may not become blocks. */
export function undecided(): VoxelWorld {
  const world = new VoxelWorld([32, 16, 32], PALETTE, 2);
  world.occupancy = new Uint8Array(world.ids.length);
  for (let z = 0; z < 32; z++)
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 32; x++) {
        const cell = world.index(x, y, z);
        const tower = x > 12 && x < 18 && z > 12 && z < 18 && y < 10;
        if (y < 2 || tower) world.ids[cell] = y < 2 ? 1 : 3;
        world.occupancy[cell] = world.ids[cell] ? 255 : y < 12 && x < 10 ? 17 * (12 - y) : 0;
      }
  return world;
}

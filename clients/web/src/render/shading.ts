/** The editor's light: one sun, one sky, six faces, and so a small table of colours per palette. */
import type { Block, FaceTexture, Rgb, Vec3 } from "../world/voxels";
import { FACE_NORMALS } from "./faces";
import { dot, normalize, scale } from "./matrix";

export const SKY: Rgb = [0.53, 0.81, 0.92];
const HORIZON: Rgb = [0.18, 0.16, 0.12];
const SUN_COLOR: Rgb = [1, 0.97, 0.9];
/** The way sunlight travels. */
const SUN: Vec3 = normalize([-0.4, -0.85, -0.5]);
const AMBIENT = 0.55;
/** Of a cell that is air so far but may become a block, in the soft view. */
export const GHOST: Rgb = [0.86, 0.9, 0.97];
/** Of a block that a palette does not describe. */
const UNKNOWN: Rgb = [1, 0, 1];

const SLOTS = ["side", "side", "top", "bottom", "side", "side"] as const;

/** Ambient plus diffuse light on a face; may exceed 1. */
export function faceLight(face: number): Rgb {
  const normal = FACE_NORMALS[face]!;
  const up = Math.min(1, Math.max(0, normal[1] * 0.5 + 0.5));
  const diffuse = Math.max(0, dot(normal, scale(SUN, -1)));
  return [0, 1, 2].map((i) => AMBIENT * (HORIZON[i]! * (1 - up) + SKY[i]! * up) + diffuse * SUN_COLOR[i]!) as unknown as Rgb;
}

/** A colour as the canvas shows it: clamped and rounded to a whole number of 255ths. */
export function rounded(color: Rgb): Rgb {
  return color.map((c) => Math.floor(Math.min(1, Math.max(0, c)) * 255 + 0.5) / 255) as unknown as Rgb;
}

/** A colour that travelled as 32-bit floats, as it was: six digits are what those hold. */
function exact(color: Rgb): Rgb {
  return color.map((c) => Math.round(c * 1e6) / 1e6) as unknown as Rgb;
}

/** Floats of one entry of the table: lit colour and texture layer (-1 for none), plain colour and 0. */
export const LOOK_FLOATS = 8;
export const MAX_BLOCKS = 256;
/** Pictures of one world: what every WebGPU and WebGL2 has room for. Faces beyond have their plain colours. */
const MAX_LAYERS = 256;

export interface Looks {
  /** Entry 6 * block + face of LOOK_FLOATS floats, for all MAX_BLOCKS blocks. */
  readonly table: Float32Array<ArrayBuffer>;
  /** Pictures by layer. */
  readonly textures: readonly FaceTexture[];
}

/** What every face of every block looks like. */
export function looks(blocks: readonly Block[]): Looks {
  const table = new Float32Array(MAX_BLOCKS * 6 * LOOK_FLOATS);
  const textures: FaceTexture[] = [];
  for (let index = 0; index < MAX_BLOCKS; index++) {
    const block = blocks[index];
    for (let face = 0; face < 6; face++) {
      const slot = SLOTS[face]!;
      const color = exact(block?.[slot] ?? UNKNOWN);
      const light = faceLight(face);
      const lit = rounded([color[0] * light[0], color[1] * light[1], color[2] * light[2]]);
      const given = block?.textures?.[slot];
      if (given && !textures.includes(given) && textures.length < MAX_LAYERS) textures.push(given);
      const texture = given && textures.includes(given) ? given : undefined;
      table.set([...lit, texture ? textures.indexOf(texture) : -1, ...color, 0], (6 * index + face) * LOOK_FLOATS);
    }
  }
  return { table, textures };
}

/** Side of a layer of the texture array. */
export const TILE = 128;

/** A picture as TILE x TILE RGBA: every pixel is the nearest of the picture, so that block art stays crisp. */
export function tilePixels({ width, height, pixels }: FaceTexture): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(TILE * TILE * 4);
  for (let y = 0; y < TILE; y++)
    for (let x = 0; x < TILE; x++) {
      const from = 4 * (Math.floor(((x + 0.5) * width) / TILE) + width * Math.floor(((y + 0.5) * height) / TILE));
      out.set(pixels.subarray(from, from + 4), 4 * (x + TILE * y));
    }
  return out;
}

/** Halves of a TILE x TILE picture down to 1 x 1, itself first; colours are weighed by their alpha. */
export function mipmaps(tile: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const out = [tile];
  for (let side = TILE / 2; side >= 1; side /= 2) {
    const from = out.at(-1)!;
    const to = new Uint8Array(side * side * 4);
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const four = [0, 1, 2 * side, 2 * side + 1].map((step) => 4 * (2 * x + 2 * y * 2 * side + step));
        const alpha = four.reduce((sum, at) => sum + from[at + 3]!, 0);
        for (let c = 0; c < 3; c++) {
          const sum = four.reduce((total, at) => total + from[at + c]! * (alpha ? from[at + 3]! : 1), 0);
          to[4 * (x + side * y) + c] = Math.round(sum / (alpha || 4));
        }
        to[4 * (x + side * y) + 3] = Math.round(alpha / 4);
      }
    out.push(to);
  }
  return out;
}

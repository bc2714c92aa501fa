/** Pictures on the faces of custom blocks, from the wire and back onto it; see voxels.proto. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { FaceTextures, FaceTexturesSchema, PaletteEntry } from "../gen/vox/v1/voxels_pb";
import { decodePicture, SLOTS } from "../world/faceTiles";
import type { Block, BlockTextures, FaceTexture } from "../world/voxels";

/** The contract's bounds: pixels a side, and bytes of all pictures of a palette. */
const MAX_SIDE = 128;
const MAX_BYTES = 2 ** 18;

const decoded = new WeakMap<FaceTextures, BlockTextures>();

/** Unpacks a palette's pictures, for `texturesOf`; whether there are any. What is no picture is passed over. */
export async function decodeTextures(palette: readonly PaletteEntry[]): Promise<boolean> {
  const found = palette.flatMap(({ textures }) => (textures ? [textures] : []));
  await Promise.all(found.map(async (textures) => decoded.set(textures, await unpack(textures))));
  return found.length > 0;
}

/** The pictures of a block whose palette was given to `decodeTextures`; undefined where it has none. */
export function texturesOf(entry: PaletteEntry): BlockTextures | undefined {
  return entry.textures && decoded.get(entry.textures);
}

async function unpack(textures: FaceTextures): Promise<BlockTextures> {
  const found: { -readonly [slot in keyof BlockTextures]: BlockTextures[slot] } = {};
  for (const slot of SLOTS) {
    const texture = textures[slot].length > 0 ? await decodePicture(textures[slot] as Uint8Array<ArrayBuffer>, "image/png") : null;
    if (texture) found[slot] = texture;
  }
  return found;
}

/** What a request says of the pictures of `blocks`, by block; smaller where they would be more than a palette may have. */
export async function texturesMessage(blocks: readonly Block[]): Promise<ReadonlyMap<Block, MessageInitShape<typeof FaceTexturesSchema>>> {
  for (let side = MAX_SIDE; ; side /= 2) {
    let bytes = 0;
    const found = new Map<Block, MessageInitShape<typeof FaceTexturesSchema>>();
    for (const block of blocks) {
      const message: { -readonly [slot in (typeof SLOTS)[number]]?: Uint8Array<ArrayBuffer> } = {};
      for (const slot of SLOTS) {
        const texture = block.textures?.[slot];
        if (!texture) continue;
        message[slot] = await packed(texture, side);
        bytes += message[slot].length;
      }
      if (Object.keys(message).length > 0) found.set(block, message);
    }
    if (bytes <= MAX_BYTES) return found;
    if (side === 1) return new Map();
  }
}

/** A PNG of at most `side` pixels a side; every pixel is the nearest of the picture. */
async function packed({ width, height, pixels }: FaceTexture, side: number): Promise<Uint8Array<ArrayBuffer>> {
  const image = new ImageData(Math.min(width, side), Math.min(height, side));
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < image.width; x++) {
      const from = 4 * (Math.floor(((x + 0.5) * width) / image.width) + width * Math.floor(((y + 0.5) * height) / image.height));
      image.data.set(pixels.subarray(from, from + 4), 4 * (x + image.width * y));
    }
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
}

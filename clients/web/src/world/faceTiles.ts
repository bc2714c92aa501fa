/**
 * Pictures on the faces of custom blocks, where a map.json carries them: `faceTiles.<slot>.url` as a data: URL.
 * Other addresses lead to the editor's own server, which is not here: such faces show their plain colours.
 */
import { has, isObject, type JsonObject } from "./json";
import { pictureSize } from "./pictureSize";
import { VoxelWorld, type Block, type FaceTexture } from "./voxels";

export const SLOTS = ["top", "bottom", "side"] as const;
/** Text of one picture, and of all of a map's. */
const MAX_TEXT = 4 * 2 ** 20;
const MAX_ALL_TEXT = 32 * 2 ** 20;
const MAX_SIDE = 2048;
/** Of a picture before it is made smaller. */
const MAX_PIXELS = 2 ** 24;
const PICTURE = /^data:image\/(png|jpeg|webp|gif);base64,([A-Za-z0-9+/]+={0,2})$/;

/** Text of the picture on each face that has one, by block name and slot. What is no such picture is left out. */
export function faceTileUrls(document: JsonObject): Map<string, Map<(typeof SLOTS)[number], string>> {
  const found = new Map<string, Map<(typeof SLOTS)[number], string>>();
  const entries = has(document, "customBlocks") && Array.isArray(document.customBlocks) ? document.customBlocks : [];
  let left = MAX_ALL_TEXT;
  for (const entry of entries) {
    if (!isObject(entry) || typeof entry.name !== "string" || !isObject(entry.faceTiles)) continue;
    for (const slot of SLOTS) {
      const tile = entry.faceTiles[slot];
      const url = isObject(tile) ? tile.url : undefined;
      if (typeof url !== "string" || url.length > Math.min(MAX_TEXT, left) || !PICTURE.test(url)) continue;
      left -= url.length;
      found.set(entry.name, (found.get(entry.name) ?? new Map<(typeof SLOTS)[number], string>()).set(slot, url));
    }
  }
  return found;
}

/** The same world with its document's pictures on its blocks; the world itself where there are none. */
export async function withFaceTiles(world: VoxelWorld, document: JsonObject): Promise<VoxelWorld> {
  const urls = faceTileUrls(document);
  if (urls.size === 0) return world;
  const blocks = await Promise.all(world.blocks.map((block) => textured(block, urls.get(block.name))));
  return new VoxelWorld(world.size, blocks, world.worldScale, world.ids);
}

async function textured(block: Block, urls: ReadonlyMap<(typeof SLOTS)[number], string> | undefined): Promise<Block> {
  const textures: Partial<Record<(typeof SLOTS)[number], FaceTexture>> = {};
  for (const [slot, url] of urls ?? []) {
    const texture = await decode(url);
    if (texture) textures[slot] = texture;
  }
  return Object.keys(textures).length > 0 ? { ...block, textures } : block;
}

async function decode(url: string): Promise<FaceTexture | null> {
  const [, kind, data] = PICTURE.exec(url)!;
  return decodePicture(
    Uint8Array.from(atob(data!), (c) => c.charCodeAt(0)),
    `image/${kind!}`,
  );
}

/** null for what the browser cannot read as a picture, or what would unpack to more than a face can use. */
export async function decodePicture(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<FaceTexture | null> {
  try {
    const size = pictureSize(bytes);
    if (!size || size.width * size.height > MAX_PIXELS) return null;
    const image = await createImageBitmap(new Blob([bytes], { type }), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const width = Math.min(MAX_SIDE, image.width);
    const height = Math.min(MAX_SIDE, image.height);
    const context = new OffscreenCanvas(width, height).getContext("2d")!;
    context.imageSmoothingEnabled = false;
    context.drawImage(image, 0, 0, width, height);
    image.close();
    return { width, height, pixels: context.getImageData(0, 0, width, height).data };
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

/** A world as a message: the source of a job, or a map to store. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { VoxelEncoding, type VoxelGridSchema } from "../gen/vox/v1/voxels_pb";
import { texturesMessage } from "./faceTextures";
import type { Rgb, VoxelWorld } from "../world/voxels";

/** Packed off the main thread by the browser itself. */
export async function gridMessage(world: VoxelWorld): Promise<MessageInitShape<typeof VoxelGridSchema>> {
  const [x, y, z] = world.size;
  const packed = new Blob([world.ids as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("deflate"));
  const textures = await texturesMessage(world.blocks);
  return {
    dims: { x, y, z },
    palette: world.blocks.map((block) => {
      const { name, editorId, top, bottom, side } = block;
      return { name, editorId, top: color(top), bottom: color(bottom), side: color(side), ...(textures.has(block) ? { textures: textures.get(block)! } : {}) };
    }),
    worldScale: world.worldScale,
    encoding: VoxelEncoding.ZLIB,
    rawLength: world.ids.length,
    data: new Uint8Array(await new Response(packed).arrayBuffer()),
    zCount: z,
    partCount: 1,
  };
}

function color([red, green, blue]: Rgb): { red: number; green: number; blue: number } {
  return { red, green, blue };
}

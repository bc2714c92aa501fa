import { describe, expect, test } from "vitest";
import { CHUNK, VoxelWorld, type Block, type Vec3 } from "../world/voxels";
import { CORNER_BITS, FACE_CORNERS, FACE_NORMALS, quadIndices } from "./faces";
import { cross, subtract } from "./matrix";
import { chunkCells, isEmpty, meshChunk } from "./mesher";

const BLOCKS: Block[] = ["Air", "Stone", "Dirt"].map((name, editorId) => ({ name, editorId, top: [0, 0, 0], bottom: [0, 0, 0], side: [0, 0, 0] }));

function random(size: Vec3, seed = 7): VoxelWorld {
  let state = seed;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const ids = Uint8Array.from({ length: size[0] * size[1] * size[2] }, () => (next() < 0.4 ? 1 + Math.floor(next() * 2) : 0));
  return new VoxelWorld(size, BLOCKS, 1, ids);
}

interface Face {
  readonly cell: Vec3;
  readonly face: number;
  readonly block: number;
  readonly open: number;
  readonly occupancy: number;
}

function facesOf(world: VoxelWorld, soft = false): Face[] {
  const out: Face[] = [];
  for (let chunk = 0; chunk < world.chunkCount; chunk++) {
    const { faces, starts } = meshChunk(chunkCells(world, chunk, soft));
    for (let i = 0; i < faces.length / 2; i++) {
      const [a, b] = [faces[2 * i]!, faces[2 * i + 1]!];
      const face = a >>> 27;
      expect(i).toBeGreaterThanOrEqual(starts[face]!);
      expect(i).toBeLessThan(starts[face + 1]!);
      out.push({ cell: [a & 511, (a >> 9) & 511, (a >> 18) & 511], face, block: b & 255, open: (b >> 8) & 255, occupancy: b >>> 16 });
    }
  }
  return out;
}

const key = ({ cell, face, block }: Face) => `${cell.join(",")} ${face} ${block}`;

describe("mesher", () => {
  test("the faces are exactly those between a block and air, over all chunks", () => {
    for (const size of [[5, 6, 7], [CHUNK + 3, 9, 2 * CHUNK + 1]] as Vec3[]) {
      const world = random(size);
      const wanted: string[] = [];
      for (let i = 0; i < world.ids.length; i++) {
        const [x, y, z] = world.cell(i);
        if (world.ids[i])
          FACE_NORMALS.forEach((n, face) => {
            if (!world.at(x + n[0], y + n[1], z + n[2])) wanted.push(key({ cell: [x, y, z], face, block: world.ids[i]!, open: 0, occupancy: 0 }));
          });
      }
      expect(facesOf(world).map(key).sort()).toEqual(wanted.sort());
    }
  });

  test("a corner is as open as the cells around it leave it", () => {
    const world = new VoxelWorld([5, 5, 5], BLOCKS, 1);
    const set = (x: number, y: number, z: number) => (world.ids[world.index(x, y, z)] = 1);
    set(2, 1, 2);
    const top = () => facesOf(world).find(({ cell, face }) => cell.join() === "2,1,2" && face === 2)!.open;
    const levels = (packed: number) => [0, 1, 2, 3].map((corner) => (packed >> (2 * corner)) & 3);
    expect(levels(top())).toEqual([3, 3, 3, 3]);
    // Corners of +y: (0,0) (0,1) (1,1) (1,0) in x and z.
    set(1, 2, 2);
    expect(levels(top())).toEqual([2, 2, 3, 3]);
    set(2, 2, 1);
    expect(levels(top())).toEqual([0, 2, 3, 2]);
    set(3, 2, 3);
    expect(levels(top())).toEqual([0, 2, 2, 2]);
  });

  test("what is undecided gets faces of its own, and does not hide what is certain", () => {
    const world = new VoxelWorld([3, 1, 1], BLOCKS, 1, Uint8Array.of(1, 0, 0));
    world.occupancy = Uint8Array.of(255, 120, 17);
    const soft = facesOf(world, true);
    expect(soft.filter(({ cell }) => cell[0] === 0)).toHaveLength(6);
    expect(soft.filter(({ cell }) => cell[0] === 1).map(({ block, occupancy, face }) => [block, occupancy, face])).toEqual([0, 2, 3, 4, 5].map((face) => [0, 120, face]));
    expect(soft.filter(({ cell }) => cell[0] === 2)).toHaveLength(0);
    expect(facesOf(world)).toHaveLength(6);
  });

  test("an empty chunk is known to be one without meshing it", () => {
    const world = new VoxelWorld([2 * CHUNK, 4, 4], BLOCKS, 1);
    world.ids[world.index(CHUNK, 0, 0)] = 1;
    // The neighbour's block is in the padding: harmless, and not empty.
    expect([0, 1].map((chunk) => isEmpty(chunkCells(world, chunk, false)))).toEqual([false, false]);
    world.ids.fill(0);
    expect(isEmpty(chunkCells(world, 0, true))).toBe(true);
    world.occupancy = new Uint8Array(world.ids.length).fill(60);
    expect(isEmpty(chunkCells(world, 0, true))).toBe(false);
    expect(isEmpty(chunkCells(world, 0, false))).toBe(true);
  });
});

describe("corners of faces", () => {
  test("go counter-clockwise around the outward normal, as the packed ones do", () => {
    FACE_CORNERS.forEach((corners, face) => {
      const [a, b, c] = corners as [Vec3, Vec3, Vec3, Vec3];
      expect(cross(subtract(b, a), subtract(c, b)).map((x) => x + 0)).toEqual(FACE_NORMALS[face]!.map((x) => x + 0));
      const unpacked = [0, 1, 2, 3].map((i) => [0, 1, 2].map((axis) => (CORNER_BITS[face]! >> (5 * i + axis)) & 1));
      expect(unpacked).toEqual(corners.map((corner) => [...corner]));
    });
  });

  test("make two triangles each", () => {
    expect([...quadIndices(2)]).toEqual([0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7]);
  });
});

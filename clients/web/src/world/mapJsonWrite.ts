/**
 * A map.json, written: blocks in the editor's fill order (y outermost, then z, then x), one a line,
 * and everything that `parseMapJson` did not understand as it was.
 */
import { stringify, type Json, type JsonObject } from "./json";
import { SMALLEST_DERIVED, statedSize, worldConfig, worldScaleOf, type BlockExtra, type MapDocument } from "./mapJson";
import { EDITOR_PALETTE } from "./palette";
import type { Block, Rgb, Vec3, VoxelWorld } from "./voxels";

/** The text of a map.json; `source` is what the map's file said, null for a world that has none. */
export function writeMapJson(world: VoxelWorld, source: MapDocument | null = null): string {
  const document = updated(world, source);
  const members = Object.entries(document).map(([key, value]) => {
    return `${JSON.stringify(key)}: ${key === "blocks" ? blockLines(world, source?.extras) : stringify(value)}`;
  });
  return `{\n${members.join(",\n")}\n}\n`;
}

/** The document with the world's size, scale and custom blocks in it; what already says the same is left alone. */
function updated(world: VoxelWorld, source: MapDocument | null): JsonObject {
  const [x, y, z] = world.size;
  if (!source) {
    const worldConfig = { worldScale: world.worldScale, dimensions: { x, y, z } };
    return { sequence: null, worldScale: world.worldScale, worldConfig, blocks: [], customBlocks: missingEntries(world, {}, []) };
  }
  const document: Record<string, Json> = { ...source.document };
  let config = worldConfig(document);
  const stated = statedSize(document);
  if (!sameSize(stated ?? derivedSize(world), world.size)) {
    const { worldScale = world.worldScale, dimensions } = config as { worldScale?: Json; dimensions?: Json };
    config = { ...config, worldScale, dimensions: { ...((dimensions ?? {}) as JsonObject), x, y, z } };
    document.worldConfig = config;
  }
  if (worldScaleOf(document) !== world.worldScale) {
    document.worldScale = world.worldScale;
    if ("worldScale" in config) document.worldConfig = { ...config, worldScale: world.worldScale };
  }
  const entries = missingEntries(world, document, source.unknown);
  if (entries.length > 0) document.customBlocks = [...((document.customBlocks ?? []) as readonly Json[]), ...entries];
  return document;
}

function sameSize(a: Vec3, b: Vec3): boolean {
  return a.every((side, axis) => side === b[axis]);
}

/** What a reader of a file without dimensions will take for the size. */
function derivedSize(world: VoxelWorld): Vec3 {
  const size: [number, number, number] = [...SMALLEST_DERIVED];
  world.ids.forEach((id, index) => {
    if (id) world.cell(index).forEach((at, axis) => (size[axis] = Math.max(size[axis]!, at + 1)));
  });
  return size;
}

/** Custom block entries to add so that the editor knows every block of the world. */
function missingEntries(world: VoxelWorld, document: JsonObject, unknown: readonly string[]): Json[] {
  const listed = new Set(((document.customBlocks ?? []) as readonly JsonObject[]).map((entry) => entry.name));
  const own = world.blocks.slice(1).filter((block) => !listed.has(block.name) && !unknown.includes(block.name) && !isEditors(block));
  return own.map(({ name, editorId, top, bottom, side }) => {
    return { id: editorId, name, textureLayer: null, colors: { top: tidy(top), bottom: tidy(bottom), side: tidy(side) }, faceTiles: {} };
  });
}

/** Colours from the contract are float32: 0.34 and not 0.3400000035762787. */
function tidy(color: Rgb): Json {
  return color.map((c) => Number(c.toPrecision(7)));
}

/** Whether the editor has this very block by itself. */
function isEditors(block: Block): boolean {
  const own = EDITOR_PALETTE.find(({ name }) => name === block.name);
  const close = (slot: "top" | "bottom" | "side") => own![slot].every((c, i) => Math.abs(c - block[slot][i]!) < 1e-6);
  return own !== undefined && own.editorId === block.editorId && close("top") && close("bottom") && close("side");
}

function blockLines(world: VoxelWorld, extras: ReadonlyMap<number, BlockExtra> | undefined): string {
  const [sx, sy, sz] = world.size;
  const tails = world.blocks.map((block) => `], "blockType": ${JSON.stringify(block.name)}`);
  const lines: string[] = [];
  for (let y = 0; y < sy; y++) {
    for (let z = 0; z < sz; z++) {
      const row = sx * (y + sy * z);
      for (let x = 0; x < sx; x++) {
        const id = world.ids[row + x]!;
        if (id === 0) continue;
        const extra = extras?.get(row + x);
        const more = extra && extra.name === world.blocks[id]!.name ? `, ${stringify(extra.keys).slice(1, -1)}` : "";
        lines.push(`{"position": [${x}, ${y}, ${z}${tails[id]!}${more}}`);
      }
    }
  }
  return lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n]`;
}

/** Whether a document keeps its sequence number: a copy under another id gets none of its own. */
export function withoutSequence(source: MapDocument): MapDocument {
  return (source.document.sequence ?? null) === null ? source : { ...source, document: { ...source.document, sequence: null } };
}

/**
 * The editor's map.json, read. The present shape and two older ones (no `worldConfig`: the grid is
 * the blocks' extent, at least 64x48x64; `worldScale` only at the top). All that is not understood
 * stays in `document` and `extras` for `writeMapJson` (mapJsonWrite.ts).
 */
import { FormatError, getInteger, getList, getNumber, getObject, getText, has, isObject, parseObject, plain, shown, type Json, type JsonObject } from "./json";
import { EDITOR_PALETTE, MAX_BLOCKS, UNKNOWN_COLOR } from "./palette";
import { VoxelWorld, type Block, type Rgb, type Vec3 } from "./voxels";

export const DEFAULT_WORLD_SCALE = 2;
export const FIRST_CUSTOM_ID = 1000;
/** The least grid of a map that does not state its dimensions. */
export const SMALLEST_DERIVED: Vec3 = [64, 48, 64];
const MAX_WORLD_SCALE = 1e6;
/** A custom block without colours: its look is a texture. */
const DEFAULT_CUSTOM_COLOR: Rgb = [0.6, 0.6, 0.6];
const HALF_CHARACTER = /\p{Surrogate}/u;
const ENTRY_KEYS: ReadonlySet<string> = new Set(["position", "blockType"]);
/** The editor's menus print these with a space. */
const MENU_NAMES: readonly (readonly [string, string])[] = [
  ["Alpine Rock", "AlpineRock"],
  ["Alpine Grass", "AlpineGrass"],
  ["Glacier Ice", "GlacierIce"],
];

export interface MapLimits {
  readonly maxFileBytes: number;
  readonly maxCells: number;
}

/** As the server's defaults; ask InfoService for those in force. */
export const DEFAULT_LIMITS: MapLimits = { maxFileBytes: 64 * 2 ** 20, maxCells: 2 ** 24 };

/** Keys of one block besides its position and type; they hold while the block is still called `name`. */
export interface BlockExtra {
  readonly name: string;
  readonly keys: JsonObject;
}

/** All that a map.json says besides its blocks. */
export interface MapDocument {
  /** The JSON object, its `blocks` empty. */
  readonly document: JsonObject;
  /** By cell index. */
  readonly extras: ReadonlyMap<number, BlockExtra>;
  /** Names that no palette defines. */
  readonly unknown: readonly string[];
}

export interface LoadedMap extends MapDocument {
  readonly world: VoxelWorld;
}

/** Throws FormatError for a file above the limit, before it is read. */
export function checkFileSize(name: string, bytes: number, limits: MapLimits): void {
  if (bytes > limits.maxFileBytes) throw new FormatError(name, `expected at most ${readable(limits.maxFileBytes)}, got ${readable(bytes)}`);
}

/** The map in the text of a map.json. Throws FormatError with the path of the key at fault. */
export function parseMapJson(text: string, limits: MapLimits = DEFAULT_LIMITS, palette: readonly Block[] = EDITOR_PALETTE): LoadedMap {
  const document = parseObject(text, "map.json");
  const entries = getList(document, "blocks");
  const names: string[] = [];
  const positions = new Int32Array(entries.length * 3);
  entries.forEach((entry, i) => names.push(readEntry(entry, i, positions)));
  const stated = statedSize(document);
  const size = stated ?? derivedSize(positions);
  const cells = size[0] * size[1] * size[2];
  if (cells > limits.maxCells) {
    throw new FormatError(stated ? "worldConfig.dimensions" : "blocks", `expected at most ${limits.maxCells} cells, got ${size.join(" x ")}`);
  }
  const known = withCustomBlocks(palette, document);
  const indexOf = new Map(known.map((block, i) => [block.name, i]));
  for (const [menu, name] of MENU_NAMES) {
    const index = indexOf.get(name);
    if (index !== undefined && !indexOf.has(menu)) indexOf.set(menu, index);
  }
  const unknown = [...new Set(names.filter((name) => !indexOf.has(name)))];
  const blocks = withUnknownNames(known, unknown, indexOf);
  const world = new VoxelWorld(size, blocks, worldScaleOf(document));
  const taken = new Uint8Array(cells);
  const extras = new Map<number, BlockExtra>();
  names.forEach((name, i) => {
    const [x, y, z] = [positions[3 * i]!, positions[3 * i + 1]!, positions[3 * i + 2]!];
    const at = `blocks[${i}].position`;
    if (!world.contains(x, y, z)) throw new FormatError(at, `expected a position inside the grid ${size.join(" x ")}, got [${x}, ${y}, ${z}]`);
    const cell = world.index(x, y, z);
    if (taken[cell]) throw new FormatError(at, `expected every position once, got [${x}, ${y}, ${z}] again`);
    taken[cell] = 1;
    const id = indexOf.get(name)!;
    world.ids[cell] = id;
    const keys = Object.entries(entries[i] as JsonObject).filter(([key]) => !ENTRY_KEYS.has(key));
    if (keys.length > 0) extras.set(cell, { name: blocks[id]!.name, keys: Object.fromEntries(keys) });
  });
  return { world, document: { ...document, blocks: [] }, extras, unknown };
}

/** What a document says the size is; null where it says nothing. Throws FormatError. */
export function statedSize(document: JsonObject): Vec3 | null {
  const config = worldConfig(document);
  if (!has(config, "dimensions")) return null;
  const dimensions = getObject(config, "dimensions", "worldConfig.");
  const [x, y, z] = (["x", "y", "z"] as const).map((axis) => getInteger(dimensions, axis, "worldConfig.dimensions.")) as [number, number, number];
  if (Math.min(x, y, z) < 1) throw new FormatError("worldConfig.dimensions", `expected at least 1 on every axis, got ${x} x ${y} x ${z}`);
  return [x, y, z];
}

/** The newer place wins where both are there. Throws FormatError. */
export function worldScaleOf(document: JsonObject): number {
  const config = worldConfig(document);
  const [holder, where] = has(config, "worldScale") ? [config, "worldConfig."] : [document, ""];
  if (!has(holder, "worldScale")) return DEFAULT_WORLD_SCALE;
  const value = getNumber(holder, "worldScale", where);
  if (!(value > 0 && value <= MAX_WORLD_SCALE)) throw new FormatError(`${where}worldScale`, `expected a number above 0 and up to ${MAX_WORLD_SCALE}, got ${value}`);
  return value;
}

export function worldConfig(document: JsonObject): JsonObject {
  return has(document, "worldConfig") ? getObject(document, "worldConfig") : {};
}

function derivedSize(positions: Int32Array): Vec3 {
  const size: [number, number, number] = [...SMALLEST_DERIVED];
  for (let i = 0; i < positions.length; i++) size[i % 3] = Math.max(size[i % 3]!, positions[i]! + 1);
  return size;
}

function readEntry(entry: Json, i: number, positions: Int32Array): string {
  if (!isObject(entry)) throw new FormatError(`blocks[${i}]`, `expected an object, got ${shown(entry)}`);
  const name = entry.blockType;
  const position = entry.position;
  if (typeof name === "string" && Array.isArray(position) && position.length === 3) {
    let good = true;
    for (let axis = 0; axis < 3; axis++) {
      const value = plain((position as readonly Json[])[axis]!);
      good &&= typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
      if (good) positions[3 * i + axis] = value as number;
    }
    if (good) return name;
  }
  throw wrongEntry(entry, `blocks[${i}].`);
}

function wrongEntry(entry: JsonObject, where: string): FormatError {
  getText(entry, "blockType", where);
  const position = getList(entry, "position", where);
  if (position.length !== 3) return new FormatError(`${where}position`, `expected [x, y, z], got ${position.length} numbers`);
  return new FormatError(`${where}position`, `expected three whole numbers that are cells of the grid, got [${position.map(shown).join(", ")}]`);
}

/** The palette and the map's custom blocks behind it; one with the name of a known block redefines it in place. */
function withCustomBlocks(palette: readonly Block[], document: JsonObject): readonly Block[] {
  if (!has(document, "customBlocks")) return palette;
  const added = new Map<string, Block>();
  getList(document, "customBlocks").forEach((entry, i) => {
    const where = `customBlocks[${i}]`;
    const block = customBlock(entry, where);
    if (added.has(block.name) || block.name === "Air") throw new FormatError(`${where}.name`, `expected distinct names other than Air, got ${shown(block.name)}`);
    added.set(block.name, block);
  });
  const redefined = palette.map((block) => {
    const own = added.get(block.name);
    added.delete(block.name);
    return own ?? block;
  });
  return limited([...redefined, ...added.values()]);
}

function withUnknownNames(known: readonly Block[], names: readonly string[], indexOf: Map<string, number>): readonly Block[] {
  const nextId = Math.max(FIRST_CUSTOM_ID - 1, ...known.map((block) => block.editorId)) + 1;
  const added = names.map((name, i) => {
    checkName(name, "blocks.blockType");
    indexOf.set(name, known.length + i);
    return { name, editorId: nextId + i, top: UNKNOWN_COLOR, bottom: UNKNOWN_COLOR, side: UNKNOWN_COLOR };
  });
  return limited([...known, ...added]);
}

function limited(blocks: readonly Block[]): readonly Block[] {
  if (blocks.length > MAX_BLOCKS + 1) throw new FormatError("customBlocks", `expected at most ${MAX_BLOCKS} kinds of block, got ${blocks.length - 1}`);
  return blocks;
}

function customBlock(entry: Json, where: string): Block {
  if (!isObject(entry)) throw new FormatError(where, `expected an object, got ${shown(entry)}`);
  const name = getText(entry, "name", `${where}.`);
  checkName(name, `${where}.name`);
  const editorId = getInteger(entry, "id", `${where}.`);
  if (editorId < 0 || editorId >= 2 ** 31) throw new FormatError(`${where}.id`, `expected an id from 0 to 2147483647, got ${editorId}`);
  const given = has(entry, "colors") ? getObject(entry, "colors", `${where}.`) : {};
  const color = (slot: string): Rgb | undefined => (has(given, slot) ? rgb(given, slot, `${where}.colors.`) : undefined);
  const [top, bottom, side] = [color("top"), color("bottom"), color("side")];
  // A block that gives only some faces looks the same on the others; the side is most of it.
  const fallback = side ?? top ?? bottom ?? DEFAULT_CUSTOM_COLOR;
  return { name, editorId, top: top ?? fallback, bottom: bottom ?? fallback, side: fallback };
}

function rgb(parent: JsonObject, key: string, where: string): Rgb {
  const values = getList(parent, key, where).map(plain);
  if (values.length !== 3 || !values.every((v) => typeof v === "number" && v >= 0 && v <= 1)) {
    throw new FormatError(where + key, `expected three numbers in 0..1, got [${values.map(shown).join(", ")}]`);
  }
  return values as unknown as Rgb;
}

/** Throws FormatError for a block name that is empty, too long, or half a character. */
export function checkName(name: string, where: string): void {
  if (name.length < 1 || name.length > 128 || HALF_CHARACTER.test(name)) throw new FormatError(where, `expected a name of 1 to 128 characters, got ${shown(name)}`);
}

/** A number of bytes, for people. */
export function readable(count: number): string {
  return count < 2 ** 20 ? `${Math.ceil(count / 1024)} KiB` : `${(count / 2 ** 20).toFixed(1)} MiB`;
}

/**
 * JSON that somebody else wrote: whole numbers of any length survive, fields are checked by name.
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A file that does not follow its format; `field` is the path of the key at fault. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(field ? `${field}: ${message}` : message);
  }
}

/** What no map needs and every browser can write again. */
const MAX_DEPTH = 200;

/** Longest piece of foreign text that an error repeats. */
const SHOWN = 60;

/**
 * Whole numbers that a double cannot hold travel as text behind this character, from `parseObject` to
 * `stringify`; a file that has the character itself is read without that.
 */
const LONG = "\uE000";
const STRING_OR_LONG = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
const WRITTEN_LONG = new RegExp(`"${LONG}(-?\\d+)"`, "g");

/** The JSON object in `text`; `what` names it in errors. Throws FormatError. */
export function parseObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(/\d{16}/.test(text) && !text.includes(LONG) ? text.replace(STRING_OR_LONG, guarded) : text);
  } catch (error) {
    throw new FormatError(what, `expected JSON: ${String(error instanceof Error ? error.message : error).slice(0, 200)}`);
  }
  if (!isObject(value)) throw new FormatError(what, `expected a JSON object, got ${shown(value)}`);
  if (isDeeper(value, MAX_DEPTH)) throw new FormatError(what, `expected at most ${MAX_DEPTH} levels of lists and objects`);
  return value;
}

/** Level by level: what is nested too deep for writing is too deep for a function that calls itself. */
function isDeeper(value: JsonObject, levels: number): boolean {
  let level: object[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    const below: object[] = [];
    for (const parent of level) for (const child of Object.values(parent) as unknown[]) if (typeof child === "object" && child !== null) below.push(child);
    level = below;
  }
  return false;
}

function guarded(token: string): string {
  return token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${LONG}${token}"`;
}

/** The text of a value that came from `parseObject`. */
export function stringify(value: Json): string {
  return JSON.stringify(value).replace(WRITTEN_LONG, "$1");
}

/** A long number as a double; anything else as it is. */
export function plain(value: Json): Json {
  return typeof value === "string" && value.startsWith(LONG) ? Number(value.slice(1)) : value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value for an error message, cut to a readable length. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isObject(value)) return `an object of ${Object.keys(value).length}`;
  const text = JSON.stringify(value);
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/** Whether a key is there and is not null. */
export function has(parent: JsonObject, key: string): boolean {
  return Object.hasOwn(parent, key) && parent[key] !== null;
}

/** `parent[key]`, which must be an object. Throws FormatError. */
export function getObject(parent: JsonObject, key: string, where = ""): JsonObject {
  const value = own(parent, key, where);
  if (!isObject(value)) throw new FormatError(where + key, `expected an object, got ${shown(value)}`);
  return value;
}

/** `parent[key]`, which must be a list. Throws FormatError. */
export function getList(parent: JsonObject, key: string, where = ""): readonly Json[] {
  const value = own(parent, key, where);
  if (!Array.isArray(value)) throw new FormatError(where + key, `expected a list, got ${shown(value)}`);
  return value as readonly Json[];
}

/** `parent[key]`, which must be text. Throws FormatError. */
export function getText(parent: JsonObject, key: string, where = ""): string {
  const value = own(parent, key, where);
  if (typeof value !== "string") throw new FormatError(where + key, `expected text, got ${shown(value)}`);
  return value;
}

/** `parent[key]`, which must be a number. Throws FormatError. */
export function getNumber(parent: JsonObject, key: string, where = ""): number {
  const value = plain(own(parent, key, where));
  if (typeof value !== "number" || !Number.isFinite(value)) throw new FormatError(where + key, `expected a number, got ${shown(value)}`);
  return value;
}

/** `parent[key]`, which must be a whole number. Throws FormatError. */
export function getInteger(parent: JsonObject, key: string, where = ""): number {
  const value = plain(own(parent, key, where));
  if (typeof value !== "number" || !Number.isInteger(value)) throw new FormatError(where + key, `expected a whole number, got ${shown(value)}`);
  return value;
}

function own(parent: JsonObject, key: string, where: string): Json {
  if (!Object.hasOwn(parent, key)) throw new FormatError(where + key, "expected this key, got none");
  return parent[key]!;
}

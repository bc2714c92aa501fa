/** Maps from files on this computer. */
import { openDraft, replacingDraft } from "../state/edits";
import { notify } from "../state/notices";
import { serverInfo } from "../state/session";
import { withFaceTiles } from "../world/faceTiles";
import { FormatError } from "../world/json";
import { checkFileSize, DEFAULT_LIMITS, parseMapJson, type MapLimits } from "../world/mapJson";

/** The server's limits: a map that it would refuse is refused here. */
function limits(): MapLimits {
  const told = serverInfo.peek()?.limits;
  if (!told) return DEFAULT_LIMITS;
  return { maxFileBytes: Number(told.maxUploadBytes), maxCells: Number(told.maxCells) };
}

/** Opens a map.json as a draft; what is wrong with it is told in one sentence. */
export async function openMapFile(file: File): Promise<void> {
  try {
    checkFileSize(file.name, file.size, limits());
    const bytes = await file.arrayBuffer();
    const { world: plain, ...document } = parseMapJson(decode(bytes), limits());
    const world = await withFaceTiles(plain, document.document);
    replacingDraft(`open ${file.name}`, () => {
      openDraft({ world, name: nameOf(file), base: null, document });
      const more = document.unknown.length > 0 ? ` Unknown blocks, drawn in magenta: ${document.unknown.join(", ")}.` : "";
      notify({ tone: "good", title: `${file.name} is open`, text: `${world.size.join(" × ")} cells.${more}` });
    });
  } catch (error) {
    // The last is what a browser says where its own limits are lower than the server's.
    if (!(error instanceof FormatError || error instanceof DOMException || error instanceof RangeError)) throw error;
    notify({ tone: "bad", title: `${file.name} cannot be opened`, text: error.message });
  }
}

function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError("map.json", "expected UTF-8 text");
  }
}

/** A file's name as an id would be written: "My map.json" is "My_map". */
function nameOf(file: File): string {
  const stem = file.name.replace(/\.json$/i, "");
  return stem === "map" ? "my_map" : toId(stem);
}

/** The nearest text that is an id of the server: letters, digits, _ and -. */
export function toId(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 64) || "map";
}

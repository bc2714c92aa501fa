import { useState } from "preact/hooks";
import { MapFormat, type ExportMapResponse } from "../gen/vox/v1/maps_pb";
import type { MapFormatInfo } from "../gen/vox/v1/info_pb";
import { download } from "../net/download";
import { problemOf, type Problem } from "../net/problems";
import { persistently } from "../state/calls";
import { draft, isDraftShown, isUnsaved } from "../state/edits";
import { currentRun } from "../state/jobs";
import { services, serverInfo } from "../state/session";
import { shownFrame, shownKind, shownWorld, source } from "../state/view";
import { writeMapJson } from "../world/mapJsonWrite";
import { Dialog } from "../app/controls/Dialog";
import { giveFile } from "./files";
import { toId } from "./openFile";
import { Progress } from "./Progress";

/** The map of the server that is exactly what the canvas shows; null where only this page has it. */
export function storedMapId(): string | null {
  const kind = shownKind.value;
  if (kind === "own") return draft.value && isDraftShown.value && !isUnsaved.value ? (draft.value.base?.mapId ?? null) : null;
  if (kind === "map" || kind === "source") return source.value?.mapId ?? null;
  const result = currentRun.value?.result.value;
  return shownFrame.value?.final && result?.mapId ? result.mapId : null;
}

/** Takes what is on the canvas home, in every format that the server writes. */
export function ExportDialog({ onClose }: { onClose: () => void }) {
  const [busy, setBusy] = useState<{ name: string; done: number; total: number } | null>(null);
  const [failed, setFailed] = useState<Problem | null>(null);
  const id = storedMapId();
  const formats = serverInfo.value?.mapFormats ?? [];

  const get = async (format: MapFormatInfo) => {
    if (id === null) return;
    setFailed(null);
    setBusy({ name: format.name, done: 0, total: 0 });
    try {
      const open = (offset: bigint, version: string): AsyncIterable<ExportMapResponse> => services.maps.exportMap({ mapId: id, format: format.format, offset, version });
      const progress = (done: number, total: number) => setBusy({ name: format.name, done, total });
      const file = await download(open, { progress, persistently });
      giveFile(`${id}${format.suffix}`, new Blob([file.bytes], { type: format.mediaType }));
    } catch (error) {
      setFailed(problemOf(error));
    } finally {
      setBusy(null);
    }
  };
  return (
    <Dialog title="Export" open onClose={onClose}>
      {id === null ? (
        <>
          <p class="soft">What is on the canvas is not stored as a map. Its map.json can be had here; save it first for the other formats.</p>
          <ul class="formats">
            <FormatRow name="map.json" description="The editor's own format, with everything this world has." disabled={false} onGet={exportHere} />
          </ul>
        </>
      ) : (
        <>
          <p class="soft">
            <strong>{id}</strong>, as it lies on the server.
          </p>
          <ul class="formats">
            {formats.map((format) => (
              <FormatRow key={format.format} name={format.format === MapFormat.MAP_JSON ? "map.json" : format.suffix} description={format.description} disabled={busy !== null} onGet={() => void get(format)} />
            ))}
          </ul>
        </>
      )}
      {busy && <Progress label={`Fetching ${busy.name}`} done={busy.done} total={busy.total} />}
      {failed && (
        <p class="complaint" role="alert">
          {failed.title}: {failed.message}
        </p>
      )}
    </Dialog>
  );
}

function FormatRow({ name, description, disabled, onGet }: { name: string; description: string; disabled: boolean; onGet: () => void }) {
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <p class="hint">{description}</p>
      </div>
      {/* Not disabled: a button that is loses the focus, and with it the keyboard. */}
      <button type="button" class="button small" aria-label={`Download ${name}: ${description}`} aria-disabled={disabled} onClick={() => !disabled && onGet()}>
        Download
      </button>
    </li>
  );
}

/** The world on the canvas as a map.json, made by this page. */
export function exportHere(): void {
  const world = shownWorld.peek();
  if (!world) return;
  const now = draft.peek();
  const own = isDraftShown.peek() ? now : null;
  giveFile(`${toId(own?.name ?? "world")}.json`, new Blob([writeMapJson(world, own?.document ?? null)], { type: "application/json" }));
}

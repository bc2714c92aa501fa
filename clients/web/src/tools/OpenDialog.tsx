import { useRef, useState } from "preact/hooks";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { MapSummary } from "../gen/vox/v1/maps_pb";
import { mapId } from "../state/form";
import { closeJob } from "../state/jobs";
import { areMapsKnown, maps } from "../state/maps";
import { leaveOwnWorld } from "../state/view";
import { readable } from "../world/mapJson";
import { Button } from "../app/controls/Button";
import { Dialog } from "../app/controls/Dialog";
import { Field } from "../app/controls/Field";
import { ToolIcon } from "./icons";
import { openMapFile } from "./openFile";

/** The server's maps, and files of this computer. */
export function OpenDialog({ onClose }: { onClose: () => void }) {
  const [wanted, setWanted] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const found = maps.value.filter((map) => map.mapId.toLowerCase().includes(wanted.trim().toLowerCase()));
  const open = (map: MapSummary) => {
    closeJob();
    leaveOwnWorld();
    mapId.value = map.mapId;
    onClose();
  };
  return (
    <Dialog title="Open a map" open wide onClose={onClose}>
      <div class="open-file">
        <input
          ref={input}
          class="unseen"
          type="file"
          accept=".json,application/json"
          aria-label="A map.json of this computer"
          tabIndex={-1}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (!file) return;
            onClose();
            void openMapFile(file);
          }}
        />
        <Button onClick={() => input.current?.click()}>
          <ToolIcon name="file" /> A file of this computer
        </Button>
        <p class="hint">A map.json; dropping it anywhere on the page does the same.</p>
      </div>
      <Field label="On the server" aside={<span class="faint">{areMapsKnown.value ? `${found.length} of ${maps.value.length}` : ""}</span>}>
        {(described) => (
          <input {...described} class="input" type="search" placeholder="Find by name" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        )}
      </Field>
      {found.length === 0 ? (
        <p class="empty">{!areMapsKnown.value ? "Asking the server…" : maps.value.length === 0 ? "This server has no maps yet." : "No map has that in its name."}</p>
      ) : (
        <ul class="map-list" aria-label="Maps of the server">
          {found.map((map) => (
            <li key={map.mapId}>
              <button type="button" aria-current={mapId.value === map.mapId} onClick={() => open(map)}>
                <strong>{map.mapId}</strong>
                <span class="faint">{map.owner}</span>
                <span class="faint mono">{readable(Number(map.fileBytes))}</span>
                <span class="faint mono">{map.changeTime ? dateText(timestampDate(map.changeTime)) : ""}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function dateText(date: Date): string {
  return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

import { useState } from "preact/hooks";
import { savable, type Draft } from "../state/edits";
import { maps } from "../state/maps";
import { notify } from "../state/notices";
import type { Problem } from "../net/problems";
import { Button } from "../app/controls/Button";
import { Dialog } from "../app/controls/Dialog";
import { Field } from "../app/controls/Field";
import { Segmented } from "../app/controls/Segmented";
import { Progress } from "./Progress";
import { idComplaint, listedVersion, refusalKind, saveDraft } from "./saving";
import { toId } from "./openFile";

type Mode = "version" | "copy";

/** Stores what is on the canvas: as the next version of the map it came from, or as a new map. */
export function SaveDialog({ onClose }: { onClose: () => void }) {
  const [now] = useState<Draft | null>(savable);
  const base = now?.base ?? null;
  const [mode, setMode] = useState<Mode>(base ? "version" : "copy");
  const [id, setId] = useState(() => freeId(now?.name ?? "map"));
  const [done, setDone] = useState<readonly [number, number] | null>(null);
  const [refused, setRefused] = useState<Problem | null>(null);
  if (!now) return null;

  const save = async (mapId: string, expectedVersion: string) => {
    setDone([0, 0]);
    setRefused(null);
    const outcome = await saveDraft(now, { mapId, expectedVersion }, (at, of) => setDone([at, of]));
    setDone(null);
    if (outcome.kind === "refused") {
      setRefused(outcome.problem);
      return;
    }
    notify({ tone: "good", title: `Saved as ${outcome.map.mapId}` });
    onClose();
  };
  const choose = (next: Mode) => {
    setMode(next);
    setRefused(null);
  };
  const rename = (next: string) => {
    setId(next);
    setRefused(null);
  };
  const target = mode === "version" && base ? base.mapId : id;
  const complaint = mode === "copy" ? idComplaint(id) : "";
  return (
    <Dialog title="Save" open onClose={() => done === null && onClose()}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (done === null && complaint === "") void save(target, mode === "version" && base ? base.version : "");
        }}
      >
        {base && (
          <Segmented
            label="Save as"
            value={mode}
            options={[
              { value: "version", label: `New version of ${base.mapId}` },
              { value: "copy", label: "New map" },
            ]}
            onChange={choose}
          />
        )}
        {mode === "copy" && (
          <Field label="Name" hint="Letters, digits, _ and -." complaint={id === "" ? "" : complaint}>
            {(described) => (
              <input {...described} class="input" autoFocus value={id} maxLength={64} spellcheck={false} onInput={(event) => rename(event.currentTarget.value)} />
            )}
          </Field>
        )}
        {mode === "version" && base && (
          <p class="soft">
            <strong>{base.mapId}</strong> is replaced, unless somebody else has saved it since you opened it.
          </p>
        )}
        {refused && <Refusal problem={refused} target={target} onCopy={() => {
              choose("copy");
              rename(freeId(target));
            }} onReplace={(version) => void save(target, version)} />}
        {done && <Progress label="Saving" done={done[0]} total={done[1]} />}
        <div class="actions">
          <Button onClick={onClose} disabled={done !== null}>
            Cancel
          </Button>
          <Button kind="primary" type="submit" disabled={done !== null || complaint !== ""}>
            {done ? "Saving" : "Save"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface RefusalProps {
  problem: Problem;
  target: string;
  onCopy: () => void;
  onReplace: (version: string) => void;
}

/** Why a save did not happen, and the ways on. The edits stay in any case. */
function Refusal({ problem, target, onCopy, onReplace }: RefusalProps) {
  const kind = refusalKind(problem);
  const now = listedVersion(target);
  const words = {
    changed: [`Somebody saved ${target} after you opened it`, "Nothing was overwritten, and your edits are all still here. Save them under another name, or replace what is there now."],
    gone: [`${target} is not on the server any more`, "Your edits are all still here. Save them as a new map."],
    taken: [`There is a map called ${target} already`, "Nothing was overwritten. Choose another name, or replace that map."],
    other: [problem.title, problem.message],
  }[kind];
  return (
    <div class="conflict" role="alert">
      <strong>{words[0]}</strong>
      <p>{words[1]}</p>
      {kind !== "other" && (
        <div class="row">
          <Button small kind="primary" onClick={onCopy}>
            Save under another name
          </Button>
          {kind !== "gone" && now !== "" && (
            <Button small kind="danger" onClick={() => onReplace(now)}>
              Replace what is there
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

/** A name like `name` that no map has. */
function freeId(name: string): string {
  const taken = new Set(maps.peek().map((map) => map.mapId));
  const stem = toId(name.replace(/^trained_map_/, "world_")).slice(0, 58);
  if (!taken.has(stem)) return stem;
  for (let i = 2; ; i++) if (!taken.has(`${stem}_${i}`)) return `${stem}_${i}`;
}

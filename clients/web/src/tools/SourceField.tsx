import { draft, isDraftShown, isUnsaved } from "../state/edits";
import { Field } from "../app/controls/Field";
import { startsFromDraft } from "./jobSource";

/** While a world of one's own is on the canvas: whether the next run begins with it. */
export function SourceField() {
  const now = draft.value;
  if (!now || !isDraftShown.value || (now.base && !isUnsaved.value)) return null;
  return (
    <Field label="The world on the canvas" hint={startsFromDraft.value ? "It goes to the server with the run; it is not stored as a map." : "The run begins with the map chosen above."}>
      {(described) => (
        <label class="check">
          <input {...described} type="checkbox" checked={startsFromDraft.value} onChange={(event) => (startsFromDraft.value = event.currentTarget.checked)} />
          <span>
            Begin with <strong>{now.name}</strong> as it is here
          </span>
        </label>
      )}
    </Field>
  );
}

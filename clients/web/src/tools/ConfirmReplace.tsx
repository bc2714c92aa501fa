import { discardDraft, draft, replaced } from "../state/edits";
import { Button } from "../app/controls/Button";
import { Dialog } from "../app/controls/Dialog";
import { worldDialog } from "./WorldMenu";

/** Asked before unsaved edits make room for something else. */
export function ConfirmReplace() {
  const asked = replaced.value;
  if (!asked) return null;
  const close = () => (replaced.value = null);
  return (
    <Dialog title="Unsaved edits" open onClose={close}>
      <p>
        <strong>{draft.value?.name}</strong> has edits that are not saved. To {asked.what} they have to be saved or thrown away.
      </p>
      <div class="actions">
        <Button
          kind="danger"
          onClick={() => {
            close();
            discardDraft();
            asked.go();
          }}
        >
          Throw them away
        </Button>
        <Button onClick={close}>Keep editing</Button>
        <Button
          kind="primary"
          onClick={() => {
            close();
            worldDialog.value = "save";
          }}
        >
          Save first
        </Button>
      </div>
    </Dialog>
  );
}

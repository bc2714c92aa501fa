import { signal } from "@preact/signals";
import { draft, isUnsaved } from "../state/edits";
import { shownWorld } from "../state/view";
import { isCapturing } from "./capturePlan";
import { ConfirmReplace } from "./ConfirmReplace";
import { ExportDialog } from "./ExportDialog";
import { ToolIcon, type ToolIconName } from "./icons";
import { OpenDialog } from "./OpenDialog";
import { PictureDialog } from "./PictureDialog";
import { SaveDialog } from "./SaveDialog";

export type WorldDialog = "open" | "save" | "export" | "picture";

/** The dialog that is open. */
export const worldDialog = signal<WorldDialog | null>(null);

/** What can be done with a world as a whole. */
export function WorldMenu() {
  const close = () => (worldDialog.value = null);
  const hasWorld = shownWorld.value !== null;
  return (
    <>
      <div class="world-menu" role="group" aria-label="World">
        <MenuButton icon="folder" label="Open" keys="Ctrl+O" onClick={() => (worldDialog.value = "open")} />
        <MenuButton icon="save" label="Save" keys="Ctrl+S" marked={isUnsaved.value} disabled={!hasWorld} onClick={() => (worldDialog.value = "save")} />
        <MenuButton icon="file" label="Export" keys="Ctrl+E" disabled={!hasWorld} onClick={() => (worldDialog.value = "export")} />
        <MenuButton icon="image" label="Picture" disabled={!hasWorld} onClick={() => (worldDialog.value = "picture")} />
        <MenuButton icon="ring" label="Capture" pressed={isCapturing.value} disabled={!hasWorld} onClick={() => (isCapturing.value = !isCapturing.value)} />
      </div>
      {worldDialog.value === "open" && <OpenDialog onClose={close} />}
      {worldDialog.value === "save" && <SaveDialog key={draft.value?.name} onClose={close} />}
      {worldDialog.value === "export" && <ExportDialog onClose={close} />}
      {worldDialog.value === "picture" && <PictureDialog onClose={close} />}
      <ConfirmReplace />
    </>
  );
}

interface MenuProps {
  icon: ToolIconName;
  label: string;
  keys?: string;
  marked?: boolean;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

function MenuButton({ icon, label, keys, marked = false, pressed, disabled = false, onClick }: MenuProps) {
  return (
    <button type="button" class="button ghost small" title={keys ? `${label} (${keys})` : label} aria-keyshortcuts={keys?.replace("Ctrl", "Control")} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <ToolIcon name={icon} />
      <span class="menu-label">{label}</span>
      {marked && (
        <>
          <span class="draft-dot" aria-hidden="true" />
          <span class="unseen">, there are unsaved edits</span>
        </>
      )}
    </button>
  );
}

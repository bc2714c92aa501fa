import { useEffect } from "preact/hooks";
import { draft, followMapChoice, guardUnsaved, isDraftShown, isUnsaved, redo, redoable, replacingDraft, showDraft, undo, undoable } from "../state/edits";
import { Button } from "../app/controls/Button";
import { keepSelection } from "../state/selection";
import { drawsBoxes, editsBlocks, keepToolbox, tool, type Tool } from "../state/toolbox";
import { shownWorld } from "../state/view";
import { announcement } from "./announce";
import { BlockPalette, BrushSize } from "./BlockPalette";
import { CapturePanel } from "./CapturePanel";
import { DropZone } from "./DropZone";
import { ToolIcon, type ToolIconName } from "./icons";
import { listenToKeys } from "./keyboard";
import { showOverlays } from "./overlays";
import { listenToPointer } from "./pointer";
import { rove } from "./roving";
import "./tools.css";

interface ToolInfo {
  readonly tool: Tool;
  readonly icon: ToolIconName;
  readonly label: string;
  readonly keys: string;
}

const TOOLS: readonly (readonly ToolInfo[])[] = [
  [{ tool: "look", icon: "look", label: "Look around", keys: "V" }],
  [
    { tool: "region", icon: "region", label: "Region: only here may change", keys: "R" },
    { tool: "keep", icon: "keep", label: "Keep these blocks", keys: "K" },
  ],
  [
    { tool: "place", icon: "place", label: "Place blocks", keys: "P" },
    { tool: "remove", icon: "remove", label: "Remove blocks", keys: "X" },
    { tool: "paint", icon: "paint", label: "Paint blocks", keys: "T" },
    { tool: "fill", icon: "fill", label: "Fill connected blocks", keys: "G" },
    { tool: "pick", icon: "pick", label: "Take the block under the pointer", keys: "I" },
  ],
];

const HINTS: Readonly<Partial<Record<Tool, string>>> = {
  region: "Drag over the world, then pull the handles. Arrow keys move the box, with Shift they size it.",
  keep: "Drag over what a run must leave as it is.",
};

/** The tools at the canvas's left edge, and what the one in hand can be set to. */
export function ToolBar() {
  useEffect(() => {
    const stops = [keepSelection(), keepToolbox(), showOverlays(), listenToPointer(), listenToKeys(), guardUnsaved(window), followMapChoice()];
    return () => stops.forEach((stop) => stop());
  }, []);
  const isEmpty = shownWorld.value === null;
  return (
    <>
      <div class="tool-edge">
        <div class="toolbar" role="toolbar" aria-label="Tools" aria-orientation="vertical" onKeyDown={rove}>
          {TOOLS.map((group, i) => (
            <div class="tool-group" key={i} role="group">
              {group.map((one) => (
                <ToolButton key={one.tool} {...one} disabled={isEmpty} />
              ))}
            </div>
          ))}
          <div class="tool-group" role="group">
            <StepButton icon="undo" what="Undo" of={undoable.value?.label} keys="Ctrl+Z" onClick={undo} />
            <StepButton icon="redo" what="Redo" of={redoable.value?.label} keys="Ctrl+Shift+Z" onClick={redo} />
          </div>
        </div>
        {!isEmpty && <Options />}
      </div>
      <DraftChip />
      <CapturePanel />
      <DropZone />
      <p class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </p>
    </>
  );
}

function ToolButton({ tool: name, icon, label, keys, disabled }: ToolInfo & { disabled: boolean }) {
  const isOn = tool.value === name;
  return (
    <button
      type="button"
      class="tool"
      data-tool={name}
      aria-pressed={isOn}
      aria-label={label}
      aria-keyshortcuts={keys}
      title={`${label} (${keys})`}
      tabIndex={isOn || (disabled && name === "look") ? 0 : -1}
      disabled={disabled}
      onClick={() => (tool.value = name)}
    >
      <ToolIcon name={icon} />
    </button>
  );
}

function StepButton({ icon, what, of, keys, onClick }: { icon: ToolIconName; what: string; of: string | undefined; keys: string; onClick: () => unknown }) {
  const label = of === undefined ? what : `${what}: ${of}`;
  return (
    <button type="button" class="tool" aria-label={label} title={`${label} (${keys})`} tabIndex={-1} disabled={of === undefined} onClick={() => onClick()}>
      <ToolIcon name={icon} />
    </button>
  );
}

function Options() {
  if (drawsBoxes.value) return <p class="tool-options hint-only">{HINTS[tool.value]}</p>;
  if (!editsBlocks.value || tool.value === "pick") return null;
  return (
    <div class="tool-options">
      {tool.value !== "remove" && <BlockPalette />}
      {tool.value !== "fill" && <BrushSize />}
    </div>
  );
}

/** Says that there are edits that only this page has. */
function DraftChip() {
  const now = draft.value;
  if (!now || !isUnsaved.value) return null;
  return (
    <p class="draft-chip" role="status">
      <span class="draft-dot" aria-hidden="true" />
      <span>
        <strong>{now.name}</strong> has unsaved edits
      </span>
      {!isDraftShown.value && (
        <>
          <Button small onClick={showDraft}>
            Show
          </Button>
          <Button small kind="ghost" onClick={() => replacingDraft("leave them", () => undefined)}>
            Discard
          </Button>
        </>
      )}
    </p>
  );
}

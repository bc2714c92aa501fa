import { useEffect, useState } from "preact/hooks";
import { loadViews, savedViews, saveView, SLOTS } from "../state/savedViews";
import { ViewCube } from "../render/viewCube";
import { camera, hover } from "../state/stage";
import { shownWorld } from "../state/view";
import { announce } from "./announce";
import { BlockPicture } from "./BlockPalette";
import { flyTo } from "./flyTo";
import { LookMenu } from "./LookMenu";
import { ToolIcon, type ToolIconName } from "./icons";
import { copyLink, keepPlace } from "./place";
import { rove } from "./roving";
import { focusView, lookFrom, lookHome } from "./viewpoints";
import { isFullScreen, keepFullScreen, toggleFullScreen } from "./fullScreen";

/** Where the world is seen from, at the canvas's right edge, and what is under the pointer. */
export function ViewWidgets() {
  useEffect(() => {
    loadViews(localStorage);
    const stops = [keepPlace(), keepFullScreen()];
    return () => stops.forEach((stop) => stop());
  }, []);
  if (shownWorld.value === null) return null;
  return (
    <>
      <div class="view-widgets" role="group" aria-label="View">
        <ViewCube camera={camera.value} onLook={lookFrom} />
        <div class="view-buttons" role="toolbar" aria-label="Views" onKeyDown={rove}>
          <ViewButton icon="home" label="All of the world" keys="H" first onClick={lookHome} />
          <ViewButton icon="focus" label="Focus on the selection or the block under the pointer" keys="F" onClick={focusView} />
          <ViewButton icon="link" label="Copy a link to this view" keys="Shift+L" onClick={() => void copyLink()} />
          <ViewButton icon="full" label={isFullScreen.value ? "Leave full screen" : "Full screen"} keys="Shift+F" onClick={toggleFullScreen} />
        </div>
        <SavedViews />
        <LookMenu />
      </div>
      <Inspector />
    </>
  );
}

function ViewButton({ icon, label, keys, first = false, onClick }: { icon: ToolIconName; label: string; keys: string; first?: boolean; onClick: () => void }) {
  return (
    <button type="button" aria-label={label} aria-keyshortcuts={keys} title={`${label} (${keys})`} tabIndex={first ? 0 : -1} onClick={onClick}>
      <ToolIcon name={icon} />
    </button>
  );
}

/** Goes to a saved view; false where the slot is empty. */
export function goToView(slot: number): boolean {
  const view = savedViews.peek().get(slot);
  if (view) flyTo(view);
  else announce(`No view is saved as ${slot}; Shift+${slot} saves one`);
  return view !== undefined;
}

export function keepView(slot: number): void {
  saveView(slot, camera.peek(), localStorage);
  announce(`View saved as ${slot}`);
}

function SavedViews() {
  const [isSaving, setSaving] = useState(false);
  const saved = savedViews.value;
  return (
    <details class="saved-views" name="view-menu">
      <summary title="Saved views: 1 to 9 go there, Shift saves">Views</summary>
      <div class="fold">
        <div class="slots" role="toolbar" aria-label={isSaving ? "Save this view as" : "Saved views"} onKeyDown={rove}>
          {SLOTS.map((slot) => {
            const has = saved.has(slot);
            const does = isSaving || !has ? `Save this view as ${slot}` : `Go to view ${slot}`;
            return (
              <button
                key={slot}
                type="button"
                data-saved={has}
                aria-label={does}
                title={does}
                tabIndex={slot === 1 ? 0 : -1}
                onClick={() => {
                  if (isSaving || !has) keepView(slot);
                  else goToView(slot);
                  setSaving(false);
                }}
              >
                {slot}
              </button>
            );
          })}
        </div>
        <button type="button" class="replace-view" aria-pressed={isSaving} onClick={() => setSaving(!isSaving)}>
          {isSaving ? "choose a number" : "replace one"}
        </button>
      </div>
    </details>
  );
}

/** The block under the pointer. */
function Inspector() {
  const hit = hover.value;
  const of = hit && shownWorld.value?.blocks[hit.block];
  if (!hit || !of) return null;
  return (
    <p class="inspector chip" aria-hidden="true">
      <BlockPicture of={of} />
      <strong>{of.name}</strong>
      <span class="mono">{hit.cell.join(", ")}</span>
    </p>
  );
}

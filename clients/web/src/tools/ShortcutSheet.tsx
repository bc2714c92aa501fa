import { shortcuts, type Shortcut } from "../state/shortcuts";
import { Dialog } from "../app/controls/Dialog";
import { sheetIsOpen } from "./sheet";

/** What is done with the pointer: shown beside the keys. */
const POINTER: readonly (readonly [string, string])[] = [
  ["Drag", "Turn the view; with a tool in hand, use it"],
  ["Right drag", "Move the view"],
  ["Wheel or Pinch", "Nearer and farther"],
  ["Double click", "Focus on the block"],
  ["Alt+drag", "Turn the view with a tool in hand"],
];

/** Keys that the canvas has while it is focused. */
const CANVAS: readonly (readonly [string, string])[] = [
  ["W or A or S or D or Q or E", "Fly; with Shift faster"],
  ["Arrows", "Turn the view; with Shift move it"],
  ["+ or -", "Nearer and farther"],
  ["Arrows or PgUp or PgDn", "With a tool: move its cursor or its box"],
  ["Shift+arrows", "Region, keep: size the box"],
  ["Enter", "Place, remove, paint, fill at the cursor"],
  ["Delete", "Region, keep: remove the box"],
];

const GROUPS: readonly Shortcut["group"][] = ["View", "Edit", "Run", "Page"];

/** Every key of the page. */
export function ShortcutSheet() {
  const close = () => (sheetIsOpen.value = false);
  if (!sheetIsOpen.value) return null;
  return (
    <Dialog title="Shortcuts" open wide onClose={close}>
      <div class="sheet-frame" tabIndex={0} role="region" aria-label="All shortcuts">
        <div class="sheet">
          {GROUPS.map((group) => (
            <Group key={group} title={group} rows={rowsOf(shortcuts.value.filter((one) => one.group === group))} />
          ))}
          <Group title="On the canvas" rows={CANVAS} />
          <Group title="Pointer" rows={POINTER} />
        </div>
      </div>
    </Dialog>
  );
}

function Group({ title, rows }: { title: string; rows: readonly (readonly [string, string])[] }) {
  if (rows.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(([keys, label]) => (
          <div key={label}>
            <dt>
              <Keys text={keys} />
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Keys({ text }: { text: string }) {
  return (
    <>
      {text.split(" or ").map((one, i) => (
        <span key={one}>
          {i > 0 && " "}
          <kbd>{one}</kbd>
        </span>
      ))}
    </>
  );
}

/** Keys by what they do; the nine views in two lines. */
function rowsOf(all: readonly Shortcut[]): readonly (readonly [string, string])[] {
  const rows = new Map<string, string[]>();
  for (const { keys, label } of all) {
    const views = /^(Go to view|Save this view as) \d$/.exec(label)?.[1];
    if (views) rows.set(`${views} 1 to 9`, [views === "Go to view" ? "1 … 9" : "Shift+1 … 9"]);
    else rows.set(label, [...(rows.get(label) ?? []), shown(keys)]);
  }
  return [...rows].map(([label, keys]) => [keys.join(" or "), label] as const);
}

function shown(keys: string): string {
  const names: Readonly<Record<string, string>> = { ctrl: "Ctrl", shift: "Shift", alt: "Alt", escape: "Esc", " ": "Space", arrowleft: "←", arrowright: "→", arrowup: "↑", arrowdown: "↓" };
  if (keys === "+") return keys;
  return keys
    .split("+")
    .map((key) => names[key] ?? (key.length === 1 ? key.toUpperCase() : key.charAt(0).toUpperCase() + key.slice(1)))
    .join("+");
}

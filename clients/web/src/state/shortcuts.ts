/** Keys of the page: every part registers its own, and the sheet lists them all. */
import { signal } from "@preact/signals";

export interface Shortcut {
  /** As in KeyboardEvent.key, lower case, with "ctrl+", "shift+" and "alt+" before it in that order. */
  readonly keys: string;
  /** What it does, for the sheet. */
  readonly label: string;
  readonly group: "View" | "Run" | "Edit" | "Page";
  readonly run: (event: KeyboardEvent) => void;
  /** Also called on release: for what lasts while a key is held. */
  readonly release?: () => void;
  /** False: the key goes on to whatever has it then. */
  readonly when?: () => boolean;
}

/** All that are registered, for the sheet. */
export const shortcuts = signal<readonly Shortcut[]>([]);

/** Adds shortcuts; returns how to take them away again. */
export function addShortcuts(...added: Shortcut[]): () => void {
  shortcuts.value = [...shortcuts.value, ...added];
  return () => void (shortcuts.value = shortcuts.value.filter((one) => !added.includes(one)));
}

/** The name of a key event, as in Shortcut.keys. */
export function nameOf(event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">): string {
  // Shift changes the sign on a digit's key, on every layout to another one.
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  if (digit && !event.altKey) return `${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${event.shiftKey ? "shift+" : ""}${digit}`;
  const key = event.key.toLowerCase();
  // Of "?" and the like the shift is part of the sign.
  const shift = event.shiftKey && (key.length > 1 || key !== key.toUpperCase());
  return `${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${shift ? "shift+" : ""}${event.altKey ? "alt+" : ""}${key}`;
}

/** Whether keys belong to `target`: somebody types there, or it has keys of its own. */
function takesKeys(target: EventTarget | null, name: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("dialog[open]")) return true;
  if ((name === " " || name === "enter") && target.matches("button, a, summary, input")) return true;
  return target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=range])");
}

/** Starts listening; returns how to stop. */
export function listenForShortcuts(target: Window): () => void {
  const scope = new AbortController();
  let held: Shortcut | null = null;
  target.addEventListener(
    "keydown",
    (event) => {
      const name = nameOf(event);
      if (event.defaultPrevented || takesKeys(event.target, name)) return;
      const found = shortcuts.peek().find((one) => one.keys === name && (one.when?.() ?? true));
      if (!found) return;
      event.preventDefault();
      if (found.release && event.repeat) return;
      if (found.release) held = found;
      found.run(event);
    },
    { signal: scope.signal },
  );
  const release = () => {
    held?.release?.();
    held = null;
  };
  target.addEventListener("keyup", (event) => held?.keys.endsWith(event.key.toLowerCase()) && release(), { signal: scope.signal });
  target.addEventListener("blur", release, { signal: scope.signal });
  return () => scope.abort();
}

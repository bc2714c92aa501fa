/** What readers of the page that do not see it are told of the tools. */
import { signal } from "@preact/signals";

export const announcement = signal("");

export function announce(text: string): void {
  // The same words twice would not be read twice.
  announcement.value = announcement.peek() === text ? `${text}\u00a0` : text;
}

/** Short messages at the edge of the page. */
import { signal } from "@preact/signals";

export interface Notice {
  readonly id: number;
  readonly tone: "good" | "plain" | "bad";
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export const notices = signal<readonly Notice[]>([]);
let count = 0;

/** Shows a message; those that are no failure go by themselves. */
export function notify(notice: Omit<Notice, "id" | "text"> & { text?: string }): void {
  const id = ++count;
  notices.value = [...notices.value.slice(-3), { text: "", ...notice, id }];
  setTimeout(() => dismiss(id), notice.tone === "bad" ? 12_000 : 5_000);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

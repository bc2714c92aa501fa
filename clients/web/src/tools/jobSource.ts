/** What a new job begins with: the draft on the canvas as it is, or a map of the server. */
import { computed, signal } from "@preact/signals";
import { gridMessage } from "../net/gridMessage";
import { draft, isDraftShown, isUnsaved } from "../state/edits";
import type { JobSource } from "../state/form";

/** Whether a draft that the server does not have is what the next job begins with. */
export const startsFromDraft = signal(true);

/** Whether the next job brings its world along. */
export const bringsWorld = computed(() => {
  const now = draft.value;
  return now !== null && isDraftShown.value && startsFromDraft.value && (now.base === null || isUnsaved.value);
});

/** The source of a spec; `mapId` is the map that the form names. */
export async function jobSource(mapId: string): Promise<JobSource> {
  const now = draft.peek();
  if (now && bringsWorld.peek()) return { case: "grid", value: await gridMessage(now.world) };
  return { case: "mapId", value: mapId };
}

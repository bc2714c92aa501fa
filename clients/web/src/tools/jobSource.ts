/** What a new job begins with: the draft on the canvas as it is, or a map of the server. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { computed, signal } from "@preact/signals";
import type { TrainingSpecSchema } from "../gen/vox/v1/jobs_pb";
import { gridMessage } from "../net/gridMessage";
import { draft, isDraftShown, isUnsaved } from "../state/edits";

/** Whether a draft that the server does not have is what the next job begins with. */
export const startsFromDraft = signal(true);

/** Whether the next job brings its world along. */
export const bringsWorld = computed(() => {
  const now = draft.value;
  return now !== null && isDraftShown.value && startsFromDraft.value && (now.base === null || isUnsaved.value);
});

type Source = Exclude<MessageInitShape<typeof TrainingSpecSchema>["source"], undefined>;

/** The source of a spec; `mapId` is the map that the form names. */
export async function jobSource(mapId: string): Promise<Source> {
  const now = draft.peek();
  if (now && bringsWorld.peek()) return { case: "grid", value: await gridMessage(now.world) };
  return { case: "mapId", value: mapId };
}

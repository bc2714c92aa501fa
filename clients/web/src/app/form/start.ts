/** From the form to jobs. */
import { computed, signal } from "@preact/signals";
import { Teacher } from "../../gen/vox/v1/jobs_pb";
import { problemOf } from "../../net/problems";
import {
  datasetId,
  isSeedLocked,
  mapId,
  nextSeed,
  overrides,
  prompt,
  rangeComplaint,
  seed,
  seedComplaint,
  specOf,
  teacher,
  valueOf,
  variations,
} from "../../state/form";
import { createJob, openJob } from "../../state/jobs";
import { bringsWorld, jobSource } from "../../tools/jobSource";
import { notify } from "../../state/notices";
import { isOnline, serverInfo } from "../../state/session";
import { tab } from "../tabs";

export const isStarting = signal(false);
/** What the server said of a field when it was last asked: its name in the contract, and the sentence. */
export const refused = signal<{ readonly field: string; readonly message: string } | null>(null);

/** What the server said of the field `name`; "" where it said nothing. */
export function refusalOf(...names: string[]): string {
  return refused.value && names.includes(refused.value.field) ? refused.value.message : "";
}

/** Why the form cannot be sent as it is; "" where it can. */
export const obstacle = computed(() => {
  if (!isOnline.value || !serverInfo.value) return "not connected";
  if (mapId.value === "" && !bringsWorld.value) return "choose a map to begin with";
  if (teacher.value === Teacher.PRIOR && prompt.value.trim() === "") return "say what to build";
  if (teacher.value === Teacher.PHOTOMETRIC && datasetId.value === "") return "choose photographs";
  if (seedComplaint(seed.value) !== "") return "the seed is no whole number";
  const most = serverInfo.value.limits?.maxPromptChars ?? 1000;
  if (Array.from(prompt.value.trim()).length > most) return `the prompt is longer than ${most} characters`;
  for (const [name, value] of Object.entries(overrides.value)) {
    if (typeof value === "number" && rangeComplaint(name, value) !== "") return `${name.replace(/_/g, " ")}: ${rangeComplaint(name, value)}`;
  }
  if (Number(valueOf("t_end")) > Number(valueOf("t_start"))) return "noise at the end: expected at most that at the start";
  return "";
});

/** Queues the variations and opens the first. */
export async function start(): Promise<void> {
  if (isStarting.peek() || obstacle.peek() !== "") return;
  isStarting.value = true;
  refused.value = null;
  let made = 0;
  try {
    const source = await jobSource(mapId.peek());
    const specs = Array.from({ length: variations.peek() }, (_, i) => specOf(i, source));
    for (const spec of specs) {
      const job = await createJob(spec);
      if (made++ > 0) continue;
      openJob(job.jobId);
      tab.value = "run";
    }
    if (made > 1) notify({ tone: "good", title: `${made} variations are on their way` });
  } catch (error) {
    const problem = problemOf(error);
    refused.value = problem.field === "" ? null : { field: problem.field, message: problem.message };
    notify({ tone: "bad", title: problem.title, text: problem.field === "" ? problem.message : `${problem.field}: ${problem.message}` });
  } finally {
    if (made > 0 && !isSeedLocked.peek()) nextSeed(made);
    isStarting.value = false;
  }
}

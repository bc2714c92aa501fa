/** What the form of a new job holds. Kept in the browser, so that a reload loses nothing. */
import { computed, effect, signal } from "@preact/signals";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SettingInfo, TeacherInfo } from "../gen/vox/v1/info_pb";
import {
  InitMode,
  type RegionSchema,
  Teacher,
  type TrainingSpecSchema,
  TrainingMethod,
  type TrainSettings,
  type TrainSettingsSchema,
} from "../gen/vox/v1/jobs_pb";
import { serverInfo } from "./session";

export const MAX_VARIATIONS = 8;

export const prompt = signal("");
/** Id of the map to start from; "" until one is chosen. */
export const mapId = signal("");
export const datasetId = signal("");
export const teacher = signal(Teacher.PRIOR);
export const method = signal(TrainingMethod.DISTILL);
export const initMode = signal(InitMode.UNSPECIFIED);
/** Decimal; up to 2^64 - 1. */
export const seed = signal("0");
/** False: each start draws the next seed. */
export const isSeedLocked = signal(false);
export const variations = signal(1);
export const priority = signal(0);
/** Numbers and switches that differ from the teacher's defaults, by their name in the contract. */
export const overrides = signal<Readonly<Record<string, number | boolean>>>({});
/** The boxes that a job may or may not change; the region tool writes this. */
export const boxes = signal<{
  readonly region?: MessageInitShape<typeof RegionSchema>;
  readonly keep?: readonly MessageInitShape<typeof RegionSchema>[];
}>({});

export const teacherInfo = computed<TeacherInfo | undefined>(() => serverInfo.value?.teachers.find((one) => one.teacher === teacher.value));

/** What the chosen teacher and method use where the form says nothing. */
export const defaults = computed<TrainSettings | undefined>(() => {
  const info = teacherInfo.value;
  const at = info?.methods.indexOf(method.value) ?? -1;
  return info?.methodDefaults[at] ?? info?.defaults;
});

/** The range of a setting as the chosen teacher has it. */
export function settingInfo(name: string): SettingInfo | undefined {
  const same = (one: SettingInfo) => one.name === name;
  return teacherInfo.value?.settings.find(same) ?? serverInfo.value?.settings.find(same);
}

/** The field of TrainSettings by a setting's name: "cfg_scale" is cfgScale. */
export function fieldOf(name: string): keyof TrainSettings {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as keyof TrainSettings;
}

/** What a number or switch is now: the form's, else the default. */
export function valueOf(name: string): number | boolean | undefined {
  const own = overrides.value[name];
  if (own !== undefined) return own;
  const value = defaults.value?.[fieldOf(name)];
  return typeof value === "number" || typeof value === "boolean" ? value : undefined;
}

/** Sets a number or switch; undefined, or the default itself, takes it back. */
export function setValue(name: string, value: number | boolean | undefined): void {
  const rest = Object.fromEntries(Object.entries(overrides.peek()).filter(([other]) => other !== name));
  const isDefault = value === undefined || value === defaults.peek()?.[fieldOf(name)];
  overrides.value = isDefault ? rest : { ...rest, [name]: value };
}

/** The range of a number that is asked for; an empty text where `value` is inside. */
export function rangeComplaint(name: string, value: number): string {
  const info = settingInfo(name);
  const { minimum, maximum } = info ?? {};
  if (!Number.isFinite(value)) return "expected a number";
  if (minimum !== undefined && (info?.aboveMinimum ? value <= minimum : value < minimum)) {
    return `expected ${info?.aboveMinimum ? "above" : "at least"} ${minimum}`;
  }
  if (maximum !== undefined && value > maximum) return `expected at most ${maximum}`;
  return "";
}

const MOST_SEED = 2n ** 64n - 1n;

export function seedComplaint(text: string): string {
  return /^\d{1,20}$/.test(text) && BigInt(text) <= MOST_SEED ? "" : "expected a whole number up to 2^64 - 1";
}

/** What a job begins with: a map of the server, or a grid of its own. */
export type JobSource = Exclude<MessageInitShape<typeof TrainingSpecSchema>["source"], undefined>;

/** The spec of variation number `i`, whose seed is that many further on. */
export function specOf(i: number, source: JobSource): MessageInitShape<typeof TrainingSpecSchema> {
  const settings: MessageInitShape<typeof TrainSettingsSchema> = {
    teacher: teacher.value,
    method: method.value,
    initMode: initMode.value,
    seed: (BigInt(seed.value) + BigInt(i)) & MOST_SEED,
    ...(boxes.value.region ? { region: boxes.value.region } : {}),
    ...(boxes.value.keep ? { keep: [...boxes.value.keep] } : {}),
  };
  for (const [name, value] of Object.entries(overrides.value)) Object.assign(settings, { [fieldOf(name)]: value });
  return {
    prompt: prompt.value.trim(),
    source,
    datasetId: teacher.value === Teacher.PHOTOMETRIC ? datasetId.value : "",
    settings,
    priority: priority.value,
  };
}

/** The seed after `count` that were used. */
export function nextSeed(count = 1): void {
  seed.value = String((BigInt(seedComplaint(seed.value) === "" ? seed.value : "0") + BigInt(count)) & MOST_SEED);
}

export function randomSeed(): void {
  seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]!);
}

/** Takes over what a job was asked for, to change it and start again. */
export function fillFrom(spec: { prompt: string; mapId: string; datasetId: string; settings?: TrainSettings | undefined }): void {
  const { settings } = spec;
  prompt.value = spec.prompt;
  if (spec.mapId !== "") mapId.value = spec.mapId;
  if (spec.datasetId !== "") datasetId.value = spec.datasetId;
  if (!settings) return;
  teacher.value = settings.teacher;
  method.value = settings.method;
  seed.value = String(settings.seed ?? 0n);
  initMode.value = settings.initMode === defaults.peek()?.initMode ? InitMode.UNSPECIFIED : settings.initMode;
  overrides.value = {};
  for (const { name } of serverInfo.peek()?.settings ?? []) {
    const value = settings[fieldOf(name)];
    if (name !== "seed" && (typeof value === "number" || typeof value === "boolean") && !ENUMS.has(name)) setValue(name, value);
  }
}

const ENUMS = new Set(["teacher", "method", "init_mode"]);
const STORE = "voxcore.form";
const KEPT = { prompt, mapId, datasetId, teacher, method, initMode, seed, isSeedLocked, variations, overrides } as const;

/** Takes the form from the browser's store and keeps it there; returns how to stop. */
export function keepForm(storage: Storage): () => void {
  try {
    const stored = JSON.parse(storage.getItem(STORE) ?? "{}") as Record<string, unknown>;
    for (const [name, field] of Object.entries(KEPT)) {
      const value = stored[name];
      if (typeof value === typeof field.peek() && value !== null) (field as { value: unknown }).value = value;
    }
    if (seedComplaint(seed.peek()) !== "") seed.value = "0";
  } catch {
    // Something else wrote there; the form begins empty.
  }
  return effect(() => {
    const values = Object.fromEntries(Object.entries(KEPT).map(([name, field]) => [name, field.value]));
    try {
      storage.setItem(STORE, JSON.stringify(values));
    } catch {
      // A full or forbidden store only means that a reload loses the form.
    }
  });
}

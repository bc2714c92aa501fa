import { InitMode, Teacher, TrainingMethod } from "../gen/vox/v1/jobs_pb";
import { datasetId, initMode, MAX_VARIATIONS, method, overrides, priority, prompt, settingInfo, teacher, teacherInfo, variations } from "../state/form";
import { datasets } from "../state/maps";
import { serverInfo } from "../state/session";
import { RegionFields } from "../tools/RegionFields";
import { Button } from "./controls/Button";
import { Field } from "./controls/Field";
import { Segmented } from "./controls/Segmented";
import { GROUPS, INIT_MODES, METHODS, STEPS, STRENGTH, TEACHERS, type Explained } from "./form/explain";
import { MapField } from "./form/MapField";
import { Setting } from "./form/NumberSetting";
import { SeedField } from "./form/SeedField";
import { isStarting, obstacle, refusalOf, start } from "./form/start";

/** The form of a new job. */
export function MakePanel() {
  return (
    <form
      class="make"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div class="scroll">
        <PromptField />
        <MapField complaint={refusalOf("source.map_id", "map_id")} />
        <TeacherFields />
        <Setting about={STRENGTH} complaint={refusalOf("strength")} />
        <Setting about={STEPS} complaint={refusalOf("steps")} />
        <SeedField complaint={refusalOf("seed")} />
        <VariationsField />
        <RegionFields />
        <MoreSettings />
      </div>
      <footer class="start">
        <Button kind="primary" icon="play" type="submit" disabled={obstacle.value !== "" || isStarting.value}>
          {isStarting.value ? "Starting" : variations.value > 1 ? `Start ${variations.value} variations` : "Start"}
        </Button>
        <p class="faint">{obstacle.value}</p>
      </footer>
    </form>
  );
}

function PromptField() {
  const most = serverInfo.value?.limits?.maxPromptChars ?? 1000;
  const length = Array.from(prompt.value).length;
  return (
    <Field
      label="What to build"
      complaint={refusalOf("prompt")}
      aside={length > most * 0.8 && <span class="faint mono">{`${length} of ${most}`}</span>}
    >
      {(described) => (
        <textarea
          {...described}
          class="input prompt"
          dir="auto"
          rows={3}
          placeholder="a medieval stone castle by the river"
          value={prompt.value}
          onInput={(event) => (prompt.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void start();
          }}
        />
      )}
    </Field>
  );
}

function TeacherFields() {
  const all = serverInfo.value?.teachers ?? [];
  const info = teacherInfo.value;
  if (!info) return null;
  const choose = (name: string) => {
    const chosen = all.find((one) => one.name === name);
    if (!chosen) return;
    teacher.value = chosen.teacher;
    if (!chosen.methods.includes(method.value)) method.value = chosen.methods[0] ?? TrainingMethod.DISTILL;
    // Another teacher has other defaults; what was changed was changed for this one.
    overrides.value = {};
    initMode.value = InitMode.UNSPECIFIED;
  };
  const methodName = method.value === TrainingMethod.SAMPLE ? "sample" : "distill";
  return (
    <>
      <Field label="Teacher" hint={info.description} complaint={refusalOf("teacher")}>
        {(described) => (
          <select {...described} class="input" value={info.name} onChange={(event) => choose(event.currentTarget.value)}>
            {all.map((one) => (
              <option key={one.name} value={one.name}>
                {TEACHERS[one.name] ?? one.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {teacher.value === Teacher.PHOTOMETRIC && (
        <Field label="Photographs" complaint={refusalOf("dataset_id")}>
          {(described) => (
            <select {...described} class="input" value={datasetId.value} onChange={(event) => (datasetId.value = event.currentTarget.value)}>
              <option value="">choose a dataset</option>
              {datasets.value.map((one) => (
                <option key={one.datasetId} value={one.datasetId}>
                  {one.datasetId}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {info.methods.length > 1 && (
        <div class="field">
          <span class="label">Method</span>
          <Segmented
            label="Method"
            value={method.value}
            options={info.methods.map((value) => ({ value, label: METHODS[value === TrainingMethod.SAMPLE ? "sample" : "distill"]!.label }))}
            onChange={(value) => {
              method.value = value;
              overrides.value = {};
            }}
          />
          <p class="hint">{METHODS[methodName]!.hint}</p>
        </div>
      )}
    </>
  );
}

function VariationsField() {
  return (
    <Field label="Variations" hint={variations.value > 1 ? "One job for each of as many seeds." : "More than one starts a job for each of as many seeds."}>
      {(described) => (
        <div class="stepper" id={described.id} role="group" aria-label="Variations">
          {Array.from({ length: MAX_VARIATIONS }, (_, i) => i + 1).map((n) => (
            <button key={n} type="button" aria-pressed={variations.value === n} onClick={() => (variations.value = n)}>
              {n}
            </button>
          ))}
        </div>
      )}
    </Field>
  );
}

function MoreSettings() {
  const info = teacherInfo.value;
  if (!info) return null;
  const methodName = method.value === TrainingMethod.SAMPLE ? "sample" : "distill";
  const applies = (one: Explained) => (one.teachers?.includes(info.name) ?? true) && (one.method ?? methodName) === methodName;
  const changed = Object.keys(overrides.value).filter((name) => name !== "steps" && name !== "strength").length;
  const modes = (settingInfo("init_mode")?.choices ?? []).filter((mode) => !(mode === "prior" && info.name === "prior"));
  return (
    <details class="disclosure more">
      <summary>
        More settings {changed > 0 && <span class="faint">{changed} changed</span>}
      </summary>
      <div class="groups">
        <section>
          <h3>Opening</h3>
          <Field label="First world" hint="What the run starts from." complaint={refusalOf("init_mode")}>
            {(described) => (
              <select {...described} class="input" value={InitMode[initMode.value]} onChange={(event) => (initMode.value = initModeOf(event.currentTarget.value))}>
                <option value={InitMode[InitMode.UNSPECIFIED]}>The teacher's choice</option>
                {modes.map((mode) => (
                  <option key={mode} value={mode.toUpperCase()}>
                    {INIT_MODES[mode] ?? mode}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Priority" hint="Higher goes first in the queue, -100 to 100." complaint={refusalOf("priority")}>
            {(described) => (
              <input
                {...described}
                class="input"
                type="number"
                min={-100}
                max={100}
                value={priority.value}
                onChange={(event) => (priority.value = Math.min(100, Math.max(-100, Math.round(event.currentTarget.valueAsNumber || 0))))}
              />
            )}
          </Field>
        </section>
        {GROUPS.map((group) => {
          const shown = group.settings.filter(applies);
          return shown.length === 0 ? null : (
            <section key={group.title}>
              <h3>{group.title}</h3>
              {shown.map((about) => (
                <Setting key={about.name} about={about} complaint={refusalOf(about.name)} />
              ))}
            </section>
          );
        })}
      </div>
    </details>
  );
}

function initModeOf(name: string): InitMode {
  return name in InitMode ? InitMode[name as keyof typeof InitMode] : InitMode.UNSPECIFIED;
}

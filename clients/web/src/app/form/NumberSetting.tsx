import { defaults, fieldOf, overrides, rangeComplaint, setValue, settingInfo, valueOf } from "../../state/form";
import { brief } from "../../state/words";
import { SettingKind } from "../../gen/vox/v1/info_pb";
import { Field } from "../controls/Field";
import { Slider } from "../controls/Slider";
import type { Explained } from "./explain";

/** A setting of a job: a switch, a slider or a number, as the server describes it. */
export function Setting({ about, complaint = "" }: { about: Explained; complaint?: string }) {
  const info = settingInfo(about.name);
  const value = valueOf(about.name);
  if (!info || value === undefined) return null;
  if (info.kind === SettingKind.BOOLEAN) {
    return (
      <label class="check">
        <input type="checkbox" checked={value === true} onChange={(event) => setValue(about.name, event.currentTarget.checked)} />
        <span>
          {about.label} <span class="hint faint">{about.hint}</span>
        </span>
      </label>
    );
  }
  const number = Number(value);
  const wrong = rangeComplaint(about.name, number) || complaint;
  const isWhole = info.kind === SettingKind.INTEGER;
  const set = (next: number) => setValue(about.name, Number.isNaN(next) ? undefined : isWhole ? Math.round(next) : next);
  const { slider } = about;
  return (
    <Field label={about.label} hint={about.hint} complaint={wrong} aside={<Reset name={about.name} />}>
      {(described) =>
        slider ? (
          <Slider
            described={described}
            value={number}
            min={Math.max(slider.min, info.minimum ?? slider.min)}
            max={Math.min(slider.max, info.maximum ?? slider.max)}
            step={slider.step}
            logarithmic={slider.logarithmic ?? false}
            onChange={set}
          />
        ) : (
          <input {...described} class="input" type="number" step="any" value={number} onChange={(event) => set(event.currentTarget.valueAsNumber)} />
        )
      }
    </Field>
  );
}

/** Back to the default, where the form has something else. */
function Reset({ name }: { name: string }) {
  if (!(name in overrides.value)) return null;
  const value = defaults.value?.[fieldOf(name)];
  return (
    <button type="button" class="reset" onClick={() => setValue(name, undefined)}>
      default {typeof value === "number" ? brief(value) : value === true ? "on" : "off"}
    </button>
  );
}

import type { Described } from "./Field";

interface Props {
  value: number;
  min: number;
  max: number;
  /** Smallest step of the slider; the number beside it takes any value in range. */
  step?: number;
  /** Equal distances are equal ratios: for ranges over powers of ten. `min` is above 0 then. */
  logarithmic?: boolean;
  described: Described;
  onChange: (value: number) => void;
}

/** A slider with the number beside it. */
export function Slider({ value, min, max, step = 1, logarithmic = false, described, onChange }: Props) {
  const toPlace = (v: number) => (logarithmic ? Math.log(v / min) / Math.log(max / min) : (v - min) / (max - min));
  const fromPlace = (p: number) => {
    const exact = logarithmic ? min * (max / min) ** p : min + p * (max - min);
    return Number(Math.min(max, Math.max(min, Math.round(exact / step) * step)).toPrecision(6));
  };
  const place = Math.min(1, Math.max(0, toPlace(Math.min(max, Math.max(min, value)))));
  return (
    <div class="slider">
      <input
        {...described}
        type="range"
        min={0}
        max={1}
        step={logarithmic ? 0.005 : step / (max - min)}
        value={place}
        aria-valuetext={String(value)}
        style={`--fill: ${place * 100}%`}
        onInput={(event) => onChange(fromPlace(event.currentTarget.valueAsNumber))}
      />
      <input
        class="input"
        type="number"
        aria-label="exact value"
        aria-invalid={described["aria-invalid"]}
        value={value}
        step="any"
        onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

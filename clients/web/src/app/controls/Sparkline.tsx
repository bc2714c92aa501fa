interface Props {
  values: readonly number[];
  /** What it shows, for readers that do not see it. */
  label: string;
}

const WIDTH = 120;
const HEIGHT = 26;

/** A curve without axes. */
export function Sparkline({ values, label }: Props) {
  return (
    <svg class="spark" viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={curve(values, WIDTH, HEIGHT)} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

/** A path through `values` at equal distances, fitted to the box. */
export function curve(values: readonly number[], width: number, height: number): string {
  if (values.length === 0) return "";
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = high - low || 1;
  const stride = Math.max(1, Math.floor(values.length / width));
  const points: string[] = [];
  for (let i = 0; i < values.length; i += stride) {
    const x = values.length === 1 ? 0 : (i / (values.length - 1)) * width;
    const y = height - ((values[i]! - low) / span) * height;
    points.push(`${x.toFixed(1)} ${y.toFixed(1)}`);
  }
  return points.length === 1 ? `M0 ${height / 2}H${width}` : `M${points.join("L")}`;
}

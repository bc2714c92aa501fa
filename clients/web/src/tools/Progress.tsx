interface Props {
  label: string;
  done: number;
  /** 0 while it is not known. */
  total: number;
}

/** How far something is. */
export function Progress({ label, done, total }: Props) {
  const part = total > 0 ? done / total : 0;
  const percent = Math.round(part * 100);
  return (
    <div class="progress">
      <div class="bar" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
        <i style={`width: ${percent}%`} />
      </div>
      <p class="hint" role="status">
        {label} {total > 0 && <span class="mono">{percent}%</span>}
      </p>
    </div>
  );
}

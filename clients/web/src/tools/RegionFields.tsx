import { useId } from "preact/hooks";
import { addKept, activeBox, boxOf, gridSize, isActive, kept, MAX_KEPT, region, removeBox, setBox, type BoxRef } from "../state/selection";
import { tool } from "../state/toolbox";
import { Button } from "../app/controls/Button";
import { boxSize, cellCount, innerBox, startingBox, withSide, type CellBox, type Side } from "./boxes";
import { SourceField } from "./SourceField";

/** Where a run may change the world, and what it must keep. */
export function RegionFields() {
  const size = gridSize.value;
  return (
    <>
      <SourceField />
      <fieldset class="field boxes" disabled={size === null}>
        <legend class="label">Region</legend>
        {region.value === null ? (
          <div class="row">
            <p class="hint">The run may change the whole map.</p>
            <Button small icon="plus" onClick={() => size && choose({ kind: "region" }, startingBox(size))}>
              Choose a region
            </Button>
          </div>
        ) : (
          <BoxEditor of={{ kind: "region" }} name="Region" />
        )}
        {kept.value.map((_, index) => (
          <BoxEditor key={index} of={{ kind: "keep", index }} name={`Kept ${index + 1}`} />
        ))}
        {size !== null && kept.value.length < MAX_KEPT && (
          <Button small kind="ghost" icon="plus" onClick={() => addKept(innerBox(region.peek() ?? startingBox(size), size)) && (tool.value = "keep")}>
            Keep some blocks
          </Button>
        )}
      </fieldset>
    </>
  );
}

function choose(ref: BoxRef, box: CellBox): void {
  if (ref.kind === "region") region.value = box;
  activeBox.value = ref;
  tool.value = ref.kind;
}

const AXES = ["x", "y", "z"] as const;

function BoxEditor({ of, name }: { of: BoxRef; name: string }) {
  const box = boxOf(of);
  const size = gridSize.value;
  const id = useId();
  if (!box || !size) return null;
  const [w, h, d] = boxSize(box);
  return (
    <div class={`box-editor ${of.kind}`} role="group" aria-labelledby={id} data-active={isActive(of)} onFocusIn={() => (activeBox.value = of)}>
      <div class="row">
        <span id={id}>
          <i class="box-mark" aria-hidden="true" /> {name}
        </span>
        <span class="faint mono">{`${w} × ${h} × ${d}, ${cellCount(box).toLocaleString("en")} cells`}</span>
        <Button small kind="ghost" icon="trash" label={`Remove: ${name}`} onClick={() => removeBox(of)} />
      </div>
      <div class="box-fields">
        {(["from", "to"] as const).map((end, high) => (
          <div class="box-row" key={end}>
            <span class="faint" aria-hidden="true">
              {end}
            </span>
            {AXES.map((axis, i) => {
              const side = (i * 2 + (high ? 0 : 1)) as Side;
              // Cells, both ends in the box: what is shown and what counts are the same for people.
              const value = high ? box.high[i]! - 1 : box.low[i]!;
              return (
                <label key={axis}>
                  <span class="faint">{axis}</span>
                  <input
                    class="input"
                    type="number"
                    inputMode="numeric"
                    aria-label={`${name}, ${end} ${axis}`}
                    min={0}
                    max={size[i]! - 1}
                    value={value}
                    onChange={(event) => {
                      const typed = event.currentTarget.valueAsNumber;
                      if (Number.isFinite(typed)) setBox(of, withSide(box, side, typed + high, size));
                      event.currentTarget.valueAsNumber = sideValue(of, side, high);
                    }}
                  />
                </label>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

function sideValue(of: BoxRef, side: Side, high: number): number {
  const now = boxOf(of)!;
  return (high ? now.high : now.low)[side >> 1]! - high;
}

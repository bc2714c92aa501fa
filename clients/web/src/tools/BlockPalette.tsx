import { useState } from "preact/hooks";
import { addBlock } from "../state/edits";
import { block, brushSize, tool } from "../state/toolbox";
import { shownWorld } from "../state/view";
import { FIRST_CUSTOM_ID } from "../world/mapJson";
import type { Block, Rgb } from "../world/voxels";
import { Button } from "../app/controls/Button";
import { Field } from "../app/controls/Field";
import { announce } from "./announce";
import { BRUSH_SIZES } from "./brush";
import { rove } from "./roving";

/** The kinds of block of the world on the canvas. */
export function BlockPalette() {
  const [isAdding, setAdding] = useState(false);
  const blocks = shownWorld.value?.blocks ?? [];
  const chosen = blocks[block.value];
  return (
    <section class="palette" aria-label="Blocks">
      <h3>
        <span class="chosen">{chosen?.name}</span>
      </h3>
      <div class="swatches" role="radiogroup" aria-label="Block" onKeyDown={rove}>
        {blocks.map((one, index) => index > 0 && <Swatch key={index} of={one} index={index} />)}
      </div>
      {isAdding ? (
        <NewBlock onDone={() => setAdding(false)} />
      ) : (
        <Button small kind="ghost" icon="plus" onClick={() => setAdding(true)}>
          New block
        </Button>
      )}
    </section>
  );
}

function Swatch({ of, index }: { of: Block; index: number }) {
  const isOn = block.value === index;
  return (
    <button
      type="button"
      class="swatch"
      role="radio"
      aria-checked={isOn}
      aria-label={of.name}
      title={of.editorId >= FIRST_CUSTOM_ID ? `${of.name} (custom)` : of.name}
      tabIndex={isOn ? 0 : -1}
      onClick={() => {
        block.value = index;
        if (tool.value === "pick") tool.value = "place";
      }}
    >
      <BlockPicture of={of} />
    </button>
  );
}

/** A block as three faces in their colours. */
export function BlockPicture({ of }: { of: Block }) {
  return (
    <svg class="block-picture" viewBox="0 0 20 20" aria-hidden="true">
      <path d="M10 2l7 4-7 4-7-4z" fill={css(of.top)} />
      <path d="M3 6l7 4v8l-7-4z" fill={css(of.side)} />
      <path d="M17 6l-7 4v8l7-4z" fill={css(of.side, 0.78)} />
    </svg>
  );
}

function css(color: Rgb, by = 1): string {
  return `rgb(${color.map((c) => Math.round(c * by * 255)).join(" ")})`;
}

export function BrushSize() {
  return (
    <div class="brush-sizes" role="radiogroup" aria-label="Brush size in blocks" onKeyDown={rove}>
      {BRUSH_SIZES.map((size) => (
        <button
          key={size}
          type="button"
          role="radio"
          aria-checked={brushSize.value === size}
          aria-label={`${size} ${size === 1 ? "block" : "blocks"} across`}
          tabIndex={brushSize.value === size ? 0 : -1}
          onClick={() => (brushSize.value = size)}
        >
          {size}
        </button>
      ))}
    </div>
  );
}

const MAX_NAME = 64;

function NewBlock({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState("");
  const [color, setColor] = useState("#8a6f4d");
  const blocks = shownWorld.value?.blocks ?? [];
  const isTaken = blocks.some((one) => one.name === name.trim());
  const complaint = isTaken ? "there is a block of that name" : "";
  const add = () => {
    const face = rgbOf(color);
    const editorId = Math.max(FIRST_CUSTOM_ID - 1, ...blocks.map((one) => one.editorId)) + 1;
    const index = addBlock({ name: name.trim(), editorId, top: face, bottom: face, side: face });
    if (index === null) return;
    block.value = index;
    announce(`${name.trim()} added and chosen`);
    onDone();
  };
  return (
    <form
      class="new-block"
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        if (name.trim() !== "" && !isTaken) add();
      }}
    >
      <Field label="Name" complaint={complaint}>
        {(described) => <input {...described} class="input" maxLength={MAX_NAME} value={name} onInput={(event) => setName(event.currentTarget.value)} />}
      </Field>
      <Field label="Colour">
        {(described) => <input {...described} class="input color" type="color" value={color} onInput={(event) => setColor(event.currentTarget.value)} />}
      </Field>
      <div class="row">
        <Button small kind="primary" type="submit" disabled={name.trim() === "" || isTaken}>
          Add
        </Button>
        <Button small kind="ghost" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

/** 0..1, in hundredths as the editor's own colours are. */
function rgbOf(hex: string): Rgb {
  const part = (at: number) => Math.round((parseInt(hex.slice(at, at + 2), 16) / 255) * 100) / 100;
  return [part(1), part(3), part(5)];
}

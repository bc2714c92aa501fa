import { useState } from "preact/hooks";
import { lookOptions } from "../state/look";
import { canvas, renderer } from "../state/stage";
import { Button } from "../app/controls/Button";
import { Dialog } from "../app/controls/Dialog";
import { Field } from "../app/controls/Field";
import { Segmented } from "../app/controls/Segmented";
import { giveFile, pngOf } from "./files";
import { storedMapId } from "./ExportDialog";

const MOST = 8192;

/** The view as a PNG of any size. */
export function PictureDialog({ onClose }: { onClose: () => void }) {
  const shown = canvas.value;
  const [width, setWidth] = useState(shown?.clientWidth ?? 1280);
  const [height, setHeight] = useState(shown?.clientHeight ?? 720);
  const [background, setBackground] = useState<"sky" | "clear">("sky");
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const sizes = [
    { label: "As the canvas", width: shown?.clientWidth ?? 1280, height: shown?.clientHeight ?? 720 },
    { label: "Full HD", width: 1920, height: 1080 },
    { label: "4K", width: 3840, height: 2160 },
    { label: "Square", width: 1024, height: 1024 },
  ];
  const good = (side: number) => Number.isInteger(side) && side >= 1 && side <= MOST;
  const complaint = good(width) && good(height) ? "" : `expected 1 to ${MOST} pixels a side`;

  const resize = (w: number, h: number) => {
    setWidth(w);
    setHeight(h);
  };
  const take = async () => {
    const drawer = renderer.peek();
    if (!drawer) return;
    setBusy(true);
    setFailure("");
    try {
      drawer.setOptions({ background });
      const picture = await pngOf(await drawer.readPixels(width, height));
      giveFile(`${storedMapId() ?? "world"}-${width}x${height}.png`, picture);
      onClose();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      drawer.setOptions(lookOptions());
      setBusy(false);
    }
  };
  return (
    <Dialog title="Picture" open onClose={onClose}>
      <form class="stack" onSubmit={(event) => {
          event.preventDefault();
          if (complaint === "") void take();
        }}>
        <div class="presets" role="group" aria-label="Sizes">
          {sizes.map((size) => (
            <Button key={size.label} small pressed={size.width === width && size.height === height} onClick={() => resize(size.width, size.height)}>
              {size.label}
            </Button>
          ))}
        </div>
        <div class="pair">
          <Field label="Width" complaint={complaint}>
            {(described) => <input {...described} class="input" type="number" min={1} max={MOST} value={width} onInput={(event) => setWidth(event.currentTarget.valueAsNumber)} />}
          </Field>
          <Field label="Height">
            {(described) => <input {...described} class="input" type="number" min={1} max={MOST} value={height} onInput={(event) => setHeight(event.currentTarget.valueAsNumber)} />}
          </Field>
        </div>
        <Segmented
          label="Background"
          value={background}
          options={[
            { value: "sky", label: "Sky" },
            { value: "clear", label: "Transparent" },
          ]}
          onChange={setBackground}
        />
        {!renderer.value && <p class="soft">This browser cannot draw the world, so there is no picture of it to save.</p>}
        {failure !== "" && (
          <p class="complaint" role="alert">
            {failure}
          </p>
        )}
        <div class="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={isBusy || complaint !== "" || !renderer.value}>
            {isBusy ? "Drawing" : "Save the picture"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

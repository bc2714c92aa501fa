import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { createRenderer, rendererChoice } from "../render/renderer";
import { lookOptions } from "../state/look";
import { notify } from "../state/notices";
import { camera, renderer } from "../state/stage";
import { compare, splitAt, splitWorld } from "../state/view";

/** Left of a line, the source: a second canvas over the first, cut off at the line. */
export function SplitView() {
  if (compare.value !== "split" || !splitWorld.value || !renderer.value) return null;
  return <Halves />;
}

function Halves() {
  const element = useRef<HTMLCanvasElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  useEffect(() => drawSource(element.current!, () => setDrawn(true)), []);
  const share = splitAt.value * 100;
  const drag = (event: PointerEvent) => {
    const box = element.current!.getBoundingClientRect();
    splitAt.value = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  return (
    <div class="split">
      <canvas ref={element} aria-hidden="true" data-drawn={isDrawn} style={`clip-path: inset(0 ${100 - share}% 0 0)`} />
      <span class="chip" style={`right: calc(${100 - share}% + 16px)`}>
        {isDrawn ? "Before" : "Drawing the source"}
      </span>
      <span class="chip" style={`left: calc(${share}% + 16px)`}>
        After
      </span>
      <div
        class="split-line"
        role="slider"
        tabIndex={0}
        aria-label="Line between before and after"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share)}
        style={`left: ${share}%`}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && drag(event)}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          splitAt.value = Math.min(1, Math.max(0, splitAt.value + step));
        }}
      />
    </div>
  );
}

/** Draws the source on `target` from where the main canvas is seen, and says when it is there; returns how to stop. */
function drawSource(target: HTMLCanvasElement, drawn: () => void): () => void {
  const stops: (() => void)[] = [];
  let isGone = false;
  createRenderer(target, rendererChoice(location.search)).then(
    (made) => {
      stops.push(() => made.destroy());
      if (isGone) {
        made.destroy();
        return;
      }
      stops.unshift(effect(() => made.setWorld(splitWorld.value)), effect(() => made.setCamera(camera.value)), effect(() => made.setOptions({ ...lookOptions(), soft: false })));
      void made.settled().then(() => !isGone && drawn());
    },
    () => {
      notify({ tone: "bad", title: "No second picture", text: "This browser cannot draw two worlds at once; hold C to compare." });
      compare.value = "run";
    },
  );
  return () => {
    isGone = true;
    stops.forEach((stop) => stop());
  };
}

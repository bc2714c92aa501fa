import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { dependOn } from "../state/depend";
import { currentRun } from "../state/jobs";
import type { Run } from "../state/run";
import { addShortcuts } from "../state/shortcuts";
import { compare, followLive, goToStep, isFollowing, isSoft, shownFrame } from "../state/view";
import { bytes } from "../state/words";
import { Button } from "./controls/Button";
import { curve } from "./controls/Sparkline";

/** Plays the run again from where it is shown. */
const isPlaying = signal(false);
const PLAY_MILLIS = 160;

/** The run from its first frame to its newest: scrub it, follow it, compare it. */
export function Timeline() {
  const run = currentRun.value;
  useEffect(() => addShortcuts(...SHORTCUTS), []);
  if (!run) return null;
  return <Track run={run} />;
}

function Track({ run }: { run: Run }) {
  dependOn(run.version.value);
  const { snapshots } = run;
  const { frames, last, first } = snapshots;
  const total = Math.max(run.total, last?.step ?? 0, 1);
  const at = isFollowing.value ? (last?.step ?? 0) : (shownFrame.value?.step ?? 0);
  usePlaying(run);
  const newestPlace = ((last?.step ?? 0) / total) * 100;
  const losses = run.losses.get("total");
  const isEmpty = frames.length === 0;
  return (
    <section class="timeline" aria-label="Timeline">
      <Button icon={isPlaying.value ? "pause" : "play"} label={isPlaying.value ? "Pause the replay" : "Replay the run"} kind="ghost" disabled={frames.length < 2} onClick={togglePlaying} />
      <div class="track">
        <svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true">
          {losses && losses.steps.length > 1 && (
            <g transform={`scale(${(losses.steps[losses.steps.length - 1]! - losses.steps[0]!) / total} 1) translate(${(losses.steps[0]! / total) * 1000} 0)`}>
              <path class="loss" d={curve(losses.values, 1000, 34)} vector-effect="non-scaling-stroke" />
            </g>
          )}
          <path class="ticks" d={ticks(frames.map((frame) => (frame.step / total) * 1000))} vector-effect="non-scaling-stroke" />
        </svg>
        <div class="reached" style={`width: ${newestPlace}%`} />
        <input
          type="range"
          min={0}
          max={total}
          step={1}
          value={at}
          disabled={isEmpty}
          aria-label="Step"
          aria-valuetext={`step ${at} of ${total}`}
          style={`--at: ${(at / total) * 100}%`}
          onInput={(event) => scrub(run, event.currentTarget.valueAsNumber)}
          onChange={() => undefined}
        />
      </div>
      <output class="mono" title={isEmpty ? "" : `${frames.length} moments kept, ${bytes(snapshots.bytes)}${snapshots.dropped > 0 ? `; ${snapshots.dropped} older ones had to go` : ""}`}>
        {at}
        <span class="faint"> / {total}</span>
      </output>
      <Button small icon="live" label="Always show the newest (N)" pressed={isFollowing.value} disabled={isEmpty} onClick={() => (isFollowing.value ? goToStep(at) : followLive())}>
        {!run.isOver ? "Live" : last?.final ? "Result" : "Last"}
      </Button>
      {!run.isOver && (
        <Button small icon="soft" label="Show cells that are still undecided as such" pressed={isSoft.value} onClick={() => (isSoft.value = !isSoft.peek())} />
      )}
      <div class="ab" role="group" aria-label="Compare with the source">
        <Button small label="Before: the source map (hold C)" pressed={compare.value === "source"} disabled={!first} onClick={() => toggleCompare("source")}>
          A/B
        </Button>
        <Button small icon="split" label="Before and after, side by side" pressed={compare.value === "split"} disabled={!first} onClick={() => toggleCompare("split")} />
      </div>
    </section>
  );
}

function scrub(run: Run, step: number): void {
  isPlaying.value = false;
  goToStep(Math.min(step, run.snapshots.last?.step ?? step));
}

function toggleCompare(mode: "source" | "split"): void {
  compare.value = compare.peek() === mode ? "run" : mode;
}

function togglePlaying(): void {
  const run = currentRun.peek();
  if (!run) return;
  isPlaying.value = !isPlaying.peek();
  const { first, last } = run.snapshots;
  if (isPlaying.peek() && first && (isFollowing.peek() || shownFrame.peek() === last)) goToStep(first.step);
}

function usePlaying(run: Run): void {
  const timer = useRef<ReturnType<typeof setInterval>>(undefined);
  const playing = isPlaying.value;
  useEffect(() => {
    if (!playing) return;
    timer.current = setInterval(() => stepBy(run, 1) || (isPlaying.value = false), PLAY_MILLIS);
    return () => clearInterval(timer.current);
  }, [playing, run]);
}

/** Moves by so many frames; false where there is no further one. */
function stepBy(run: Run, frames: number): boolean {
  const all = run.snapshots.frames;
  const now = shownFrame.peek();
  const next = all[(now ? all.indexOf(now) : -1) + frames];
  if (!next) return false;
  goToStep(next.step);
  return true;
}

function ticks(places: readonly number[]): string {
  // More than one a pixel would be a solid bar.
  const stride = Math.ceil(places.length / 250);
  return places
    .filter((_, i) => i % stride === 0)
    .map((x) => `M${x.toFixed(1)} 36V40`)
    .join("");
}

const hasRun = () => currentRun.peek() !== null;
const move = (frames: number) => () => {
  isPlaying.value = false;
  stepBy(currentRun.peek()!, frames);
};

const SHORTCUTS = [
  { keys: "n", label: "Follow the newest frame", group: "Run", when: hasRun, run: followLive },
  { keys: " ", label: "Replay the run, or pause it", group: "Run", when: hasRun, run: togglePlaying },
  { keys: ",", label: "One frame back", group: "Run", when: hasRun, run: move(-1) },
  { keys: ".", label: "One frame on", group: "Run", when: hasRun, run: move(1) },
  {
    keys: "c",
    label: "Hold: the source map (before)",
    group: "Run",
    when: hasRun,
    run: () => (compare.value = "source"),
    release: () => (compare.value = "run"),
  },
] as const;

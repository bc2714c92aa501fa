/** Links to what is on the canvas, made and followed. */
import { effect, untracked } from "@preact/signals";
import { mapId } from "../state/form";
import { currentRun } from "../state/jobs";
import { notify } from "../state/notices";
import { camera, isCameraGiven } from "../state/stage";
import { goToStep, isFollowing, shownFrame, shownKind, shownWorld, source } from "../state/view";
import { decodePlace, encodePlace, type Place } from "./permalink";

/** What the canvas shows, as a place. */
function presentPlace(): Place {
  const run = currentRun.peek();
  const frame = shownFrame.peek();
  return {
    job: run?.jobId ?? null,
    map: run ? null : shownKind.peek() === "map" ? (source.peek()?.mapId ?? null) : mapId.peek() || null,
    step: run && !isFollowing.peek() && frame ? frame.step : null,
    camera: camera.peek(),
  };
}

/** Puts a link to this very view on the clipboard, and into the address line. */
export async function copyLink(): Promise<void> {
  history.replaceState(null, "", encodePlace(presentPlace()));
  try {
    await navigator.clipboard.writeText(location.href);
    notify({ tone: "good", title: "The link is copied" });
  } catch {
    notify({ tone: "plain", title: "The address line has the link", text: "This browser does not let the page copy it." });
  }
}

/** Goes where the address says, now and when it changes; returns how to stop. */
export function keepPlace(): () => void {
  let stopWaiting: () => void = () => undefined;
  const follow = () => {
    stopWaiting();
    const place = decodePlace(location.hash);
    if (place.map !== null) mapId.value = place.map;
    if (place.camera) {
      camera.value = place.camera;
      isCameraGiven.value = shownWorld.peek() === null;
    }
    const { job, step } = place;
    if (job === null || step === null) return;
    stopWaiting = effect(() => {
      if (currentRun.value?.jobId !== job) return;
      // A job that opens is shown from its newest frame; this comes after that.
      queueMicrotask(() => untracked(() => goToStep(step)));
    });
  };
  follow();
  window.addEventListener("hashchange", follow);
  return () => {
    stopWaiting();
    window.removeEventListener("hashchange", follow);
  };
}

/** The whole screen for the page. */
import { signal } from "@preact/signals";
import { notify } from "../state/notices";

export const isFullScreen = signal(false);

export function toggleFullScreen(): void {
  const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  change.catch(() => notify({ tone: "plain", title: "This browser does not give the page the whole screen" }));
}

/** Returns how to stop. */
export function keepFullScreen(): () => void {
  const follow = () => (isFullScreen.value = document.fullscreenElement !== null);
  document.addEventListener("fullscreenchange", follow);
  return () => document.removeEventListener("fullscreenchange", follow);
}

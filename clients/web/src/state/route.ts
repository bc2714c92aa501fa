/** The page's own address: `#job/ID` opens a job, `#map/ID` a map. What follows a "?" belongs to the view. */
import { effect } from "@preact/signals";
import { decodePlace } from "../tools/permalink";
import { mapId } from "./form";
import { closeJob, currentRun, openJob } from "./jobs";

/** Opens what the address names, now and when it changes, and keeps it in step; returns how to stop. */
export function keepRoute(): () => void {
  const read = () => {
    const { job, map } = decodePlace(location.hash);
    if (map !== null) mapId.value = map;
    if (job !== null) openJob(job);
    else closeJob();
  };
  read();
  window.addEventListener("hashchange", read);
  const stop = effect(() => {
    const open = currentRun.value?.jobId ?? null;
    if (open === decodePlace(location.hash).job) return;
    history.pushState(null, "", open === null ? location.pathname + location.search : `#job/${open}`);
  });
  window.addEventListener("popstate", read);
  return () => {
    stop();
    window.removeEventListener("hashchange", read);
    window.removeEventListener("popstate", read);
  };
}

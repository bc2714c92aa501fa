/**
 * What takes longest on the way to the first picture, all at once and before the page has a face: the
 * graphics device, the mesher's worker, and the map.
 */
import { effect } from "@preact/signals";
import { rendererChoice } from "../render/renderer";
import { keepDrawing } from "./drawing";
import { keepForm } from "./form";
import { keepLook } from "./look";
import { keepRoute } from "./route";
import { explainBarriers } from "./session";
import { listenForShortcuts } from "./shortcuts";
import { renderer, rendererProblem } from "./stage";
import { keepTheme } from "./theme";
import { isSourceLoading, keepViewUpToDate } from "./view";

/**
 * How long the page's face waits for the picture behind it. A software GPU that is given text and borders to paint
 * first comes to the world a second later than it could; a real one is there long before this.
 */
const FACE_WAITS_MILLIS = 500;

/** For as long as the page is open. Resolves once it is time for the page's face. */
export function beginPage(): Promise<void> {
  explainBarriers();
  keepTheme();
  keepLook(localStorage);
  keepForm(localStorage);
  keepRoute();
  keepViewUpToDate();
  // Before the camera's keys: it leaves alone what a shortcut has taken.
  listenForShortcuts(window);
  keepDrawing(rendererChoice(location.search));
  return new Promise((resolve) => {
    setTimeout(resolve, FACE_WAITS_MILLIS);
    effect(() => {
      if (rendererProblem.value) resolve();
      else if (renderer.value && !isSourceLoading.value) void renderer.value.meshed().then(resolve);
    });
  });
}

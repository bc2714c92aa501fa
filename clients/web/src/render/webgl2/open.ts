/** Opening WebGL2 on a canvas; also again, after its context was lost. */
import type { GpuBackend } from "../backend";
import { WebGl2Backend } from "./backend";

/** How long a browser may take to give a lost context back, each time that it is asked. */
const RESTORE_MILLIS = 2000;

export async function openWebGl2(canvas: HTMLCanvasElement, lost: (reason: string) => void): Promise<GpuBackend> {
  // The page stands still until the browser's graphics process answers: calls that wait to go out go first.
  await new Promise((resolve) => setTimeout(resolve));
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true, powerPreference: "high-performance" });
  if (!gl) throw new Error("this browser does not have it, or its graphics are switched off");
  if (gl.isContextLost()) await restored(canvas);
  const backend = new WebGl2Backend(gl);
  await backend.prepare();
  if (gl.isContextLost()) throw new Error("the graphics context was lost");
  canvas.addEventListener(
    "webglcontextlost",
    (event) => {
      // Without this the browser never gives the context back.
      event.preventDefault();
      lost("the graphics context was lost");
    },
    { once: true },
  );
  return backend;
}

function restored(canvas: HTMLCanvasElement): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the graphics context did not come back")), RESTORE_MILLIS);
    canvas.addEventListener(
      "webglcontextrestored",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

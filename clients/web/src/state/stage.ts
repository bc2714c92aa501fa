/** The canvas: who draws on it, from where. */
import { signal } from "@preact/signals";
import { DEFAULT_CAMERA, type Camera } from "../render/camera";
import type { Hit, Renderer, RendererUnavailable } from "../render/renderer";

/** Null until there is one, and where neither backend works. */
export const renderer = signal<Renderer | null>(null);
export const rendererProblem = signal<RendererUnavailable | null>(null);
/** The device was lost and is not back yet. */
export const isDeviceLost = signal(false);
/** Where the canvas is seen from; setting it moves the view. */
export const camera = signal<Camera>(DEFAULT_CAMERA);
/** A link said where to look from: the next world to come is not framed. */
export const isCameraGiven = signal(false);
/** The face under the pointer, null where there is none. */
export const hover = signal<Hit | null>(null);
/** The canvas itself, for tools that listen to the pointer. Another one where its device is gone for good. */
export const canvas = signal<HTMLCanvasElement | null>(null);
/** Whether the canvas is on the page, and so has a size. */
export const isCanvasPlaced = signal(false);

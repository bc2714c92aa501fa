/** What a run looked like, moment by moment, within a bound on memory. */
import type { Frame } from "../net/frames";

/**
 * Frames in the order of their steps. Above `mostBytes` the oldest go, but never the first, nor the
 * newest, which at the end is the final one.
 */
export class Snapshots {
  readonly #frames: Frame[] = [];
  #bytes = 0;
  /** How many had to go. */
  dropped = 0;

  constructor(readonly mostBytes: number) {}

  get frames(): readonly Frame[] {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get first(): Frame | undefined {
    return this.#frames[0];
  }

  get last(): Frame | undefined {
    return this.#frames[this.#frames.length - 1];
  }

  /** One that is there by that step gives way, and so do later ones: the run went on from an earlier step. */
  add(frame: Frame): void {
    while (this.last && (this.last.step > frame.step || (this.last.step === frame.step && !this.#isOpening(frame)))) {
      this.#bytes -= this.#frames.pop()!.ids.length;
    }
    this.#frames.push(frame);
    this.#trim(frame);
  }

  /**
   * Puts a frame of the run's past before those that it came before. Nothing happens where its step is there
   * already, or beyond the newest: that one comes by itself, unless the run went back.
   */
  addPast(frame: Frame): void {
    const at = this.#frames.findIndex((one) => one.step > frame.step || (one.step === frame.step && one.seq >= frame.seq));
    if (at < 0) return;
    const sameStep = this.#frames.filter((one) => one.step === frame.step);
    const isOpening = frame.step === 0 && sameStep.length === 1 && sameStep[0]!.seq !== frame.seq;
    if (sameStep.length > 0 && !isOpening) return;
    this.#frames.splice(at, 0, frame);
    this.#trim(frame);
  }

  /** Index of the newest frame whose step is at most `step`; the first where all are later, -1 where there is none. */
  indexAt(step: number): number {
    if (this.#frames.length === 0) return -1;
    let low = 0;
    let high = this.#frames.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#frames[middle]!.step <= step) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #trim(added: Frame): void {
    this.#bytes += added.ids.length;
    while (this.#bytes > this.mostBytes && this.#frames.length > 2) {
      const [gone] = this.#frames.splice(1, 1);
      this.#bytes -= gone!.ids.length;
      this.dropped += 1;
    }
  }

  /** A sampled run draws its opening and its first look under one step: both are kept. */
  #isOpening(frame: Frame): boolean {
    return frame.step === 0 && this.#frames.length === 1;
  }
}

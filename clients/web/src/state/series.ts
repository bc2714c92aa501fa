/** Numbers over the steps of a run, for curves. */

/** A curve with a bound on its length: when it is full, every second point is let go. */
export class Series {
  readonly steps: number[] = [];
  readonly values: number[] = [];
  #stride = 1;
  #skipped = 0;

  constructor(private readonly most = 2048) {}

  get last(): number | undefined {
    return this.values[this.values.length - 1];
  }

  /** Points of later steps that are known are forgotten: the run went on from an earlier one. */
  add(step: number, value: number): void {
    if (!Number.isFinite(value)) return;
    while (this.steps.length > 0 && this.steps[this.steps.length - 1]! >= step) {
      this.steps.pop();
      this.values.pop();
    }
    // The newest point is always there; when it is not due it gives way to the next.
    if (this.#skipped > 0 && this.steps.length > 1) {
      this.steps.pop();
      this.values.pop();
    }
    this.steps.push(step);
    this.values.push(value);
    this.#skipped = (this.#skipped + 1) % this.#stride;
    if (this.steps.length > this.most) this.#thin();
  }

  #thin(): void {
    const kept = this.steps.flatMap((step, i) => (i % 2 === 0 ? [[step, this.values[i]!] as const] : []));
    this.steps.splice(0, Infinity, ...kept.map(([step]) => step));
    this.values.splice(0, Infinity, ...kept.map(([, value]) => value));
    this.#stride *= 2;
    this.#skipped = 0;
  }
}

/** Speed from the newest few of (time, step) pairs. */
export class Pace {
  readonly #seen: [number, number][] = [];

  /** `millis` since any fixed moment. */
  saw(millis: number, step: number): void {
    if ((this.#seen[this.#seen.length - 1]?.[1] ?? 0) > step) this.#seen.length = 0;
    this.#seen.push([millis, step]);
    if (this.#seen.length > 12) this.#seen.shift();
  }

  clear(): void {
    this.#seen.length = 0;
  }

  /** Undefined until there are two pairs. */
  get perSecond(): number | undefined {
    const first = this.#seen[0];
    const last = this.#seen[this.#seen.length - 1];
    if (!first || !last || last[0] <= first[0]) return undefined;
    return ((last[1] - first[1]) * 1000) / (last[0] - first[0]);
  }
}

/**
 * How far behind a stream is, in milliseconds. The two clocks may differ: the quickest event so far
 * counts as no lag at all.
 */
export class Lag {
  #least = Infinity;
  millis: number | undefined;

  saw(emitted: number, received: number): void {
    const raw = received - emitted;
    this.#least = Math.min(this.#least, raw);
    this.millis = raw - this.#least;
  }
}

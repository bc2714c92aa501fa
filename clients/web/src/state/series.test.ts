import { expect, test } from "vitest";
import { Lag, Pace, Series } from "./series";

test("a long curve keeps its shape, its first and its newest point within a bound", () => {
  const series = new Series(64);
  for (let step = 1; step <= 10_000; step++) series.add(step, step * 2);
  expect(series.steps.length).toBeLessThanOrEqual(64);
  expect(series.steps.length).toBeGreaterThan(16);
  expect([series.steps[0], series.steps.at(-1), series.last]).toEqual([1, 10_000, 20_000]);
  expect(series.steps.every((step, i) => series.values[i] === step * 2)).toBe(true);
  expect([...series.steps].sort((a, b) => a - b)).toEqual(series.steps);
});

test("a run that went on from an earlier step overwrites, and what is no number is left out", () => {
  const series = new Series();
  for (const [step, value] of [[1, 5], [2, 4], [3, 3], [2, 9], [4, NaN]] as const) series.add(step, value);
  expect([series.steps, series.values]).toEqual([[1, 2], [5, 9]]);
});

test("speed comes from the newest steps", () => {
  const pace = new Pace();
  expect(pace.perSecond).toBeUndefined();
  for (let i = 0; i <= 20; i++) pace.saw(i * 500, i * 4);
  expect(pace.perSecond).toBe(8);
  pace.saw(11_000, 3);
  expect(pace.perSecond).toBeUndefined();
});

test("lag is against the quickest event, whatever the clocks say", () => {
  const lag = new Lag();
  lag.saw(1_000_000, 5_040);
  expect(lag.millis).toBe(0);
  lag.saw(1_001_000, 6_290);
  expect(lag.millis).toBe(250);
});

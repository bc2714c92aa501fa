import { expect, test } from "vitest";
import { backoffSeconds, pause } from "./backoff";

test("waits double up to a bound, half of each drawn", () => {
  const least = [1, 2, 3, 4, 9].map((attempt) => backoffSeconds(attempt, { random: () => 0 }));
  const most = [1, 2, 3, 4, 9].map((attempt) => backoffSeconds(attempt, { random: () => 1 }));
  expect(least).toEqual([0.25, 0.5, 1, 2, 7.5]);
  expect(most).toEqual([0.5, 1, 2, 4, 15]);
  expect(backoffSeconds(5000)).toBeLessThanOrEqual(15);
});

test("a wait ends when it is woken, and fails when it is left", async () => {
  const wake = new EventTarget();
  const scope = new AbortController();
  const woken = pause(60, scope.signal, wake);
  wake.dispatchEvent(new Event("wake"));
  await woken;
  const left = pause(60, scope.signal, wake);
  scope.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  await expect(pause(60, scope.signal)).rejects.toThrow("left");
});

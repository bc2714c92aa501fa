import { expect, test } from "vitest";
import { ago, brief, bytes, count, duration } from "./words";

test("times", () => {
  expect([400, 8_200, 185_000, 599_000, 600_000, 2_075_000, 7_800_000, 63_120_000].map(duration)).toEqual(["0 s", "8 s", "3 min 05 s", "9 min 59 s", "10 min", "35 min", "2 h 10 min", "18 h"]);
  const now = Date.parse("2030-03-12T12:00:00Z");
  expect([0, 5, 180, 26 * 60, 60 * 24 * 9].map((minutes) => ago(now - minutes * 60_000, now))).toEqual(["just now", "5 min ago", "3 h ago", "yesterday", "3 Mar"]);
});

test("numbers", () => {
  expect([0, 1, 0.123456, 12_345.6, 1e6, 0.00012].map(brief)).toEqual(["0", "1", "0.123", "12300", "1.0e6", "1.2e-4"]);
  expect([count(91_893n), bytes(1), bytes(196_608), bytes(12_582_912)]).toEqual(["91,893", "1 kB", "197 kB", "12.6 MB"]);
});

import { expect, test } from "vitest";
import type { Frame } from "../net/frames";
import { Snapshots } from "./snapshots";

const frame = (step: number, final = false): Frame => ({ step, seq: BigInt(step + 1), final, size: [10, 1, 1], ids: new Uint8Array(10), palette: [], worldScale: 2 });
const steps = (snapshots: Snapshots) => snapshots.frames.map((one) => one.step);

test("above the bound the oldest go, never the first nor the newest", () => {
  const snapshots = new Snapshots(40);
  for (let step = 0; step < 8; step++) snapshots.add(frame(step));
  expect(steps(snapshots)).toEqual([0, 5, 6, 7]);
  expect([snapshots.bytes, snapshots.dropped]).toEqual([40, 4]);
  snapshots.add(frame(8, true));
  expect(steps(snapshots)).toEqual([0, 6, 7, 8]);
  expect(snapshots.last?.final).toBe(true);
});

test("a bound that is too low for two still keeps the first and the newest", () => {
  const snapshots = new Snapshots(1);
  for (let step = 0; step < 5; step++) snapshots.add(frame(step));
  expect(steps(snapshots)).toEqual([0, 4]);
});

test("a run that went on from an earlier step replaces what came after it", () => {
  const snapshots = new Snapshots(1000);
  for (const step of [0, 4, 8, 12, 8]) snapshots.add(frame(step));
  expect(steps(snapshots)).toEqual([0, 4, 8]);
  expect(snapshots.bytes).toBe(30);
});

test("the world that a run begins with stays beside what is drawn under step 0", () => {
  const snapshots = new Snapshots(1000);
  const source = frame(0);
  snapshots.add(source);
  snapshots.add(frame(0));
  snapshots.add(frame(0));
  expect(steps(snapshots)).toEqual([0, 0]);
  expect(snapshots.first).toBe(source);
});

test("what there was at a step", () => {
  const snapshots = new Snapshots(1000);
  expect(snapshots.indexAt(3)).toBe(-1);
  for (const step of [2, 4, 8]) snapshots.add(frame(step));
  expect([0, 2, 3, 4, 7, 8, 99].map((step) => snapshots.indexAt(step))).toEqual([0, 0, 0, 1, 1, 2, 2]);
});

test("what a page was not there to see comes before what it saw", () => {
  const snapshots = new Snapshots(1000);
  for (const step of [20, 24]) snapshots.add(frame(step));
  const opening = { ...frame(0), seq: 1n };
  const firstLook = { ...frame(0), seq: 2n };
  for (const past of [opening, firstLook, firstLook, frame(8), frame(20), frame(22), frame(30), frame(8)]) snapshots.addPast(past);
  expect(steps(snapshots)).toEqual([0, 0, 8, 20, 22, 24]);
  expect([snapshots.first, snapshots.bytes]).toEqual([opening, 60]);
  // The run goes on, and back.
  snapshots.add(frame(25));
  snapshots.add(frame(9));
  expect(steps(snapshots)).toEqual([0, 0, 8, 9]);
});

test("the past keeps to the bound on memory too", () => {
  const snapshots = new Snapshots(40);
  snapshots.add(frame(90));
  for (let step = 0; step < 80; step += 10) snapshots.addPast(frame(step));
  expect(steps(snapshots)).toEqual([0, 60, 70, 90]);
  expect(snapshots.bytes).toBe(40);
});

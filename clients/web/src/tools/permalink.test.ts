import { expect, test } from "vitest";
import { DEFAULT_CAMERA } from "../render/camera";
import { decodeCamera, decodePlace, encodeCamera, encodePlace, type Place } from "./permalink";

const CAMERA = { ...DEFAULT_CAMERA, eye: [1.23456, -7, 1e5] as const, target: [0, 0.5, -0.25] as const, fovYDegrees: 45 };

test("a place comes back from its link", () => {
  const places: Place[] = [
    { job: "abc-123", map: null, step: 40, camera: decodeCamera(encodeCamera(CAMERA)) },
    { job: null, map: "my_map", step: null, camera: null },
    { job: null, map: null, step: null, camera: decodeCamera(encodeCamera(DEFAULT_CAMERA)) },
    { job: "j", map: null, step: 0, camera: null },
    { job: null, map: null, step: null, camera: null },
  ];
  for (const place of places) expect(decodePlace(encodePlace(place))).toEqual(place);
});

test("a camera keeps millimetres", () => {
  expect(decodeCamera(encodeCamera(CAMERA))).toMatchObject({ eye: [1.235, -7, 100000], target: [0, 0.5, -0.25], fovYDegrees: 45 });
});

test.each(["#job/<img src=x>?step=1", "#job/../x", "#map/a b", "#job/", "#nothing", "#job/x%22"])("%s names nothing", (hash) => {
  expect(decodePlace(hash)).toMatchObject({ job: null, map: null });
});

test.each(["1,2,3,4,5,6", "1,2,3,4,5,6,0", "1,2,3,1,2,3,60", "NaN,2,3,4,5,6,60", "1e9,2,3,4,5,6,60", "1,2,3,4,5,6,60,7", "9999999,2,3,4,5,6,60"])("%s is no camera", (text) => {
  expect(decodeCamera(text)).toBeNull();
});

test.each(["#job/x?step=-1", "#job/x?step=1e3", "#job/x?step=99999999999"])("%s has no step", (hash) => {
  expect(decodePlace(hash)).toEqual({ job: "x", map: null, step: null, camera: null });
});

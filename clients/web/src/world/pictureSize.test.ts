import { expect, test } from "vitest";
import { pictureSize } from "./pictureSize";

/** All are 37 wide and 21 high, cut off behind what counts. */
const PICTURES: Readonly<Record<string, string>> = {
  PNG: "iVBORw0KGgoAAAANSUhEUgAAACUAAAAVCAIAAABOhrD5",
  GIF: "R0lGODdhJQAVAIEAAMhkMgAAAAAAAAAA",
  "JPEG, progressive, after its tables":
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCAAVACUDASIA",
  "WebP, lossy": "UklGRkYAAABXRUJQVlA4IDoAAABwAwCdASolABUAPm02l0ik",
  "WebP, lossless": "UklGRh4AAABXRUJQVlA4TBEAAAAvJAAFAAdQsiJXpv+BiOh/AAA=",
  "WebP, extended": "UklGRmgAAABXRUJQVlA4WAoAAAAQAAAAJAAAFAAAQUxQSAoAAAAB",
};

const bytesOf = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

test.each(Object.entries(PICTURES))("%s", (_, text) => {
  const bytes = bytesOf(text);
  expect(pictureSize(bytes)).toEqual({ width: 37, height: 21 });
  // Of a part of something larger, and cut off anywhere before it says.
  const inside = new Uint8Array(bytes.length + 9);
  inside.set(bytes, 9);
  expect(pictureSize(inside.subarray(9))).toEqual({ width: 37, height: 21 });
  for (let length = 0; length < 10; length++) expect(pictureSize(bytes.subarray(0, length))).toBeNull();
});

test.each([
  ["nothing", []],
  ["text", [...new TextEncoder().encode("<svg width='9' height='9'/>")]],
  ["a JPEG that begins with its pixels", [0xff, 0xd8, 0xff, 0xda, 0, 8, 0, 0, 0, 0, 0, 0]],
  ["a JPEG that runs in a circle", [0xff, 0xd8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ["a WebP of another kind", [...new TextEncoder().encode("RIFF0000WEBPVP9 0000000000000000")]],
])("%s has no size", (_, bytes) => {
  expect(pictureSize(Uint8Array.from(bytes))).toBeNull();
});

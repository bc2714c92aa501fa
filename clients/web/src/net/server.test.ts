import { expect, test } from "vitest";
import { serverAddress, TokenBox } from "./server";

test.each([
  ["http://127.0.0.1:50080/", "http://127.0.0.1:50080"],
  ["https://pages.example/viewer/?server=https://vox.example:444/api/", "https://vox.example:444/api"],
  ["https://pages.example/?server=10.0.0.2:50080", "http://10.0.0.2:50080"],
  ["https://pages.example/?server=", "https://pages.example"],
  ["https://pages.example/?server=javascript:alert(1)", null],
  ["https://pages.example/?server=file:///etc/passwd", null],
  ["https://pages.example/?server=http://", null],
])("%s talks to %s", (page, expected) => {
  expect(serverAddress(new URL(page))).toBe(expected);
});

test("a token is kept for its own server only", () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  const mine = new TokenBox(storage, "https://mine.example");
  mine.set("  secret\n");
  expect(new TokenBox(storage, "https://mine.example").token.value).toBe("secret");
  expect(new TokenBox(storage, "https://other.example").token.value).toBe("");
  mine.set("");
  expect(stored.size).toBe(0);
});

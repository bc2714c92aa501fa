import { expect, test } from "vitest";
import { nameOf } from "./shortcuts";

const PLAIN = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };

test.each([
  [{ key: "r", code: "KeyR" }, "r"],
  [{ key: "F", code: "KeyF", shiftKey: true }, "shift+f"],
  [{ key: "?", code: "Slash", shiftKey: true }, "?"],
  [{ key: "z", code: "KeyZ", metaKey: true }, "ctrl+z"],
  [{ key: "Z", code: "KeyZ", ctrlKey: true, shiftKey: true }, "ctrl+shift+z"],
  [{ key: "Escape", code: "Escape" }, "escape"],
  [{ key: "3", code: "Digit3" }, "3"],
  [{ key: "#", code: "Digit3", shiftKey: true }, "shift+3"],
  [{ key: "§", code: "Digit3", shiftKey: true }, "shift+3"],
  // A French keyboard, where digits are the shifted signs.
  [{ key: '"', code: "Digit3" }, "3"],
])("%o is %s", (event, name) => {
  expect(nameOf({ ...PLAIN, ...event })).toBe(name);
});

/** Makes a component or an effect run again when `_value`, a signal's value that was just read, changes. */
export function dependOn(_value: unknown): void {
  // Reading it was all.
}

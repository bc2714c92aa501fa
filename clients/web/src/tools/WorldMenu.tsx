export function WorldMenu() {
  return null;
}

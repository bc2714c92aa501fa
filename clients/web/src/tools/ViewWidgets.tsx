export function ViewWidgets() {
  return null;
}

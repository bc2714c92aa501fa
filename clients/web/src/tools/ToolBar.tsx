export function ToolBar() {
  return null;
}

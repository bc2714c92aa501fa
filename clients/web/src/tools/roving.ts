/** Arrow keys within a toolbar, palette or grid of buttons: one Tab stop, and the arrows go on from there. */
export function rove(event: KeyboardEvent & { readonly currentTarget: EventTarget | null }): void {
  const box = event.currentTarget as HTMLElement;
  const items = [...box.querySelectorAll<HTMLElement>("button:not(:disabled)")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  const columns = columnsOf(items);
  const by: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: items.length - 1 - at };
  const step = by[event.key];
  if (step === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const next = items[Math.min(items.length - 1, Math.max(0, at + step))]!;
  for (const item of items) item.tabIndex = item === next ? 0 : -1;
  next.focus();
}

/** Items in the first row. */
function columnsOf(items: readonly HTMLElement[]): number {
  const top = items[0]?.offsetTop;
  return Math.max(1, items.filter((item) => item.offsetTop === top).length);
}

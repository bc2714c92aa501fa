import { render } from "preact";
import { App } from "./App";

export function mount(root: HTMLElement): void {
  render(<App />, root);
}

/** Dark or light: the system's choice, or the reader's own. */
import { effect, signal } from "@preact/signals";

export type ThemeChoice = "system" | "dark" | "light";
export const themeChoice = signal<ThemeChoice>("system");
export const isDark = signal(true);

const STORE = "voxcore.theme";

/** Follows the choice and the system; returns how to stop. */
export function keepTheme(): () => void {
  const stored = localStorage.getItem(STORE);
  if (stored === "dark" || stored === "light") themeChoice.value = stored;
  const system = matchMedia("(prefers-color-scheme: light)");
  const apply = () => {
    isDark.value = themeChoice.value === "system" ? !system.matches : themeChoice.value === "dark";
    document.documentElement.dataset.theme = isDark.value ? "dark" : "light";
  };
  system.addEventListener("change", apply);
  const stop = effect(() => {
    localStorage.setItem(STORE, themeChoice.value);
    apply();
  });
  return () => {
    stop();
    system.removeEventListener("change", apply);
  };
}

export function toggleTheme(): void {
  themeChoice.value = isDark.peek() ? "light" : "dark";
}

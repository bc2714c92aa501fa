/** Line icons on a grid of 16. */
const PATHS = {
  play: "M5 3.5v9l7-4.5z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  stop: "M4 4h8v8H4z",
  close: "M4 4l8 8M12 4l-8 8",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.5 8.5h6l.5-8.5",
  lock: "M4 7.5h8V13H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  unlock: "M4 7.5h8V13H4zM5.5 7.5V5a2.5 2.5 0 0 1 4.8-1",
  next: "M3 8h9M8.5 4.5L12 8l-3.5 3.5",
  dice: "M3 3h10v10H3zM5.7 5.7h.01M10.3 10.3h.01M8 8h.01M10.3 5.7h.01M5.7 10.3h.01",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z",
  reuse: "M12.5 6A5 5 0 0 0 3.6 5M3.5 2.5V5H6M3.5 10a5 5 0 0 0 8.9 1M12.5 13.5V11H10",
  soft: "M3 3h3M8 3h2M13 3v3M13 8v2M13 13h-3M8 13H6M3 13v-3M3 8V6M6.5 6.5h3v3h-3z",
  split: "M8 2v12M2.5 4h4v8h-4M13.5 4h-4v8h4",
  live: "M8 7a1 1 0 1 0 0 2 1 1 0 0 0 0-2M5 5a4.2 4.2 0 0 0 0 6M11 5a4.2 4.2 0 0 1 0 6M3 3a7 7 0 0 0 0 10M13 3a7 7 0 0 1 0 10",
  warning: "M8 2.5l6 10.5H2zM8 6.5V9.5M8 11.3h.01",
  key: "M10 3a3 3 0 1 1-2.2 5.1L3 13v-2h2V9.5L6.9 7.2A3 3 0 0 1 10 3zM10.8 5.2h.01",
  open: "M9 3h4v4M13 3L7.5 8.5M11.5 9.5V13H3V4.5h3.5",
  box: "M8 2l5.2 3v6L8 14l-5.2-3V5zM8 8l5.2-3M8 8v6M8 8L2.8 5",
  plus: "M8 3.5v9M3.5 8h9",
  help: "M6 6a2 2 0 1 1 2.7 1.9C8.2 8.1 8 8.5 8 9.2M8 11.6h.01M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8",
  download: "M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13h10",
  camera: "M2.5 5h2.3l1-1.5h4.4l1 1.5h2.3v7.5h-11zM8 6.5a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

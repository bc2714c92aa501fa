import { signal } from "@preact/signals";

export const TABS = { make: "Make", run: "Run", jobs: "Jobs" } as const;
/** The panel that is in sight where there is room for one only. */
export const tab = signal<keyof typeof TABS>(location.hash.startsWith("#job/") ? "run" : "make");

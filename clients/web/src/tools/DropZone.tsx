import { useEffect, useState } from "preact/hooks";
import { openMapFile } from "./openFile";
import { ToolIcon } from "./icons";

/** Takes a map.json that is dropped anywhere on the page. */
export function DropZone() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const scope = new AbortController();
    const { signal } = scope;
    // Each element that the pointer crosses says enter and leave; the page is left when they are even.
    let depth = 0;
    const over = (by: number) => {
      depth = Math.max(0, depth + by);
      setOver(depth > 0);
    };
    const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    window.addEventListener("dragenter", (event) => { if (hasFile(event)) over(1); }, { signal });
    window.addEventListener("dragleave", (event) => { if (hasFile(event)) over(-1); }, { signal });
    window.addEventListener("dragover", (event) => hasFile(event) && event.preventDefault(), { signal });
    window.addEventListener(
      "drop",
      (event) => {
        if (!hasFile(event)) return;
        event.preventDefault();
        over(-depth);
        const file = event.dataTransfer?.files[0];
        if (file) void openMapFile(file);
      },
      { signal },
    );
    return () => scope.abort();
  }, []);
  if (!isOver) return null;
  return (
    <div class="drop-zone" aria-hidden="true">
      <div>
        <ToolIcon name="file" />
        <strong>Drop a map.json to open it</strong>
      </div>
    </div>
  );
}

/** How the world is drawn. */
import type { Signal } from "@preact/signals";
import { hasHorizon, hasShadedCorners, hasSmoothEdges, smoothEdges } from "../state/look";

const CHOICES: readonly { readonly label: string; readonly hint: string; readonly choice: Signal<boolean> }[] = [
  { label: "Shaded corners", hint: "Darkens corners. Without it blocks have their exact colours.", choice: hasShadedCorners },
  { label: "Horizon", hint: "A sky with a horizon instead of the editor's one colour.", choice: hasHorizon },
];

export function LookMenu() {
  return (
    <details class="look-menu saved-views" name="view-menu">
      <summary title="How the world is drawn">Look</summary>
      <div class="fold">
        <label title="Without it every pixel has the colour of one block, exactly.">
          <input type="checkbox" checked={hasSmoothEdges.value} onChange={(event) => (smoothEdges.value = event.currentTarget.checked)} />
          Smooth edges
        </label>
        {CHOICES.map(({ label, hint, choice }) => (
          <label key={label} title={hint}>
            <input type="checkbox" checked={choice.value} onChange={(event) => (choice.value = event.currentTarget.checked)} />
            {label}
          </label>
        ))}
      </div>
    </details>
  );
}

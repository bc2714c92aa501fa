import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface Described {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean;
}

interface Props {
  label: string;
  hint?: string;
  /** What is wrong with the value; "" where nothing is. */
  complaint?: string;
  /** Beside the label. */
  aside?: ComponentChildren;
  children: (described: Described) => ComponentChildren;
}

/** A labelled control, with what it means and what is wrong with it. */
export function Field({ label, hint, complaint = "", aside, children }: Props) {
  const id = useId();
  const notes = [hint ? `${id}-hint` : "", complaint !== "" ? `${id}-complaint` : ""].filter(Boolean).join(" ");
  return (
    <div class="field">
      <div class="row">
        <label class="label" for={id}>
          {label}
        </label>
        {aside}
      </div>
      {children({ id, "aria-describedby": notes === "" ? undefined : notes, "aria-invalid": complaint !== "" })}
      {complaint !== "" && (
        <p class="complaint" id={`${id}-complaint`} role="alert">
          {complaint}
        </p>
      )}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./Button";

interface Props {
  title: string;
  open: boolean;
  wide?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A window over the page; Escape and a click beside it close it. */
export function Dialog({ title, open, wide = false, onClose, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (open && !element.current?.open) element.current?.showModal();
    if (!open) element.current?.close();
  }, [open]);
  return (
    <dialog
      ref={element}
      class={`dialog ${wide ? "wide" : ""}`}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => event.target === element.current && onClose()}
    >
      {open && (
        <>
          <header>
            <h2 id={id}>{title}</h2>
            <Button icon="close" label="Close" kind="ghost" small onClick={onClose} />
          </header>
          <div class="body">{children}</div>
        </>
      )}
    </dialog>
  );
}

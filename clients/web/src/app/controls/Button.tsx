import type { ComponentChildren, TargetedMouseEvent } from "preact";
import { Icon, type IconName } from "./Icon";

interface Props {
  children?: ComponentChildren;
  icon?: IconName;
  /** What it does, where there is no text in it; also shown on hover. */
  label?: string;
  kind?: "plain" | "primary" | "ghost" | "danger";
  small?: boolean;
  disabled?: boolean;
  /** For a button that is on or off. */
  pressed?: boolean;
  type?: "button" | "submit";
  class?: string;
  onClick?: (event: TargetedMouseEvent<HTMLButtonElement>) => void;
}

export function Button({ children, icon, label, kind = "plain", small = false, disabled = false, pressed, type = "button", class: more = "", onClick }: Props) {
  const shape = children === undefined ? "icon-only" : "";
  return (
    <button
      type={type}
      class={`button ${kind === "danger" ? "ghost danger" : kind} ${small ? "small" : ""} ${shape} ${more}`}
      disabled={disabled}
      title={label}
      aria-label={children === undefined ? label : undefined}
      aria-pressed={pressed}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

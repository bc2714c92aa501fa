import { dismiss, notices } from "../../state/notices";
import { Button } from "./Button";

/** What `notify` was told. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`toast ${notice.tone}`}>
          <strong>{notice.title}</strong>
          <Button icon="close" label="Dismiss" kind="ghost" small onClick={() => dismiss(notice.id)} />
          {notice.text !== "" && <p>{notice.text}</p>}
          {notice.action && (
            <Button small onClick={notice.action.run}>
              {notice.action.label}
            </Button>
          )}
        </div>
      ))}
    </div>
  );
}

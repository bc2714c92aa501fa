import { useSignal } from "@preact/signals";
import { address, connection, setToken } from "../state/session";
import { Button } from "./controls/Button";
import { Dialog } from "./controls/Dialog";
import { Field } from "./controls/Field";

/** Asks for a token where the server wants one. */
export function TokenDialog() {
  const token = useSignal("");
  const isHidden = useSignal(false);
  const state = connection.value;
  const send = () => {
    setToken(token.value);
    token.value = "";
  };
  if (state.kind !== "token") {
    if (isHidden.peek()) isHidden.value = false;
    return null;
  }
  return (
    <Dialog title={state.problem.title} open={!isHidden.value} onClose={() => (isHidden.value = true)}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <p class="soft">
          {address} lets in those who bring a token. Whoever runs it makes one with <code>python -m server.access NAME</code>.
        </p>
        <Field label="Token" hint="Kept in this tab until it is closed, and sent to this server only.">
          {(described) => (
            <input
              {...described}
              class="input mono"
              type="password"
              autocomplete="off"
              value={token.value}
              onInput={(event) => (token.value = event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="actions">
          <Button kind="primary" type="submit" disabled={token.value.trim() === ""}>
            Connect
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

import { useEffect, useState } from "preact/hooks";
import { address, connection, tryNow } from "../state/session";
import { currentRun } from "../state/jobs";
import { Button } from "./controls/Button";
import { Icon } from "./controls/Icon";

/** Says so where the server does not answer, and when it is asked again. */
export function ConnectionBanner() {
  const state = connection.value;
  const watch = currentRun.value?.status.value;
  if (address === null) {
    return <Banner title="No server there" text="?server= in this page's address is not an http or https address." />;
  }
  if (state.kind === "refused") return <Banner title={state.problem.title} text={state.problem.message} />;
  const retryAt = state.kind === "lost" ? state.retryAt : watch?.kind === "waiting" && state.kind !== "token" ? watch.retryAt : null;
  if (retryAt === null) return null;
  return <Banner title="Connection lost" text="What you see stays; the job goes on at the server." retryAt={retryAt} />;
}

function Banner({ title, text, retryAt }: { title: string; text: string; retryAt?: number }) {
  return (
    <div class="banner" role="status">
      <Icon name="warning" />
      <p>
        <strong>{title}.</strong> <span class="soft">{text}</span>
      </p>
      {retryAt !== undefined && (
        <>
          <span class="soft mono">
            <Countdown to={retryAt} />
          </span>
          <Button small onClick={tryNow}>
            Try now
          </Button>
        </>
      )}
    </div>
  );
}

function Countdown({ to }: { to: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((to - now) / 1000));
  return <>{seconds > 0 ? `again in ${seconds} s` : "trying"}</>;
}

import { useEffect } from "preact/hooks";
import { refreshJobs, refreshSeconds } from "../state/jobs";
import { refreshMaps } from "../state/maps";
import { keepAsking, learnAboutServer, serverInfo } from "../state/session";
import { ShortcutSheet } from "../tools/ShortcutSheet";
import { ConnectionBanner } from "./ConnectionBanner";
import { Toasts } from "./controls/Toasts";
import { Header } from "./Header";
import { JobsPanel } from "./JobsPanel";
import { MakePanel } from "./MakePanel";
import { RunPanel } from "./RunPanel";
import { Stage } from "./Stage";
import { tab, TABS } from "./tabs";
import { Timeline } from "./Timeline";
import { TokenDialog } from "./TokenDialog";
import "./theme.css";
import "./controls/controls.css";
import "./layout.css";

export function App() {
  useEffect(() => {
    const scope = new AbortController();
    void keepAsking(askServer, refreshSeconds, scope.signal);
    return () => scope.abort();
  }, []);
  return (
    <div class="app" data-tab={tab.value}>
      <Header />
      <nav class="tabs" aria-label="Panels">
        {(Object.keys(TABS) as (keyof typeof TABS)[]).map((name) => (
          <button key={name} type="button" aria-current={tab.value === name} onClick={() => (tab.value = name)}>
            {TABS[name]}
          </button>
        ))}
      </nav>
      <aside class="side left" aria-label="New job">
        <MakePanel />
      </aside>
      <main class="centre">
        <ConnectionBanner />
        <Stage />
        <Timeline />
      </main>
      <aside class="side right" aria-label="Jobs">
        <RunPanel />
        <JobsPanel />
      </aside>
      <Toasts />
      <TokenDialog />
      <ShortcutSheet />
    </div>
  );
}

let asked = 0;

/** Jobs every time; what the server is, and its maps, when it is new or was away, and now and then. */
async function askServer(): Promise<void> {
  const calls = [refreshJobs()];
  if (serverInfo.peek() === null) calls.push(learnAboutServer());
  if (asked % 10 === 0) calls.push(refreshMaps());
  await Promise.all(calls);
  asked++;
}

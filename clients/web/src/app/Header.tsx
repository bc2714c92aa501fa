import { address, connection, isRemote, serverInfo, tokenBox, setToken } from "../state/session";
import { isDark, toggleTheme } from "../state/theme";
import { WorldMenu } from "../tools/WorldMenu";
import { Button } from "./controls/Button";

export function Header() {
  return (
    <header class="top">
      <a class="brand" href="#" aria-label="voxcore: close the open job">
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path class="a" d="M10 2l7 4-7 4-7-4z" />
          <path class="b" d="M3 6l7 4v8l-7-4z" />
          <path class="c" d="M17 6l-7 4v8l7-4z" />
        </svg>
        <span>voxcore</span>
      </a>
      <ServerLine />
      <div class="spring" />
      <WorldMenu />
      {tokenBox.token.value !== "" && <Button icon="key" kind="ghost" label="Forget the token" onClick={() => setToken("")} />}
      <Button icon={isDark.value ? "sun" : "moon"} kind="ghost" label={isDark.value ? "Light theme" : "Dark theme"} onClick={toggleTheme} />
    </header>
  );
}

const WORDS = { connecting: "connecting", online: "connected", lost: "reconnecting", token: "wants a token", refused: "refused" } as const;

function ServerLine() {
  const info = serverInfo.value;
  const { kind } = connection.value;
  const where = isRemote && address !== null ? new URL(address).host : "this server";
  return (
    <p class={`server-line ${kind}`} title={info ? `voxcore ${info.version} on ${info.device}, ${where}` : where}>
      <span class="dot" aria-hidden="true" />
      <span>{WORDS[kind]}</span>
      {info && (
        <span class="faint detail">
          {isRemote && `${where} · `}
          {info.version} · {info.device}
        </span>
      )}
    </p>
  );
}

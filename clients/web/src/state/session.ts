/** The one server that this page talks to, and how the connection stands. */
import { computed, signal } from "@preact/signals";
import type { GetServerInfoResponse } from "../gen/vox/v1/info_pb";
import { connectServices, serverAddress, TokenBox } from "../net/server";
import { backoffSeconds, pause } from "../net/backoff";
import { blockedByPolicy, isDeaf, notAllowed } from "../net/barriers";
import { isPassing, problemOf, type Problem } from "../net/problems";

export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "online" }
  | { readonly kind: "lost"; readonly retryAt: number; readonly problem: Problem }
  | { readonly kind: "token"; readonly problem: Problem }
  | { readonly kind: "refused"; readonly problem: Problem };

const found = serverAddress(new URL(location.href));
/** Null where `?server=` is no address. */
export const address: string | null = found;
export const isRemote = address !== location.origin;
export const tokenBox = new TokenBox(sessionStorage, address ?? "");
/** Clients of every service of the contract; import this to make a call. */
export const services = connectServices(address ?? location.origin, tokenBox);

/** What the server is and takes; null until it has answered. */
export const serverInfo = signal<GetServerInfoResponse | null>(null);
/** What polling and watching last saw. */
export const connection = signal<Connection>({ kind: "connecting" });
export const isOnline = computed(() => connection.value.kind === "online");
/** Fires "wake" to end every wait for a next attempt. */
export const wake = new EventTarget();

export function tryNow(): void {
  wake.dispatchEvent(new Event("wake"));
}

export function setToken(token: string): void {
  tokenBox.set(token);
  connection.value = { kind: "connecting" };
  tryNow();
}

/** Say that a call was answered. */
export function answered(): void {
  if (connection.peek().kind !== "online") connection.value = { kind: "online" };
}

/** What the browser does not let this page do, once that is known: calls then fail without a reason. */
let barrier: Problem | null = null;

/** Listens for what keeps the page from another server; returns how to stop. */
export function explainBarriers(): () => void {
  if (address === null || !isRemote) return () => undefined;
  return blockedByPolicy(address, (problem) => {
    barrier = problem;
    connection.value = { kind: "refused", problem };
  });
}

/** A server that never answered this page but is there does not let it call. */
async function lookBehind(): Promise<void> {
  if (address === null || !isRemote || barrier !== null || serverInfo.peek() !== null) return;
  if ((await isDeaf(address)) && connection.peek().kind === "lost") {
    connection.value = { kind: "refused", problem: notAllowed(location.origin) };
  }
}

/** Say that a call failed; what that means for the connection. */
export function unanswered(problem: Problem, retrySeconds: number): void {
  if (barrier !== null) connection.value = { kind: "refused", problem: barrier };
  else if (problem.reason === "UNAUTHENTICATED") connection.value = { kind: "token", problem };
  else if (problem.reason !== "" && problem.reason !== "SERVER_STOPPING") answered();
  else if (isPassing(problem)) connection.value = { kind: "lost", retryAt: Date.now() + retrySeconds * 1000, problem };
  else connection.value = { kind: "refused", problem };
}

/**
 * Calls `ask` again and again, `seconds()` apart while it succeeds and with backoff while it does not,
 * until `stop` aborts.
 */
export async function keepAsking(ask: () => Promise<void>, seconds: () => number, stop: AbortSignal): Promise<void> {
  for (let attempt = 0; !stop.aborted; ) {
    let rest: number;
    const began = performance.now();
    try {
      await ask();
      answered();
      attempt = 0;
      // On a slow network the list must not take the room that the open job's stream needs.
      rest = Math.max(seconds(), ((performance.now() - began) / 1000) * 5);
    } catch (error) {
      const problem = problemOf(error);
      attempt += 1;
      rest = Math.max(problem.retrySeconds, backoffSeconds(attempt, { mostSeconds: 8 }));
      unanswered(problem, rest);
      if (connection.peek().kind === "lost") void lookBehind();
    }
    try {
      await pause(rest, stop, wake);
    } catch {
      return;
    }
  }
}

/** Fetches what the server says of itself, again after each time that it was away. */
export async function learnAboutServer(): Promise<void> {
  serverInfo.value = await services.info.getServerInfo({});
}

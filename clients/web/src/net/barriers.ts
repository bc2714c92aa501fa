/**
 * Why calls to another server fail where the browser itself stops them. `fetch` only says that it failed;
 * these find out what the two servers' operators have to change.
 */
import { Code } from "@connectrpc/connect";
import type { Problem } from "./problems";

const problem = (title: string, message: string): Problem => ({ title, message, reason: "", field: "", code: Code.PermissionDenied, retrySeconds: 0 });

/** Tells `found` when the policy of this page's own server stops a call to `address`; returns how to stop. */
export function blockedByPolicy(address: string, found: (problem: Problem) => void): () => void {
  const { origin } = new URL(address);
  const listen = (event: SecurityPolicyViolationEvent) => {
    if (event.effectiveDirective !== "connect-src" || !isOf(event.blockedURI, origin)) return;
    found(problem(`This page may not call ${origin}`, `It comes from ${location.host}, whose server lets its page call listed servers only: start that one with --viewer-servers=${origin}`));
  };
  document.addEventListener("securitypolicyviolation", listen);
  return () => document.removeEventListener("securitypolicyviolation", listen);
}

/** Whether something answers at `address` though this page may not read what. */
export async function isDeaf(address: string): Promise<boolean> {
  try {
    await fetch(`${address}/healthz`, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(5000) });
    return true;
  } catch {
    return false;
  }
}

/** What a server that answers nothing to pages of `origin` would have to be told. */
export function notAllowed(origin: string): Problem {
  return problem("The server does not take calls from this page", `It is there, but does not list this page's site: start it with --cors-origins=${origin}`);
}

function isOf(uri: string, origin: string): boolean {
  try {
    return new URL(uri).origin === origin;
  } catch {
    return false;
  }
}

/** Calls that people start: tried again while the server is away, and told of in words when they fail. */
import { backoffSeconds, pause } from "../net/backoff";
import { isPassing, problemOf } from "../net/problems";
import { notify } from "./notices";
import { answered, unanswered, wake } from "./session";

const ATTEMPTS = 4;

/**
 * What `call` gives. Tried again where no server answered: the call has to be one that may come twice.
 * Throws the last attempt's error.
 */
export async function persistently<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await call();
      answered();
      return result;
    } catch (error) {
      const problem = problemOf(error);
      const again = problem.reason === "" && isPassing(problem) && attempt < ATTEMPTS;
      const rest = again ? backoffSeconds(attempt) : 0;
      unanswered(problem, rest);
      if (!again) throw error;
      await pause(rest, new AbortController().signal, wake);
    }
  }
}

/** As `persistently`, but a failure becomes a notice and undefined. */
export async function attempt<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await persistently(call);
  } catch (error) {
    const problem = problemOf(error);
    notify({ tone: "bad", title: `${what}: ${lowerFirst(problem.title)}`, text: problem.message });
    return undefined;
  }
}

/** A version 4 UUID, also where the page is not in a secure context and has no crypto.randomUUID. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

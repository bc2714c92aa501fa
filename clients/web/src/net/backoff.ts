/** When to try again. */

export interface BackoffOptions {
  firstSeconds?: number;
  mostSeconds?: number;
  random?: () => number;
}

/**
 * Seconds to wait before attempt number `attempt` (1 is the first retry): exponential, with "equal
 * jitter": half of it is certain, half is drawn, so that many pages do not come back in one moment
 * and none hammers a server that is down.
 */
export function backoffSeconds(attempt: number, options: BackoffOptions = {}): number {
  const { firstSeconds = 0.5, mostSeconds = 15, random = Math.random } = options;
  const ceiling = Math.min(mostSeconds, firstSeconds * 2 ** Math.min(attempt - 1, 30));
  return ceiling / 2 + (random() * ceiling) / 2;
}

/**
 * Resolves after `seconds`, at once when the browser says it is online again or the page is looked at
 * again, or when `wake` fires. Rejects with the signal's reason where `signal` aborts.
 */
export function pause(seconds: number, signal: AbortSignal, wake?: EventTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const scope = new AbortController();
    const done = () => {
      clearTimeout(timer);
      scope.abort();
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    wake?.addEventListener("wake", done, { signal: scope.signal });
    if (typeof window !== "undefined") {
      window.addEventListener("online", done, { signal: scope.signal });
      document.addEventListener(
        "visibilitychange",
        () => {
          if (document.visibilityState === "visible") done();
        },
        { signal: scope.signal },
      );
    }
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        scope.abort();
        reject(signal.reason as Error);
      },
      { signal: scope.signal },
    );
  });
}

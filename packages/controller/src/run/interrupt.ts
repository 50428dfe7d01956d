// SPDX-License-Identifier: Apache-2.0
import { LivestackError } from "../livestack-error.js";

/** What is awaited, unless `signal` aborts first. @throws LivestackError INTERRUPTED */
export function orInterrupted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((done, failed) => {
    const stop = () => failed(new LivestackError("INTERRUPTED", "it was told to stop"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(done, failed).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** All of them, also when one fails: what others have started is then known, and can be ended. */
export async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(works);
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}

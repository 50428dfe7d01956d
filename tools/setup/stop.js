// SPDX-License-Identifier: Apache-2.0
import os from "node:os";
import { stopChildren } from "./run.js";

/**
 * Cleans up when the user or the system ends us. (After kill -9 the next run does.)
 * @param {() => void} cleanUp must not wait: what we were doing would go on, and report failure
 * @returns {() => void} takes the promise back
 */
export function onStop(cleanUp) {
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    stopChildren();
    cleanUp();
    process.exit(128 + os.constants.signals[signal]);
  };
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

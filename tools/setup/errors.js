// SPDX-License-Identifier: Apache-2.0

/** Exit statuses; the help text explains each, and a test holds the two together. */
export const EXIT = Object.freeze({ ok: 0, failed: 1, usage: 2, missing: 3 });

/** What, where and how to fix it, for one thing that went wrong after set-up began. */
export class SetupError extends Error {
  /**
   * @param {string} code stable name, for programs
   * @param {string} message what went wrong, and where; no full stop
   * @param {string} hint how to fix it; no full stop
   * @param {{ cause?: unknown }} [options]
   */
  constructor(code, message, hint, options) {
    super(message, options);
    this.name = "SetupError";
    this.code = code;
    this.hint = hint;
  }

  /** @returns {string} one sentence a user can act on */
  get sentence() {
    return `${this.message}: ${this.hint}.`;
  }
}

/** The machine lacks something; nothing was changed. */
export class NotReadyError extends Error {
  /** @param {readonly string[]} problems one sentence each, with the way to mend it */
  constructor(problems) {
    super(problems.join(" "));
    this.name = "NotReadyError";
    this.problems = problems;
  }
}

/**
 * @param {unknown} thrown
 * @returns {string} the system's name of an error ("ENOENT"), or ""
 */
export function systemCode(thrown) {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}

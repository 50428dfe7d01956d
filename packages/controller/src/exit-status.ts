// SPDX-License-Identifier: Apache-2.0

/**
 * What the `livestack` program ends with. Scripts rely on these: a status never changes its meaning.
 * A test holds this registry and docs/exit-status.md together.
 */
export const ExitStatus = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  NOT_READY: 3,
  UNFIT: 4,
} as const;

export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** The stable names of all errors, each with the status the program ends with when it meets it. */
export const ERROR_STATUS = {
  /** the command line does not make sense */
  USAGE: ExitStatus.USAGE,
  /** the first word, or the one after `help`, is no command */
  UNKNOWN_COMMAND: ExitStatus.USAGE,
  /** the operating system refused something; the message has its words */
  SYSTEM: ExitStatus.FAILED,
  /** the loaded kernel module cannot be spoken with: its words, or the netlink error */
  MODULE_REFUSED: ExitStatus.FAILED,
  /** a defect of LiveStack itself */
  INTERNAL: ExitStatus.FAILED,
  /** bin/livestack.js finds no compiled program behind it */
  NOT_BUILT: ExitStatus.NOT_READY,
  /** `livestack doctor` ran to its end and found a FAIL */
  UNFIT: ExitStatus.UNFIT,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

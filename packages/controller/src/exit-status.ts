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
  /** a name that several sessions have */
  AMBIGUOUS_SESSION: ExitStatus.USAGE,
  /** no session has this id, UUID or name */
  NO_SUCH_SESSION: ExitStatus.FAILED,
  /** what was asked for does not follow on the session's state */
  WRONG_STATE: ExitStatus.FAILED,
  /** the kernel wants more privilege than this user has */
  NO_PRIVILEGE: ExitStatus.FAILED,
  /** nobody knows whether a change was made: the way to the kernel broke under it */
  HELPER_LOST: ExitStatus.FAILED,
  /** the operating system refused something; the message has its words */
  SYSTEM: ExitStatus.FAILED,
  /** the loaded kernel module cannot be spoken with: its words, or the netlink error */
  MODULE_REFUSED: ExitStatus.FAILED,
  /** a defect of LiveStack itself */
  INTERNAL: ExitStatus.FAILED,
  /** there is no livestack kernel module to speak to */
  NOT_LOADED: ExitStatus.NOT_READY,
  /** bin/livestack.js finds no compiled program behind it */
  NOT_BUILT: ExitStatus.NOT_READY,
  /** `livestack doctor` ran to its end and found a FAIL */
  UNFIT: ExitStatus.UNFIT,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

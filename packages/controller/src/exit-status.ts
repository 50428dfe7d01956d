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
  COMMAND_FAILED: 5,
  COMPONENT_LOST: 6,
  INTERRUPTED: 130,
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
  /** a scenario file has errors, each reported with its own code of those that follow */
  INVALID_SCENARIO: ExitStatus.FAILED,
  /** it is no YAML */
  YAML_SYNTAX: ExitStatus.FAILED,
  /** it is longer, or nested deeper, than any scenario */
  TOO_LARGE: ExitStatus.FAILED,
  /** a key that is not known here */
  UNKNOWN_KEY: ExitStatus.FAILED,
  /** a key that has to be there */
  MISSING_KEY: ExitStatus.FAILED,
  /** a key that is there twice */
  DUPLICATE_KEY: ExitStatus.FAILED,
  /** text where a number belongs, a map where a list does, and so on */
  WRONG_TYPE: ExitStatus.FAILED,
  /** a value that is none of those there are, or not written as it has to be */
  BAD_VALUE: ExitStatus.FAILED,
  /** a number without its unit, or with another's */
  BAD_UNIT: ExitStatus.FAILED,
  /** finer than what it counts in; nothing is rounded */
  INEXACT: ExitStatus.FAILED,
  /** below or above its limits */
  OUT_OF_RANGE: ExitStatus.FAILED,
  /** two things of one name */
  DUPLICATE_NAME: ExitStatus.FAILED,
  /** a link's endpoint that is no component */
  UNKNOWN_COMPONENT: ExitStatus.FAILED,
  /** a strict session's window is longer than its shortest latency */
  QUANTUM_TOO_LONG: ExitStatus.FAILED,
  /** nothing would ever end the session */
  NEVER_ENDS: ExitStatus.FAILED,
  /** a file that a scenario names is not there */
  NO_SUCH_FILE: ExitStatus.FAILED,
  /** a file that would have to be overwritten */
  FILE_EXISTS: ExitStatus.FAILED,
  /** nothing on this machine that livestack was to find by name: a component, a VM, a run to adopt */
  NOT_FOUND: ExitStatus.FAILED,
  /** a name that several VMs or components have */
  AMBIGUOUS_NAME: ExitStatus.USAGE,
  /** a guest did not come up, or its agent does not answer */
  GUEST_SILENT: ExitStatus.FAILED,
  /** a guest's agent refused a request; the message has its words */
  GUEST_REFUSED: ExitStatus.FAILED,
  /** a setup command in a guest did not exit with 0 */
  SETUP_FAILED: ExitStatus.FAILED,
  /** a model did not join its session */
  MODEL_ABSENT: ExitStatus.FAILED,
  /** the kernel refuses to take a VM as a live component */
  NOT_ATTACHED: ExitStatus.FAILED,
  /** a VMM does not answer at its QMP socket */
  VMM_SILENT: ExitStatus.FAILED,
  /** a VMM refuses a command; the message has its words */
  VMM_REFUSED: ExitStatus.FAILED,
  /** a disk image is not what it was said to be */
  BAD_IMAGE: ExitStatus.FAILED,
  /** a session's agent does not answer, or says what is not in its protocol */
  AGENT_SILENT: ExitStatus.FAILED,
  /** a request to an agent is not of its protocol, or not for whom it came from */
  BAD_REQUEST: ExitStatus.FAILED,
  /** no controller answers where one was said to be */
  CONTROLLER_SILENT: ExitStatus.FAILED,
  /** a certificate, or its key, is not there, is not valid now, or is not what it has to be */
  NO_CERTIFICATE: ExitStatus.FAILED,
  /** one side of a connection does not trust the other's certificate */
  NOT_TRUSTED: ExitStatus.FAILED,
  /** a host that is not in the controller's inventory */
  NO_SUCH_HOST: ExitStatus.FAILED,
  /** a host that is in the inventory already */
  HOST_EXISTS: ExitStatus.FAILED,
  /** a host cannot be removed: sessions have components there */
  HOST_IN_USE: ExitStatus.FAILED,
  /** a host of a session, or one that was asked for, is not connected */
  HOST_LOST: ExitStatus.FAILED,
  /** another agent of this name is connected */
  HOST_TAKEN: ExitStatus.FAILED,
  /** no host, or not the one that was asked for, has room for a component */
  NO_ROOM: ExitStatus.FAILED,
  /** controller, agent and command line are further apart than one minor release */
  VERSION_SKEW: ExitStatus.FAILED,
  /** the operating system refused something; the message has its words */
  SYSTEM: ExitStatus.FAILED,
  /** the loaded kernel module cannot be spoken with: its words, or the netlink error */
  MODULE_REFUSED: ExitStatus.FAILED,
  /** a defect of LiveStack itself */
  INTERNAL: ExitStatus.FAILED,
  /** there is no livestack kernel module to speak to */
  NOT_LOADED: ExitStatus.NOT_READY,
  /** this machine has no /dev/kvm to run guests with */
  NO_KVM: ExitStatus.NOT_READY,
  /** there is no QEMU */
  NO_QEMU: ExitStatus.NOT_READY,
  /** a built-in image cannot be had */
  NO_IMAGE: ExitStatus.NOT_READY,
  /** bin/livestack.js finds no compiled program behind it */
  NOT_BUILT: ExitStatus.NOT_READY,
  /** `livestack doctor` ran to its end and found a FAIL */
  UNFIT: ExitStatus.UNFIT,
  /** a run came to its end, and a command of it failed */
  COMMAND_FAILED: ExitStatus.COMMAND_FAILED,
  /** a run ended early: a VM or a model of it had ended, or was reset */
  COMPONENT_LOST: ExitStatus.COMPONENT_LOST,
  /** Ctrl-C, or a signal to end */
  INTERRUPTED: ExitStatus.INTERRUPTED,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

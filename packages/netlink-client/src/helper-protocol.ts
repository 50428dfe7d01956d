// SPDX-License-Identifier: Apache-2.0
// What a client and its helper process say to each other over the IPC channel. Attributes pass as
// bytes: only the client knows what they mean.

/** One message of the family: a reply or an event. */
export interface FamilyMessage {
  command: number;
  data: Uint8Array;
}

export type ToHelper =
  | { ask: number; command: number; dump: boolean; data: Uint8Array }
  | { listen: boolean };

export interface Answer {
  /** 0, or the positive error number of the kernel's refusal. */
  errno: number;
  messages: FamilyMessage[];
  /** The kernel says that what it listed has changed on the way. */
  interrupted: boolean;
}

export type FromHelper =
  /** The family is there, requests may come. */
  | { ready: true }
  /** There is nothing to talk to; the helper ends. */
  | { failed: { code: string; message: string } }
  | ({ answer: number } & Answer)
  /** From here on every event follows. */
  | { listening: true }
  | { refused: { code: string; message: string } }
  | { event: FamilyMessage };

/** Statuses a helper ends with by its own will. */
export const HelperExit = {
  /** The client has closed or has gone. */
  DONE: 0,
  /** It lost messages, or its client does not keep up: start over. */
  LOST: 10,
  /** The family has gone, or came back with another number. */
  FAMILY_CHANGED: 11,
} as const;

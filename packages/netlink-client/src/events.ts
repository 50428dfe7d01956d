// SPDX-License-Identifier: Apache-2.0
import { decodeAttributes } from "./codec.js";
import { attributeSets, type EventTypes, operations } from "./generated/livestack.js";
import type { FamilyMessage } from "./helper-protocol.js";
import {
  asComponent,
  asLink,
  asMemberKey,
  asSession,
  asSessionKey,
  type Component,
  type Link,
  type MemberKey,
  type Session,
  type SessionKey,
} from "./objects.js";

/** All there is, as the kernel lists it. */
export interface KernelState {
  sessions: readonly Session[];
  components: readonly Component[];
  links: readonly Link[];
}

/** What each event carries, by the generated name of its operation. */
interface EventData extends Record<keyof EventTypes, unknown> {
  sessionNtf: Session;
  sessionDelNtf: SessionKey;
  componentNtf: Component;
  componentDelNtf: MemberKey;
  linkNtf: Link;
  linkDelNtf: MemberKey;
}

/** Something has happened in the kernel. */
export type KernelEvent = {
  [Type in keyof EventTypes]: { readonly type: Type; readonly data: EventData[Type] };
}[keyof EventTypes];

/**
 * Forget what you know: this is all there is. Comes first of all, and whenever events were lost.
 * What happened while it was read follows as events, which then may say what it says already.
 */
export interface ResyncEvent {
  readonly type: "resync";
  readonly data: KernelState;
}

export type LivestackEvent = KernelEvent | ResyncEvent;

const readers: { [Type in keyof EventTypes]: (data: EventTypes[Type]) => EventData[Type] } = {
  sessionNtf: asSession,
  sessionDelNtf: asSessionKey,
  componentNtf: asComponent,
  componentDelNtf: asMemberKey,
  linkNtf: asLink,
  linkDelNtf: asMemberKey,
};

/** @returns undefined for an event that a newer module has added */
export function decodeEvent({ command, data }: FamilyMessage): KernelEvent | undefined {
  const types = Object.keys(readers) as (keyof EventTypes)[];
  const type = types.find((each) => operations[each].id === command);
  if (type === undefined) return undefined;
  const values = decodeAttributes(attributeSets[operations[type].set], Buffer.from(data));
  const read = readers[type] as (values: Record<string, unknown>) => unknown;
  return { type, data: read(values) } as KernelEvent;
}

// SPDX-License-Identifier: Apache-2.0
import { decodeAttributes, encodeAttributes } from "./codec.js";
import { type AttributeSetSpec, FAMILY_NAME, MulticastGroup } from "./generated/livestack.js";
import type { RequestSocket } from "./request-socket.js";
import { MessageType } from "./wire.js";

/** Of linux/genetlink.h: the family "nlctrl", which knows the others, and its group "notify". */
export const CONTROL_GROUP_NOTIFY = 16;
export const ControlCommand = { NEW_FAMILY: 1, DEL_FAMILY: 2, GET_FAMILY: 3 } as const;
const CONTROL_VERSION = 1;

/** Groups come as a nest with a nest for each, whose number is its place in the list. */
const control = {
  id: { id: 1, type: "u16" },
  name: { id: 2, type: "string" },
  groups: { id: 7, type: "binary" },
} as const satisfies AttributeSetSpec;
const group = {
  name: { id: 1, type: "string" },
  id: { id: 2, type: "u32" },
} as const satisfies AttributeSetSpec;

export interface Family {
  id: number;
  /** Number of the multicast group of events. */
  events: number;
}

/** @returns undefined when there is no such family in this network namespace */
export async function resolveFamily(socket: RequestSocket): Promise<Family | undefined> {
  const { errno, messages } = await socket.request(MessageType.CONTROL, {
    command: ControlCommand.GET_FAMILY,
    version: CONTROL_VERSION,
    data: encodeAttributes(control, { name: FAMILY_NAME }),
    dump: false,
  });
  const [reply] = messages;
  if (errno !== 0 || !reply) return undefined;
  const { id, groups } = decodeAttributes(control, Buffer.from(reply.data));
  const events = elements(groups as Uint8Array | undefined)
    .map((each) => decodeAttributes(group, each))
    .find(({ name }) => name === MulticastGroup.events);
  return { id: Number(id), events: Number(events?.id ?? 0) };
}

/** Whether a message of nlctrl says that our family has come or gone. */
export function tellsOfFamily(command: number, data: Buffer): boolean {
  const changed = command === ControlCommand.NEW_FAMILY || command === ControlCommand.DEL_FAMILY;
  return changed && decodeAttributes(control, data).name === FAMILY_NAME;
}

function elements(list: Uint8Array | undefined): Buffer[] {
  if (!list) return [];
  const bytes = Buffer.from(list);
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = Math.max(4, bytes.readUInt16LE(at));
    found.push(bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

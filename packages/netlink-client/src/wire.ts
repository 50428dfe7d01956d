// SPDX-License-Identifier: Apache-2.0
// Framing of generic netlink messages (linux/netlink.h, linux/genetlink.h), little-endian as x86-64.

export const Flags = { REQUEST: 0x1, ACK: 0x4, DUMP_INTERRUPTED: 0x10, DUMP: 0x300 } as const;
export const MessageType = { ERROR: 2, DONE: 3, CONTROL: 16 } as const;

const HEADER_BYTES = 16;
const GENERIC_BYTES = 4;

export interface WireMessage {
  type: number;
  flags: number;
  sequence: number;
  /** What follows the netlink header, the generic one included. */
  payload: Buffer;
}

export function encodeMessage(
  message: Omit<WireMessage, "payload">,
  { command, version, data }: { command: number; version: number; data: Uint8Array },
): Buffer {
  const length = HEADER_BYTES + GENERIC_BYTES + data.length;
  const head = Buffer.alloc(HEADER_BYTES + GENERIC_BYTES);
  head.writeUInt32LE(length, 0);
  head.writeUInt16LE(message.type, 4);
  head.writeUInt16LE(message.flags, 6);
  head.writeUInt32LE(message.sequence, 8);
  head.writeUInt8(command, 16);
  head.writeUInt8(version, 17);
  return Buffer.concat([head, data]);
}

/** @throws RangeError for what is cut off */
export function decodeMessages(datagram: Buffer): WireMessage[] {
  const messages: WireMessage[] = [];
  for (let at = 0; at < datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER_BYTES || at + length > datagram.length)
      throw new RangeError(`a message of ${length} bytes in ${datagram.length - at}`);
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + HEADER_BYTES, at + length),
    });
    at += (length + 3) & ~3;
  }
  return messages;
}

export function familyMessage(payload: Buffer): { command: number; data: Buffer } {
  return { command: payload.readUInt8(0), data: payload.subarray(GENERIC_BYTES) };
}

/** @returns the positive error number of an NLMSG_ERROR or NLMSG_DONE, 0 for success */
export function errnoOf({ payload }: WireMessage): number {
  return payload.length >= 4 ? -payload.readInt32LE(0) : 0;
}

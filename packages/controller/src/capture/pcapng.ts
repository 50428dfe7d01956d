// SPDX-License-Identifier: Apache-2.0
// The blocks of a pcapng file that a capture is made of, draft-ietf-opsawg-pcapng; little-endian. Pure:
// what is done with them is capture-file.ts's.

/** What a packet begins with, https://www.tcpdump.org/linktypes.html. */
export const LinkType = {
  ethernet: 1,
  /** reserved for private use: bytes of which nobody else knows what they mean */
  user0: 147,
} as const;

const BlockType = {
  section: 0x0a0d0d0a,
  interface: 1,
  statistics: 5,
  packet: 6,
} as const;

/** Codes of options; each kind of block has its own. */
const Option = {
  comment: 1,
  sectionProgram: 4,
  interfaceName: 2,
  interfaceResolution: 9,
  packetFlags: 2,
  statisticsReceived: 4,
  statisticsDropped: 5,
} as const;

const BYTE_ORDER = 0x1a2b3c4d;
/** Of stamps: 10^-9 s. */
const NANOSECONDS = 9;
/** "Not known": whoever appends to a section cannot set it. */
const ANY_LENGTH = 0xffffffffffffffffn;

/** Seen from a link's first end; the values are those of epb_flags. */
export const Direction = { inbound: 1, outbound: 2 } as const;

export interface Interface {
  name: string;
  linkType: number;
  /** so many bytes of a packet at most */
  snapBytes: number;
}

export interface Packet {
  /** index of its interface in the section */
  interface: number;
  /** since 1970, or since whatever the section's stamps count from */
  timeNs: bigint;
  /** of the packet, of which `data` is the beginning */
  length: number;
  data: Uint8Array;
  direction: number;
  comment: string;
}

export interface Statistics {
  interface: number;
  timeNs: bigint;
  received: bigint;
  dropped: bigint;
}

/** What a file, and each further section of it, begins with. Interfaces are counted from there. */
export function sectionBlock(program: string): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(BYTE_ORDER, 0);
  body.writeUInt16LE(1, 4);
  body.writeUInt16LE(0, 6);
  body.writeBigUInt64LE(ANY_LENGTH, 8);
  return block(BlockType.section, body, [[Option.sectionProgram, Buffer.from(program)]]);
}

export function interfaceBlock({ name, linkType, snapBytes }: Interface): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(linkType, 0);
  body.writeUInt32LE(snapBytes, 4);
  return block(BlockType.interface, body, [
    [Option.interfaceName, Buffer.from(name)],
    [Option.interfaceResolution, Buffer.from([NANOSECONDS])],
  ]);
}

export function packetBlock(packet: Packet): Buffer {
  const { timeNs, length, data, direction, comment } = packet;
  const head = Buffer.alloc(20);
  head.writeUInt32LE(packet.interface, 0);
  writeTime(head, timeNs, 4);
  head.writeUInt32LE(data.length, 12);
  head.writeUInt32LE(length, 16);
  return block(BlockType.packet, Buffer.concat([head, padded(data)]), [
    [Option.comment, Buffer.from(comment)],
    [Option.packetFlags, u32(direction)],
  ]);
}

export function statisticsBlock(statistics: Statistics): Buffer {
  const { timeNs, received, dropped } = statistics;
  const body = Buffer.alloc(12);
  body.writeUInt32LE(statistics.interface, 0);
  writeTime(body, timeNs, 4);
  return block(BlockType.statistics, body, [
    [Option.statisticsReceived, u64(received)],
    [Option.statisticsDropped, u64(dropped)],
  ]);
}

const HEAD_BYTES = 8;
const LEAST_BYTES = 12;

/** @returns the length of the block that begins so, or undefined: no block does */
export function blockLength(head: Buffer): number | undefined {
  if (head.length < HEAD_BYTES) return undefined;
  const length = head.readUInt32LE(4);
  return length >= LEAST_BYTES && length % 4 === 0 ? length : undefined;
}

/** Of which interface and when a packet is, or statistics are; undefined of other blocks. */
export function blockPlace(
  block: Buffer,
): { isPacket: boolean; interface: number; timeNs: bigint } | undefined {
  const type = block.readUInt32LE(0);
  if (type !== BlockType.packet && type !== BlockType.statistics) return undefined;
  const [high, low] = [block.readUInt32LE(12), block.readUInt32LE(16)];
  return {
    isPacket: type === BlockType.packet,
    interface: block.readUInt32LE(8),
    timeNs: (BigInt(high) << 32n) | BigInt(low),
  };
}

type Options = readonly (readonly [code: number, value: Uint8Array])[];

function block(type: number, body: Buffer, options: Options): Buffer {
  const all = Buffer.concat([body, ...options.map(optionBytes), Buffer.alloc(4)]);
  const length = all.length + LEAST_BYTES;
  return Buffer.concat([u32(type), u32(length), all, u32(length)]);
}

/** Its length has 16 bits. */
const OPTION_MAX = 0xffff;

function optionBytes([code, value]: Options[number]): Buffer {
  if (value.length > OPTION_MAX) throw new RangeError(`an option of ${value.length} bytes`);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes], Math.ceil(bytes.length / 4) * 4);
}

/** The upper half comes first, whatever the byte order. */
function writeTime(bytes: Buffer, timeNs: bigint, at: number): void {
  bytes.writeUInt32LE(Number(timeNs >> 32n), at);
  bytes.writeUInt32LE(Number(timeNs & 0xffffffffn), at + 4);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

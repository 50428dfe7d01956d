// SPDX-License-Identifier: Apache-2.0
// The structures and numbers of kernel/include/uapi/linux/livestack.h; layout.test.ts holds them
// against what a C compiler makes of that header.

/** Bytes of each kind of field; all of them are unsigned. */
export const WIDTH = { u16: 2, u32: 4, u64: 8 } as const;

/** Fields of a structure by name, in order. None needs padding. */
export type Layout = Readonly<Record<string, keyof typeof WIDTH>>;

export type Values<L extends Layout> = {
  [Field in keyof L]: L[Field] extends "u64" ? bigint : number;
};

export const layouts = {
  call: { number: "u32", reserved: "u32" },
  join: { session: "u32", component: "u16", reserved: "u16" },
  wait: { clock_ns: "u64", next_ns: "u64", end_ns: "u64" },
  now: { clock_ns: "u64", end_ns: "u64" },
  send: {
    ...{ send_ns: "u64", arrival_ns: "u64", data: "u64" },
    ...{ length: "u32", link: "u16", reserved: "u16" },
  },
  recv: {
    ...{ arrival_ns: "u64", send_ns: "u64", sequence: "u64", data: "u64" },
    ...{ length: "u32", link: "u16", source: "u16" },
  },
  capture: {
    ...{ session: "u32", link: "u16", reserved: "u16" },
    ...{ snap_bytes: "u32", ring_bytes: "u32" },
  },
  captured: {
    ...{ size: "u32", link: "u16", end: "u16", arrival_ns: "u64", send_ns: "u64" },
    ...{ lost: "u64", length: "u32", captured: "u32" },
  },
} as const satisfies Record<string, Layout>;

/** The calls; each takes the structure of its name. */
export type Verb = Exclude<keyof typeof layouts, "call" | "captured">;

const WRITE = 1;
const READ = 2;
const TYPE = 0xb7;

/** As linux/ioctl.h makes them: direction, size, type and number. */
function number(direction: number, verb: Verb, index: number): number {
  return ((direction << 30) | (sizeOf(layouts[verb]) << 16) | (TYPE << 8) | index) >>> 0;
}

export const numbers: Readonly<Record<Verb, number>> = {
  join: number(WRITE, "join", 0xc0),
  wait: number(READ | WRITE, "wait", 0xc1),
  now: number(READ, "now", 0xc2),
  send: number(READ | WRITE, "send", 0xc3),
  recv: number(READ | WRITE, "recv", 0xc4),
  capture: number(WRITE, "capture", 0xc6),
};

/** No event: what a component waits for is messages alone. */
export const TIME_NONE = (1n << 64n) - 1n;

/** Bytes of a message at most. */
export const MESSAGE_MAX = 65_536;

export function sizeOf(layout: Layout): number {
  return Object.values(layout).reduce((bytes, kind) => bytes + WIDTH[kind], 0);
}

/** Fields that are not given are 0. */
export function encode<L extends Layout>(layout: L, values: Partial<Values<L>>): Buffer {
  const bytes = Buffer.alloc(sizeOf(layout));
  let at = 0;
  for (const [field, kind] of Object.entries(layout)) {
    const value: number | bigint = values[field] ?? 0;
    if (kind === "u64") bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUIntLE(Number(value), at, WIDTH[kind]);
    at += WIDTH[kind];
  }
  return bytes;
}

export function decode<L extends Layout>(layout: L, bytes: Buffer): Values<L> {
  const values: Record<string, number | bigint> = {};
  let at = 0;
  for (const [field, kind] of Object.entries(layout)) {
    values[field] = kind === "u64" ? bytes.readBigUInt64LE(at) : bytes.readUIntLE(at, WIDTH[kind]);
    at += WIDTH[kind];
  }
  return values as Values<L>;
}

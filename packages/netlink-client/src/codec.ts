// SPDX-License-Identifier: Apache-2.0
import type { AttributeSetSpec, AttributeSpec } from "./generated/livestack.js";
import { NetlinkError } from "./netlink-error.js";

type Value = number | bigint | string;
export type Values = Readonly<Record<string, Value | undefined>>;

const HEADER_BYTES = 4;
const TYPE_MASK = 0x3fff;
const WIDTH = { u8: 1, u16: 2, u32: 4, u64: 8 } as const;

/**
 * Attributes as the kernel wants them: little-endian, each padded to 4 bytes.
 * @throws NetlinkError ERANGE or EINVAL for a value outside the limits of the spec, before anything is sent
 */
export function encodeAttributes(set: AttributeSetSpec, values: Values): Buffer {
  const pieces: Buffer[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const spec = set[name];
    if (!spec) throw new NetlinkError("EINVAL", `${name}: no such attribute`, { attribute: name });
    const data = encodeValue(name, spec, value);
    const head = Buffer.alloc(HEADER_BYTES);
    head.writeUInt16LE(HEADER_BYTES + data.length, 0);
    head.writeUInt16LE(spec.id, 2);
    pieces.push(head, data, Buffer.alloc(padding(data.length)));
  }
  return Buffer.concat(pieces);
}

export function decodeAttributes(set: AttributeSetSpec, data: Buffer): Record<string, Value> {
  const names = new Map(Object.entries(set).map(([name, spec]) => [spec.id, name]));
  const values: Record<string, Value> = {};
  for (let at = 0; at + HEADER_BYTES <= data.length; ) {
    const length = data.readUInt16LE(at);
    if (length < HEADER_BYTES || at + length > data.length)
      throw new NetlinkError("EBADMSG", "the kernel's message is cut off");
    const name = names.get(data.readUInt16LE(at + 2) & TYPE_MASK);
    const spec = name === undefined ? undefined : set[name];
    // An attribute that a newer module has added is none of ours.
    if (name !== undefined && spec)
      values[name] = decodeValue(spec, data.subarray(at + 4, at + length));
    at += length + padding(length);
  }
  return values;
}

function padding(length: number): number {
  return -length & 3;
}

function encodeValue(name: string, spec: AttributeSpec, value: Value): Buffer {
  if (spec.type === "string") {
    const bytes = Buffer.from(String(value));
    const { minLength = 0, maxLength = 0xffff } = spec;
    if (bytes.length < minLength || bytes.length > maxLength)
      throw new NetlinkError("ERANGE", `${name}: takes ${minLength} to ${maxLength} bytes`, {
        attribute: name,
      });
    return Buffer.concat([bytes, Buffer.alloc(1)]);
  }
  const width = integerWidth(name, spec);
  const number = BigInt(value);
  const { min = 0n, max = (1n << BigInt(width * 8)) - 1n } = spec;
  if (number < min || number > max)
    throw new NetlinkError("ERANGE", `${name}: ${number} is not from ${min} to ${max}`, {
      attribute: name,
    });
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes.subarray(0, width);
}

function decodeValue(spec: AttributeSpec, data: Buffer): Value {
  if (spec.type === "string") return data.toString().replace(/\0$/, "");
  return spec.type === "u64" ? data.readBigUInt64LE() : data.readUIntLE(0, integerWidth("", spec));
}

function integerWidth(name: string, spec: AttributeSpec): number {
  if (!(spec.type in WIDTH)) throw new NetlinkError("EINVAL", `${name}: cannot carry ${spec.type}`);
  return WIDTH[spec.type as keyof typeof WIDTH];
}

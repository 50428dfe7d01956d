// SPDX-License-Identifier: Apache-2.0
import { type AttributeSetSpec, type AttributeSpec, attributeSets } from "./generated/livestack.js";
import { checkInteger, checkLength, checkText, refuse, specName } from "./limits.js";
import { NetlinkError } from "./netlink-error.js";

/** Attributes by the names of their properties, as in the generated requests and replies. */
export type Values = Readonly<Record<string, unknown>>;
export type AttributeSets = Readonly<Record<string, AttributeSetSpec>>;

const HEADER_BYTES = 4;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;
const WIDTH = { u8: 1, u16: 2, u32: 4, u64: 8 } as const;

/**
 * Attributes as the kernel wants them: in its byte order, each padded to 4 bytes.
 * @throws NetlinkError EINVAL or ERANGE for what the kernel's policy would refuse
 */
export function encodeAttributes(
  set: AttributeSetSpec,
  values: Values,
  sets: AttributeSets = attributeSets,
): Buffer {
  const pieces = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const spec = set[name];
    if (!spec) throw refuse("EINVAL", name, "Unknown attribute type", "no such attribute");
    if (!spec.multi) return [encodeAttribute(name, spec, value, sets)];
    if (!Array.isArray(value)) throw refuse("EINVAL", name, "invalid attribute", "not an array");
    return value.map((each) => encodeAttribute(name, spec, each, sets));
  });
  return Buffer.concat(pieces);
}

/**
 * What a message of the kernel holds; attributes that a newer module has added are left out.
 * @throws NetlinkError EBADMSG for a message that is cut off
 */
export function decodeAttributes(
  set: AttributeSetSpec,
  data: Buffer,
  sets: AttributeSets = attributeSets,
): Record<string, unknown> {
  const names = new Map(Object.entries(set).map(([name, spec]) => [spec.id, name]));
  const values: Record<string, unknown> = {};
  for (let at = 0; at + HEADER_BYTES <= data.length; ) {
    const length = data.readUInt16LE(at);
    if (length < HEADER_BYTES || at + length > data.length)
      throw new NetlinkError("EBADMSG", "the kernel's message is cut off");
    const name = names.get(data.readUInt16LE(at + 2) & TYPE_MASK);
    const spec = name === undefined ? undefined : set[name];
    if (name !== undefined && spec) {
      const value = decodeValue(name, spec, data.subarray(at + HEADER_BYTES, at + length), sets);
      if (spec.multi) values[name] = [...((values[name] as unknown[]) ?? []), value];
      else values[name] = value;
    }
    at += length + padding(length);
  }
  return values;
}

function padding(length: number): number {
  return -length & 3;
}

function encodeAttribute(
  name: string,
  spec: AttributeSpec,
  value: unknown,
  sets: AttributeSets,
): Buffer {
  if (spec.type === "flag" && value === false) return Buffer.alloc(0);
  const data = encodeValue(name, spec, value, sets);
  if (HEADER_BYTES + data.length > 0xffff)
    throw refuse("ERANGE", name, "invalid attribute length", `${data.length} bytes`);
  const bytes = Buffer.alloc(HEADER_BYTES + data.length + padding(data.length));
  bytes.writeUInt16LE(HEADER_BYTES + data.length, 0);
  bytes.writeUInt16LE(spec.type === "nest" ? spec.id | NESTED : spec.id, 2);
  data.copy(bytes, HEADER_BYTES);
  return bytes;
}

function encodeValue(
  name: string,
  spec: AttributeSpec,
  value: unknown,
  sets: AttributeSets,
): Buffer {
  switch (spec.type) {
    case "string":
      return Buffer.from(`${checkText(name, spec, value)}\0`);
    case "flag":
      if (value !== true) throw refuse("EINVAL", name, "invalid attribute", "takes true or false");
      return Buffer.alloc(0);
    case "nest":
      if (typeof value !== "object" || value === null)
        throw refuse("EINVAL", name, "invalid attribute", "takes an object");
      return encodeAttributes(nestedSet(name, spec, sets), value as Values, sets);
    case "binary":
      return encodeBinary(name, spec, value);
    default: {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(checkInteger(name, spec, WIDTH[spec.type] * 8, value));
      return bytes.subarray(0, WIDTH[spec.type]);
    }
  }
}

function encodeBinary(name: string, spec: AttributeSpec, value: unknown): Buffer {
  if (!spec.items) return checkLength(name, spec, value);
  if (!Array.isArray(value)) throw refuse("EINVAL", name, "invalid attribute", "not an array");
  const bytes = Buffer.alloc(value.length * 8);
  value.forEach((item, index) => {
    bytes.writeBigUInt64LE(checkInteger(name, spec, 64, item), index * 8);
  });
  return bytes;
}

function decodeValue(
  name: string,
  spec: AttributeSpec,
  data: Buffer,
  sets: AttributeSets,
): unknown {
  switch (spec.type) {
    case "string":
      return data.toString("utf8", 0, data.at(-1) === 0 ? data.length - 1 : data.length);
    case "flag":
      return true;
    case "nest":
      return decodeAttributes(nestedSet(name, spec, sets), data, sets);
    case "binary":
      return spec.items ? wordsOf(name, data) : new Uint8Array(data);
    default:
      if (data.length !== WIDTH[spec.type]) throw wrongSize(name, data);
      return spec.type === "u64" ? data.readBigUInt64LE() : data.readUIntLE(0, data.length);
  }
}

function wordsOf(name: string, data: Buffer): bigint[] {
  if (data.length % 8 !== 0) throw wrongSize(name, data);
  return Array.from({ length: data.length / 8 }, (_, index) => data.readBigUInt64LE(index * 8));
}

function wrongSize(name: string, data: Buffer): NetlinkError {
  return new NetlinkError("EBADMSG", `the kernel's ${specName(name)} has ${data.length} bytes`, {
    attribute: name,
  });
}

function nestedSet(name: string, spec: AttributeSpec, sets: AttributeSets): AttributeSetSpec {
  const set = sets[spec.nested ?? ""];
  if (!set) throw refuse("EINVAL", name, "Unknown attribute type", "its nest is of no known set");
  return set;
}

// SPDX-License-Identifier: Apache-2.0
// An empty qcow2 image over another image, which is then only read. Written here because qemu-img
// comes in a package of its own. The format: docs/interop/qcow2.rst of QEMU.
import { closeSync, ftruncateSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { LivestackError } from "../livestack-error.js";

export type ImageFormat = "qcow2" | "raw";

const MAGIC = 0x514649fb;
const VERSION = 3;
const CLUSTER_BITS = 16;
const CLUSTER = 1 << CLUSTER_BITS;
/** One table of the second level maps so many bytes: 8 bytes for each cluster. */
const L2_SPAN = BigInt(CLUSTER) * BigInt(CLUSTER / 8);
const HEADER_BYTES = 104;
const BACKING_FORMAT = 0xe2792aca;
/** 2^4 = 16 bits for each cluster's count. */
const REFCOUNT_ORDER = 4;

/**
 * @param path of the new image
 * @param backing absolute
 * @throws LivestackError BAD_IMAGE when `backing` is not what `format` says
 */
export function makeOverlay(path: string, backing: string, format: ImageFormat): void {
  const size = format === "raw" ? rawSize(backing) : qcow2Size(backing);
  const l1Entries = Number((size + L2_SPAN - 1n) / L2_SPAN);
  const l1Clusters = Math.max(1, Math.ceil((l1Entries * 8) / CLUSTER));
  // Clusters: header, table of count blocks, one count block, first-level table.
  const clusters = 3 + l1Clusters;
  const file = openSync(path, "wx", 0o640);
  try {
    writeSync(file, header(backing, format, size, l1Entries), 0, undefined, 0);
    writeSync(file, bigEndian64(BigInt(2 * CLUSTER)), 0, undefined, CLUSTER);
    const counts = Buffer.alloc(clusters * 2);
    for (let cluster = 0; cluster < clusters; cluster++) counts.writeUInt16BE(1, cluster * 2);
    writeSync(file, counts, 0, undefined, 2 * CLUSTER);
    ftruncateSync(file, clusters * CLUSTER);
  } finally {
    closeSync(file);
  }
}

function header(backing: string, format: ImageFormat, size: bigint, l1Entries: number): Buffer {
  const name = Buffer.from(backing);
  const kind = Buffer.from(format);
  const extensions = HEADER_BYTES;
  const paddedKind = (kind.length + 7) & ~7;
  // The extension, then the mark of the extensions' end, then the name.
  const nameAt = extensions + 8 + paddedKind + 8;
  const bytes = Buffer.alloc(nameAt + name.length);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(VERSION, 4);
  bytes.writeBigUInt64BE(BigInt(nameAt), 8);
  bytes.writeUInt32BE(name.length, 16);
  bytes.writeUInt32BE(CLUSTER_BITS, 20);
  bytes.writeBigUInt64BE(size, 24);
  bytes.writeUInt32BE(l1Entries, 36);
  bytes.writeBigUInt64BE(BigInt(3 * CLUSTER), 40);
  bytes.writeBigUInt64BE(BigInt(CLUSTER), 48);
  bytes.writeUInt32BE(1, 56);
  bytes.writeUInt32BE(REFCOUNT_ORDER, 96);
  bytes.writeUInt32BE(HEADER_BYTES, 100);
  bytes.writeUInt32BE(BACKING_FORMAT, extensions);
  bytes.writeUInt32BE(kind.length, extensions + 4);
  kind.copy(bytes, extensions + 8);
  name.copy(bytes, nameAt);
  return bytes;
}

function bigEndian64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** Virtual disks are whole sectors. */
function rawSize(path: string): bigint {
  const { size } = statSync(path, { bigint: true });
  return ((size + 511n) / 512n) * 512n;
}

function qcow2Size(path: string): bigint {
  const bytes = Buffer.alloc(32);
  const file = openSync(path, "r");
  try {
    const got = readSync(file, bytes, 0, bytes.length, 0);
    if (got === bytes.length && bytes.readUInt32BE(0) === MAGIC) return bytes.readBigUInt64BE(24);
  } finally {
    closeSync(file);
  }
  throw new LivestackError("BAD_IMAGE", "it is no qcow2 image", {
    place: path,
    hint: "say format: raw in image if it is a raw one",
  });
}

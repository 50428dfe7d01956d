// SPDX-License-Identifier: Apache-2.0
// Takes a pcapng file apart, without a word of what writes it.
import { spawnSync } from "node:child_process";

export interface Block {
  type: number;
  body: Buffer;
  /** by code, in their order */
  options: [code: number, value: Buffer][];
}

/** Bytes of a block's body before its options. */
const FIXED: Readonly<Record<number, (body: Buffer) => number>> = {
  168627466: () => 16,
  1: () => 8,
  5: () => 12,
  6: (body) => 20 + Math.ceil(body.readUInt32LE(12) / 4) * 4,
};

/** @throws Error for anything that is not the draft's */
export function blocksOf(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    if (length % 4 !== 0 || at + length > file.length) throw new Error(`a block of ${length}`);
    if (file.readUInt32LE(at + length - 4) !== length) throw new Error("its lengths differ");
    const type = file.readUInt32LE(at);
    const all = file.subarray(at + 8, at + length - 4);
    const fixed = FIXED[type]?.(all);
    if (fixed === undefined) throw new Error(`a block of type ${type}`);
    blocks.push({ type, body: all.subarray(0, fixed), options: optionsOf(all.subarray(fixed)) });
    at += length;
  }
  return blocks;
}

function optionsOf(bytes: Buffer): Block["options"] {
  const options: Block["options"] = [];
  for (let at = 0; ; ) {
    const code = bytes.readUInt16LE(at);
    const length = bytes.readUInt16LE(at + 2);
    if (code === 0) {
      if (length !== 0 || at + 4 !== bytes.length) throw new Error("options after their end");
      return options;
    }
    options.push([code, bytes.subarray(at + 4, at + 4 + length)]);
    at += 4 + Math.ceil(length / 4) * 4;
  }
}

export interface Packet {
  interface: number;
  timeNs: bigint;
  length: number;
  data: Buffer;
  comment: string;
  flags: number;
}

export function packetsOf(file: Buffer): Packet[] {
  return blocksOf(file)
    .filter(({ type }) => type === 6)
    .map(({ body, options }) => ({
      interface: body.readUInt32LE(0),
      timeNs: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
      length: body.readUInt32LE(16),
      data: body.subarray(20, 20 + body.readUInt32LE(12)),
      comment: String(options.find(([code]) => code === 1)?.[1] ?? ""),
      flags: options.find(([code]) => code === 2)?.[1].readUInt32LE() ?? 0,
    }));
}

/** Received and dropped, as the last statistics of each interface say. */
export function statisticsOf(file: Buffer): Record<number, [bigint, bigint]> {
  const last: Record<number, [bigint, bigint]> = {};
  for (const { type, body, options } of blocksOf(file)) {
    if (type !== 5) continue;
    const count = (wanted: number) =>
      options.find(([code]) => code === wanted)?.[1].readBigUInt64LE() ?? -1n;
    last[body.readUInt32LE(0)] = [count(4), count(5)];
  }
  return last;
}

/** Why what tshark says cannot be asked, or false. */
export function tsharkMissing(): string | false {
  return (
    spawnSync("tshark", ["--version"]).error !== undefined &&
    "there is no tshark: apt-get install tshark"
  );
}

/** Fields of each packet, as tshark reads the file. */
export function tshark(file: string, fields: readonly string[]): string[][] {
  const { status, stdout, stderr } = spawnSync(
    "tshark",
    ["-n", "-r", file, "-T", "fields", ...fields.flatMap((field) => ["-e", field])],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new Error(`tshark: ${stderr}`);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t"));
}

// SPDX-License-Identifier: Apache-2.0
// A file that stands for /dev/livestack: what is asked is written to its beginning, and behind that it
// holds what a captured link hands over. Its end is the link's.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decode, encode, layouts, sizeOf, TIME_NONE } from "@livestack/model/layout";

export interface FakeRecord {
  end: number;
  arrivalNs?: bigint;
  data?: Buffer;
  lost?: bigint;
  length?: number;
}

const ASKED = sizeOf(layouts.call) + sizeOf(layouts.capture);

export function writeFakeDevice(root: string, records: readonly FakeRecord[]): void {
  const path = join(root, "dev/livestack");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([Buffer.alloc(ASKED), ...records.map(recordBytes)]));
}

/** What was asked of it. */
export function askedOf(root: string) {
  const bytes = readFileSync(join(root, "dev/livestack"));
  return {
    ...decode(layouts.call, bytes),
    ...decode(layouts.capture, bytes.subarray(sizeOf(layouts.call))),
  };
}

/** Sent 1000 ns before it arrives; without data, it tells of what was lost. */
function recordBytes({ end, arrivalNs = TIME_NONE, data, lost = 0n, length }: FakeRecord): Buffer {
  const captured = data?.length ?? 0;
  const size = Math.ceil((sizeOf(layouts.captured) + captured) / 8) * 8;
  const head = encode(layouts.captured, {
    ...{ size, end, link: 7, arrival_ns: arrivalNs, lost, captured },
    send_ns: arrivalNs === TIME_NONE ? TIME_NONE : arrivalNs - 1000n,
    length: length ?? captured,
  });
  return Buffer.concat([head, data ?? Buffer.alloc(0)], size);
}

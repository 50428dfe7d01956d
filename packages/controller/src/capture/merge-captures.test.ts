// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { mergeCaptures } from "./merge-captures.js";
import { interfaceBlock, packetBlock, sectionBlock, statisticsBlock } from "./pcapng.js";

const head = (program: string) => [
  sectionBlock(program),
  interfaceBlock({ name: "a -> b", linkType: 1, snapBytes: 100 }),
  interfaceBlock({ name: "b -> a", linkType: 1, snapBytes: 100 }),
];

const packet = (index: number, timeNs: bigint) =>
  packetBlock({
    ...{ interface: index, timeNs, length: 3, data: Buffer.from("abc") },
    ...{ direction: 1, comment: `${index} at ${timeNs}` },
  });

const counts = (index: number, received: bigint) =>
  statisticsBlock({ interface: index, timeNs: 99n, received, dropped: 0n });

t.test("two captures of one link become one, by time, each with what it knows", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "merge-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [one, two, to] = ["one", "two", "to"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  // The first was gone on with by another program; the second was cut off in the midst of a block.
  const first = [...head("x"), packet(0, 1n), counts(0, 1n), counts(1, 0n)];
  const again = [...head("y"), packet(0, 5n), packet(0, 7n << 33n), counts(0, 3n), counts(1, 0n)];
  writeFileSync(one, Buffer.concat([...first, ...again]));
  const second = [...head("x"), packet(1, 5n), packet(1, 6n), counts(0, 0n), counts(1, 2n)];
  writeFileSync(two, Buffer.concat([...second, packet(1, 8n).subarray(0, 20)]));
  const parts = [
    { file: one, interface: 0 },
    { file: two, interface: 1 },
  ];
  mergeCaptures(parts, to);
  const packets = [
    packet(0, 1n),
    packet(0, 5n),
    packet(1, 5n),
    packet(1, 6n),
    packet(0, 7n << 33n),
  ];
  t.same(readFileSync(to), Buffer.concat([...head("x"), ...packets, counts(0, 3n), counts(1, 2n)]));
  mergeCaptures(parts.slice(1), to);
  t.same(
    readFileSync(to),
    Buffer.concat([...head("x"), packet(1, 5n), packet(1, 6n), counts(1, 2n)]),
    "one alone has its way only",
  );
  writeFileSync(one, "");
  mergeCaptures(parts, to);
  t.same(
    readFileSync(to),
    Buffer.concat([...head("x"), packet(1, 5n), packet(1, 6n), counts(1, 2n)]),
    "an empty one adds nothing",
  );
});

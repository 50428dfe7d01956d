// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import {
  blockLength,
  Direction,
  interfaceBlock,
  LinkType,
  packetBlock,
  sectionBlock,
  statisticsBlock,
} from "./pcapng.js";
import { blocksOf, packetsOf, statisticsOf, tshark, tsharkMissing } from "./pcapng-for-test.js";

/** Marsaglia's xorshift32: a failure is the same failure again. */
function* random(seed: number): Generator<number, never> {
  for (let value = seed; ; ) {
    value ^= value << 13;
    value ^= value >>> 17;
    value ^= value << 5;
    yield value >>> 0;
  }
}

const SEED = 20_260_101;
const ROUNDS = 500;

interface Sent {
  interface: number;
  timeNs: bigint;
  length: number;
  data: Buffer;
  direction: number;
  comment: string;
}

/** Lengths and times of every size, from 0 to the longest and latest there are. */
function packets(count: number, longest: number, latest: bigint): Sent[] {
  const numbers = random(SEED);
  const draw = (below: number) => numbers.next().value % below;
  return Array.from({ length: count }, (_, index) => {
    const length = draw(4) === 0 ? draw(longest + 1) : draw(70);
    const data = Buffer.alloc(draw(5) === 0 ? draw(length + 1) : length, draw(256));
    const wide = (BigInt(draw(2 ** 32)) << 32n) | BigInt(draw(2 ** 32));
    const timeNs = index === 0 ? 0n : index === 1 ? latest : wide % (latest + 1n);
    const comment = "ü".repeat(draw(9));
    return { interface: draw(2), timeNs, length, data, direction: 1 + draw(2), comment };
  });
}

const interfaces = (linkType: number) => [
  interfaceBlock({ name: "a:eth0 -> b:eth0", linkType, snapBytes: 65_536 }),
  interfaceBlock({ name: "b:eth0 -> a:eth0", linkType, snapBytes: 65_536 }),
];

t.test("what is written is read again by who knows the draft alone", async (t) => {
  const sent = packets(ROUNDS, 65_536, 2n ** 64n - 1n);
  const file = Buffer.concat([
    sectionBlock("livestack"),
    ...interfaces(LinkType.user0),
    ...sent.map(packetBlock),
    statisticsBlock({ interface: 1, timeNs: 7n, received: 2n ** 64n - 1n, dropped: 1n << 40n }),
  ]);
  const got = packetsOf(file);
  t.same(
    got,
    sent.map(({ direction, ...packet }) => ({ ...packet, flags: direction })),
  );
  t.same(statisticsOf(file), { 1: [2n ** 64n - 1n, 1n << 40n] });
  const [section, first] = blocksOf(file);
  t.equal(section?.body.toString("hex"), `4d3c2b1a01000000${"f".repeat(16)}`);
  t.same(
    section?.options.map(([code, value]) => [code, String(value)]),
    [[4, "livestack"]],
  );
  t.equal(first?.body.toString("hex"), "9300000000000100");
  t.same(
    first?.options.map(([code, value]) => [code, value.toString("latin1")]),
    [
      [2, "a:eth0 -> b:eth0"],
      [9, "\t"],
    ],
  );
});

t.test("a block's length is told by its first bytes, and nothing else is a block", async (t) => {
  const blocks = packets(ROUNDS, 3000, 1n << 62n).map(packetBlock);
  t.ok(blocks.every((bytes) => blockLength(bytes.subarray(0, 8)) === bytes.length));
  t.ok(blocks.every((bytes) => blockLength(bytes.subarray(0, 7)) === undefined));
  for (const length of [0, 4, 8, 13, 0xffffffff])
    t.equal(blockLength(Buffer.from(Uint32Array.of(6, length).buffer)), undefined, `${length}`);
});

t.test("options longer than an option can be are refused", async (t) => {
  const [packet] = packets(1, 1, 1n);
  t.throws(() => packet && packetBlock({ ...packet, comment: "x".repeat(65_536) }), RangeError);
});

const skip = tsharkMissing();
const EPOCH_NS = 1_767_225_600_000_000_000n;

t.test("tshark reads times to the nanosecond, lengths and names", { skip }, async (t) => {
  const sent = packets(ROUNDS, 3000, 9_007_199_254_740_991n).map((packet) => ({
    ...packet,
    timeNs: EPOCH_NS + packet.timeNs,
  }));
  const path = join(t.testdir(), "capture.pcapng");
  const head = [sectionBlock("livestack"), ...interfaces(LinkType.user0)];
  writeFileSync(path, Buffer.concat([...head, ...sent.map(packetBlock)]));
  const fields = ["frame.time_epoch", "frame.len", "frame.cap_len", "frame.interface_name"];
  t.same(
    tshark(path, fields),
    sent.map(({ timeNs, length, data, interface: index }) => [
      `${timeNs / 1_000_000_000n}.${String(timeNs % 1_000_000_000n).padStart(9, "0")}`,
      ...[String(length), String(data.length)],
      index === 0 ? "a:eth0 -> b:eth0" : "b:eth0 -> a:eth0",
    ]),
  );
});

t.test("tshark takes frames of network devices apart", { skip }, async (t) => {
  // An ARP request, padded to the shortest frame.
  const frame = Buffer.concat(
    [Buffer.from(`${"f".repeat(12)}02000000000108060001080006040001`, "hex")],
    60,
  );
  const path = join(t.testdir(), "capture.pcapng");
  const packet = { interface: 0, timeNs: 0n, length: 60, data: frame };
  const { outbound } = Direction;
  writeFileSync(
    path,
    Buffer.concat([
      ...[sectionBlock("livestack"), ...interfaces(LinkType.ethernet)],
      packetBlock({ ...packet, direction: outbound, comment: "sent at 3 ns" }),
    ]),
  );
  const fields = ["eth.src", "_ws.col.Protocol", "frame.packet_flags_direction", "frame.comment"];
  t.same(tshark(path, fields), [["02:00:00:00:00:01", "ARP", "0x00000002", "sent at 3 ns"]]);
});

// SPDX-License-Identifier: Apache-2.0
// From what the kernel tells of a link to the file, against a file that stands for /dev/livestack.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { numbers } from "@livestack/model/layout";
import { End } from "@livestack/netlink-client";
import t from "tap";
import { LivestackError } from "../livestack-error.js";
import { CaptureFile } from "./capture-file.js";
import { type CaptureCounts, LinkCapture } from "./capture-link.js";
import { CaptureSource } from "./capture-source.js";
import { askedOf, type FakeRecord, writeFakeDevice } from "./fake-device-for-test.js";
import { blocksOf, packetsOf, statisticsOf, tshark, tsharkMissing } from "./pcapng-for-test.js";

const EPOCH_NS = 1_767_225_600_000_000_000n;

interface Captured {
  counts: CaptureCounts;
  path: string;
  file: Buffer;
}

async function capture(root: string, records: readonly FakeRecord[]): Promise<Captured> {
  writeFakeDevice(root, records);
  const path = join(root, "run/links/a-b.pcapng");
  const plan = { file: path, a: "a", b: "b", ethernet: false, epochNs: EPOCH_NS };
  const counts = await new LinkCapture(CaptureSource.open(root, 5, 7), plan).end();
  return { counts, path, file: readFileSync(path) };
}

const MESSAGES = [
  { end: End.b, arrivalNs: 25_000n, data: Buffer.from("question") },
  { end: End.a, arrivalNs: 50_001n, data: Buffer.from("an answer") },
  { end: End.b, arrivalNs: 9_007_199_254_740_991n, data: Buffer.alloc(0), length: 65_536 },
];

t.test("each message is a packet, stamped with its arrival after the epoch", async (t) => {
  const root = t.testdir();
  const { counts, file } = await capture(root, MESSAGES);
  t.same(counts, { messages: 3n, lost: 0n });
  t.same(
    packetsOf(file).map(({ data, ...packet }) => ({ ...packet, data: String(data) })),
    [
      {
        ...{ interface: 0, timeNs: EPOCH_NS + 25_000n, length: 8, data: "question", flags: 2 },
        comment: "sent at 24000 ns, arrived at 25000 ns of simulated time",
      },
      {
        ...{ interface: 1, timeNs: EPOCH_NS + 50_001n, length: 9, data: "an answer", flags: 1 },
        comment: "sent at 49001 ns, arrived at 50001 ns of simulated time",
      },
      {
        ...{ interface: 0, timeNs: 1_776_232_799_254_740_991n, length: 65_536, data: "", flags: 2 },
        comment: "sent at 9007199254739991 ns, arrived at 9007199254740991 ns of simulated time",
      },
    ],
  );
  t.same(statisticsOf(file), { 0: [2n, 0n], 1: [1n, 0n] });
  t.match(askedOf(root), {
    ...{ number: numbers.capture, session: 5, link: 7, snap_bytes: 65_536, ring_bytes: 1 << 22 },
  });
});

t.test("tshark opens it and says the same times", { skip: tsharkMissing() }, async (t) => {
  const { path } = await capture(t.testdir(), MESSAGES);
  t.same(tshark(path, ["frame.time_epoch", "frame.len", "frame.interface_name", "data.data"]), [
    ["1767225600.000025000", "8", "a -> b", Buffer.from("question").toString("hex")],
    ["1767225600.000050001", "9", "b -> a", Buffer.from("an answer").toString("hex")],
    ["1776232799.254740991", "65536", "a -> b", ""],
  ]);
});

t.test("what was lost is told in the statistics of its way", async (t) => {
  const { counts, file } = await capture(t.testdir(), [
    { end: End.b, arrivalNs: 1000n, data: Buffer.from("x"), lost: 0n },
    { end: End.b, arrivalNs: 2000n, data: Buffer.from("x"), lost: 3n },
    { end: End.b, lost: 8n },
    { end: End.a, lost: 2n },
  ]);
  t.same(counts, { messages: 2n, lost: 10n });
  t.same(statisticsOf(file), { 0: [10n, 8n], 1: [2n, 2n] });
});

t.test("more than one read takes comes whole and in its order", async (t) => {
  const records = Array.from({ length: 9_000 }, (_, index) => ({
    end: End.b,
    arrivalNs: BigInt(index) + 1000n,
    data: Buffer.alloc(472, index),
  }));
  const root = t.testdir();
  // What one read takes of a real device are whole records: 1 MiB is 2048 of these.
  const { counts, file } = await capture(root, records);
  t.equal(counts.messages, 9_000n);
  t.same(
    packetsOf(file).map(({ timeNs }) => timeNs - EPOCH_NS),
    records.map(({ arrivalNs }) => arrivalNs),
  );
});

t.test("a file that is there already is gone on with, without a block cut short", async (t) => {
  const root = t.testdir();
  const { path, file } = await capture(root, MESSAGES);
  const whole = file.length;
  appendFileSync(path, file.subarray(0, 30));
  const { file: both } = await capture(root, MESSAGES.slice(0, 1));
  t.same(both.subarray(0, whole), file);
  t.equal(packetsOf(both).length, 4);
  t.equal(blocksOf(both).filter(({ type }) => type === 0x0a0d0d0a).length, 2);
  if (!tsharkMissing()) t.equal(tshark(path, ["frame.len"]).length, 4);
});

t.test("what is no capture at all is not kept", async (t) => {
  const path = join(t.testdir(), "file");
  writeFileSync(path, "no capture");
  const file = CaptureFile.open(path);
  file.append([]);
  file.close();
  t.equal(statSync(path).size, 0);
});

t.test("whenever its writer is killed, what was written can be read", async (t) => {
  const program = fileURLToPath(new URL("./append-for-test.js", import.meta.url));
  for (let round = 0; round < 5; round++) {
    const path = join(t.testdir(), `${round}.pcapng`);
    const child = spawn(process.execPath, [program, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await sleep(20 + round * 17);
    child.kill("SIGKILL");
    await once(child, "exit");
    const size = statSync(path).size;
    CaptureFile.open(path).close();
    const packets = packetsOf(readFileSync(path));
    t.ok(
      packets.length > 0 && size - statSync(path).size < 40 * 9_100,
      `${packets.length} packets`,
    );
    t.ok(packets.every(({ data, timeNs }) => data.every((byte) => byte === Number(timeNs & 255n))));
  }
});

t.test("refusals of the kernel are told in words", async (t) => {
  const refused = (root: string) => {
    try {
      CaptureSource.open(root, 1, 1);
    } catch (error) {
      if (error instanceof LivestackError) return error.code;
      throw error;
    }
    return "none";
  };
  t.equal(refused(t.testdir()), "NOT_LOADED");
});

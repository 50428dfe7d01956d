// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import t from "tap";
import * as protocol from "./protocol.js";
import {
  encodeFrame,
  encodeOpen,
  type Frame,
  FrameReader,
  FrameType,
  wordAt,
  words,
} from "./protocol.js";

const header = readFileSync(new URL("../guest/protocol.h", import.meta.url), "utf8");

function defined(name: string): number {
  const match = new RegExp(`^#define ${name}\\s+(\\d+)`, "m").exec(header);
  if (!match) throw new Error(`guest/protocol.h: no ${name}`);
  return Number(match[1]);
}

/** Field names of a struct of uint32_t, in order. */
function fieldsOf(struct: string): string[] {
  const body = new RegExp(`^struct ${struct} \\{([^}]*)\\}`, "m").exec(header)?.[1] ?? "";
  return [...body.matchAll(/uint32_t (\w+);/g)].map((match) => match[1] as string);
}

/** Bytes that differ from their neighbours, so that a piece lost or put elsewhere shows. */
function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
}

function plain(frames: readonly Frame[]) {
  return frames.map(({ stream, type, payload }) => [stream, type, payload.toString("hex")]);
}

t.test("both halves agree on versions, limits and frame types", async (t) => {
  t.equal(protocol.PROTOCOL_VERSION, defined("LAB_VERSION"));
  t.equal(protocol.WINDOW_BYTES, defined("LAB_WINDOW"));
  t.equal(protocol.MAX_FRAME_BYTES, defined("LAB_MAX_FRAME"));
  const types = [...header.matchAll(/^\tLAB_(\w+) = (\d+),/gm)].map(
    ([, name, value]) => [name as string, Number(value)] as const,
  );
  t.same(FrameType, Object.fromEntries(types));
});

t.test("data frames fit into a frame and into the window", async (t) => {
  t.ok(protocol.CHUNK_BYTES <= protocol.MAX_FRAME_BYTES);
  t.ok(protocol.CHUNK_BYTES <= protocol.WINDOW_BYTES);
});

t.test("a frame is the header's struct, little-endian, then its payload", async (t) => {
  t.same(fieldsOf("lab_frame"), ["stream", "type", "length"]);
  t.equal(
    encodeFrame(0x01020304, FrameType.OUTPUT, Buffer.from("ab")).toString("hex"),
    "04030201" + "08000000" + "02000000" + "6162",
  );
});

t.test("frames come out as they went in, whatever pieces they travel in", async (t) => {
  const sent: Frame[] = [
    { stream: 0, type: FrameType.HELLO, payload: words(1) },
    { stream: 7, type: FrameType.INPUT, payload: Buffer.alloc(0) },
    { stream: 0xffffffff, type: FrameType.OUTPUT, payload: pattern(1000) },
    { stream: 8, type: FrameType.ERROUT, payload: pattern(protocol.CHUNK_BYTES) },
    { stream: 9, type: FrameType.EXIT, payload: words(3, 0) },
  ];
  const bytes = Buffer.concat(
    sent.map((each) => encodeFrame(each.stream, each.type, each.payload)),
  );
  for (const size of [1, 2, 3, 11, 12, 13, 1000, 1013, 32768, 32779, bytes.length]) {
    const reader = new FrameReader();
    const received: Frame[] = [];
    for (let at = 0; at < bytes.length; at += size)
      received.push(...reader.push(bytes.subarray(at, at + size)));
    t.same(plain(received), plain(sent), `pieces of ${size} bytes`);
  }
});

t.test("a frame stays as it was when the next pieces arrive", async (t) => {
  const reader = new FrameReader();
  const piece = encodeFrame(1, FrameType.OUTPUT, Buffer.from("first"));
  const [frame] = reader.push(piece);
  piece.fill(0); // Node may use the memory of a piece again
  reader.push(encodeFrame(1, FrameType.OUTPUT, Buffer.from("other")));
  t.equal(frame?.payload.toString(), "first");
});

t.test("what is not whole waits", async (t) => {
  const reader = new FrameReader();
  const bytes = encodeFrame(1, FrameType.OUTPUT, Buffer.from("abc"));
  t.same(reader.push(bytes.subarray(0, 12)), []);
  t.same(reader.push(bytes.subarray(12, 14)), []);
  t.same(plain(reader.push(bytes.subarray(14))), [[1, FrameType.OUTPUT, "616263"]]);
});

t.test("the longest frame is taken, a longer one refused", async (t) => {
  const longest = encodeFrame(1, FrameType.OUTPUT, Buffer.alloc(protocol.MAX_FRAME_BYTES));
  t.equal(new FrameReader().push(longest)[0]?.payload.length, protocol.MAX_FRAME_BYTES);
  const head = encodeFrame(1, FrameType.OUTPUT, Buffer.alloc(0));
  head.writeUInt32LE(protocol.MAX_FRAME_BYTES + 1, 8);
  t.throws(() => new FrameReader().push(head), /not our protocol/);
});

t.test("words are little-endian, and 0 where there are none", async (t) => {
  const payload = words(1, 0xfffffffe);
  t.equal(payload.toString("hex"), "01000000feffffff");
  t.equal(wordAt(payload, 1), 0xfffffffe);
  t.equal(wordAt(payload, 2), 0);
  t.equal(wordAt(payload.subarray(0, 7), 1), 0);
});

t.test(
  "an open frame is the header's struct, then directory, arguments, environment",
  async (t) => {
    t.same(fieldsOf("lab_open"), ["flags", "rows", "columns", "argc", "envc"]);
    t.equal(defined("LAB_OPEN_TERMINAL"), 1);
    const command = { argv: ["ls", "", "a b"], env: { A: "1=2", B: "" }, directory: "/tmp" };
    const strings = "/tmp\0ls\0\0a b\0A=1=2\0B=\0";
    t.equal(encodeOpen(command).toString(), words(0, 0, 0, 3, 2).toString() + strings);
    const terminal = encodeOpen({ ...command, terminal: { rows: 24, columns: 80 } });
    t.equal(terminal.subarray(0, 20).toString("hex"), words(1, 24, 80, 3, 2).toString("hex"));
  },
);

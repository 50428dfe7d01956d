// SPDX-License-Identifier: Apache-2.0
// The small parts that connections are made of.
import { Call, Reply } from "@livestack/proto/agent";
import t from "tap";
import { CallTable } from "../host-daemon/call-table.js";
import { LivestackError } from "../livestack-error.js";
import { worksWithUs } from "../version-distance.js";
import { BackOff } from "./back-off.js";
import { PIECE_OF_REPLY_BYTES } from "./limits.js";
import { piecesOf, ReplyAssembly } from "./reply-pieces.js";
import { errorOf, isConnectionLost, statusOf } from "./rpc-error.js";

t.test("waits grow to a limit, differ between peers, and begin anew", async (t) => {
  const middle = new BackOff({ firstMs: 100, mostMs: 400 }, () => 0.5);
  t.same(
    [1, 2, 3, 4, 5].map(() => middle.next()),
    [100, 160, 256, 400, 400],
  );
  middle.reset();
  t.equal(middle.next(), 100);
  const limits = { firstMs: 100, mostMs: 100 };
  t.equal(new BackOff(limits, () => 0).next(), 80);
  t.equal(new BackOff(limits, () => 0.999).next(), 120);
});

t.test(
  "a call is done once, however often it comes, until it is said to have arrived",
  async (t) => {
    const table = new CallTable();
    let times = 0;
    const call = (id: bigint, oldest = 1n, asker = "a") =>
      table.once(Call.fromPartial({ asker, id, oldest }), async () => {
        const failure = { code: String(++times), message: "" };
        return { $case: "failure", value: failure };
      });
    const codeOf = async (result: ReturnType<typeof call>) => {
      const done = await result;
      return done?.$case === "failure" ? done.value.code : undefined;
    };
    t.equal(await codeOf(call(1n)), "1");
    t.equal(await codeOf(call(1n)), "1", "the same again");
    t.equal(await codeOf(call(2n)), "2");
    t.equal(await codeOf(call(1n, 1n, "b")), "3", "another asker's is another");
    t.equal(await codeOf(call(3n, 3n)), "4");
    t.equal(await codeOf(call(1n)), "5", "what had arrived is forgotten");
  },
);

t.test("a long reply goes in pieces, mixed with others, and is whole again", async (t) => {
  const reply = (id: bigint, bytes: number) =>
    Reply.fromPartial({
      ...{ session: "s", asker: "a", id },
      result: { $case: "guestGet", value: { data: Buffer.alloc(bytes, Number(id)), end: true } },
    });
  t.equal(piecesOf(reply(1n, 100)), undefined);
  const [one, two] = [1n, 2n].map((id) => reply(id, 5 * PIECE_OF_REPLY_BYTES)) as [Reply, Reply];
  const [first = [], second = []] = [piecesOf(one), piecesOf(two)];
  t.equal(first.length, 6);
  const assembly = new ReplyAssembly();
  const got = first.flatMap((piece, index) => [
    assembly.push(piece),
    assembly.push(second[index] ?? piece),
  ]);
  t.same(got.filter(Boolean), [one, two]);
  const endless = () => {
    const data = Buffer.alloc(PIECE_OF_REPLY_BYTES);
    for (;;) assembly.push({ session: "s", asker: "a", id: 9n, data, last: false });
  };
  t.throws(endless, { code: "BAD_REQUEST" });
});

t.test("an error is the same on the other side", async (t) => {
  const error = new LivestackError("NO_ROOM", "größer als alles", {
    place: "host “a”",
    hint: "µ",
  });
  const { code, details, metadata } = statusOf(error);
  const thrown = Object.assign(new Error(details), { code, details, metadata });
  t.notOk(isConnectionLost(thrown));
  const { code: name, message, place, hint } = errorOf(thrown, "x:1");
  t.same(
    { name, message, place, hint },
    {
      ...{ name: "NO_ROOM", message: error.message, place: error.place, hint: "µ" },
    },
  );
});

t.test("one minor release of skew works, more does not", async (t) => {
  const [works, not] = [
    ["0.1.0", "0.0.9", "0.2.3"],
    ["0.3.0", "1.1.0", "", "x"],
  ];
  for (const version of works) t.ok(worksWithUs(version), version);
  for (const version of not) t.notOk(worksWithUs(version), version);
});

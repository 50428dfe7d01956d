// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { EventStream } from "./event-stream.js";
import type { KernelEvent, KernelState } from "./events.js";
import { NetlinkError } from "./netlink-error.js";

const EMPTY: KernelState = { sessions: [], components: [], links: [] };
const nothing = { resync() {}, ended() {} };
const gone = (id: number): KernelEvent => ({
  type: "componentDelNtf",
  data: { session: 1, id },
});

test("events that come while the state is read follow it, in order", async (t) => {
  const stream = new EventStream(nothing, undefined);
  stream.push(gone(1));
  stream.push(gone(2));
  stream.resync(EMPTY);
  stream.push(gone(3));
  const read = [];
  for (let count = 0; count < 4; count++) read.push((await stream.next()).value);
  t.same(read, [{ type: "resync", data: EMPTY }, gone(1), gone(2), gone(3)]);
});

test("a reader that is too far behind gets a fresh state instead", async (t) => {
  let asked = 0;
  const source = { resync: () => asked++, ended() {} };
  const stream = new EventStream(source, undefined, 3);
  stream.resync(EMPTY);
  for (let id = 0; id < 5; id++) stream.push(gone(id));
  t.equal(asked, 0, "not before it reads again");
  const next = stream.next();
  t.equal(asked, 1);
  stream.push(gone(9));
  stream.resync(EMPTY);
  t.equal((await next).value?.type, "resync");
  t.same((await stream.next()).value, gone(9));
});

test("an abort ends the loop and an error is thrown into it", async (t) => {
  const control = new AbortController();
  let ended = 0;
  const source = { resync() {}, ended: () => ended++ };
  const stream = new EventStream(source, control.signal);
  const waiting = stream.next();
  control.abort();
  t.same(await waiting, { done: true, value: undefined });
  t.equal(ended, 1);
  const broken = new EventStream(source, undefined);
  broken.resync(EMPTY);
  broken.fail(new NetlinkError("NOT_LOADED", "gone"));
  t.equal((await broken.next()).value?.type, "resync", "what has come is read first");
  await t.rejects(broken.next(), { code: "NOT_LOADED" });
  t.same(await broken.next(), { done: true, value: undefined });
});

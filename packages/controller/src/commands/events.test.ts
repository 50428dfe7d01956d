// SPDX-License-Identifier: Apache-2.0
import { type LivestackEvent, Reason, State } from "@livestack/netlink-client";
import { test } from "tap";
import { runForTest } from "../run-for-test.js";
import { ALL, CLIENT, DEAD, fakeKernel, LINK, PAIR } from "../session/fake-kernel-for-test.js";

const events: LivestackEvent[] = [
  { type: "sessionNtf", data: { ...PAIR, state: State.paused, reason: Reason.died, culprit: 0 } },
  { type: "componentNtf", data: CLIENT },
  { type: "linkNtf", data: LINK },
  { type: "linkDelNtf", data: { session: 3, id: 9 } },
  { type: "sessionNtf", data: DEAD },
  { type: "componentDelNtf", data: { session: 3, id: 0 } },
  { type: "sessionDelNtf", data: { id: 3, uuid: PAIR.uuid, name: "pair" } },
  { type: "sessionDelNtf", data: { id: 4, uuid: DEAD.uuid, name: "3" } },
];

test("events are one line each, with names", async (t) => {
  const { status, stdout } = await runForTest(["events"], fakeKernel(ALL, { events }));
  t.equal(status, 0);
  const lines = stdout.trimEnd().split("\n");
  for (const line of lines) t.match(line, /^\d\d:\d\d:\d\d\.\d{3} {2}\w/);
  t.same(
    lines.map((line) => line.slice(14)),
    [
      "resync: 3 sessions, 3 components, 1 links",
      "session 3 pair: paused (client died) at 11.5 ms",
      "component client of session 3: arrived (pid 77)",
      "link 9 of session 3: client to server, 1 ms",
      "link-deleted 9 of session 3",
      "session 4 3: paused (lone died) at 11.5 ms",
      "component-deleted client of session 3",
      "session-deleted 3 pair",
      "session-deleted 4 3",
    ],
  );
});

test("events -o json is one object a line", async (t) => {
  const { stdout } = await runForTest(["events", "-o", "json"], fakeKernel(ALL, { events }));
  const objects = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.equal(objects.length, 9);
  t.match(objects[0], { event: "resync", sessions: [{ id: 3 }, { id: 4 }, { id: 5 }] });
  t.match(objects[1], { event: "session", id: 3, state: "paused", culprit: 0 });
  t.match(objects[8], { event: "session-deleted", id: 4, uuid: DEAD.uuid });
  for (const { at } of objects) t.equal(new Date(at).toISOString(), at);
});

test("--session shows one session and ends when it is deleted", async (t) => {
  const args = ["events", "--session", "pair", "-o", "json"];
  const { status, stdout } = await runForTest(args, fakeKernel(ALL, { events }));
  t.equal(status, 0);
  const objects = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.match(objects[0], { sessions: [{ id: 3 }], components: [{ id: 0 }, { id: 1 }] });
  t.equal(objects[0].components.length, 2);
  t.same(
    objects.map(({ event }) => event),
    [
      "resync",
      "session",
      "component",
      "link",
      "link-deleted",
      "component-deleted",
      "session-deleted",
    ],
  );
});

test("--session of one that is not there is refused", async (t) => {
  const { status, stderr } = await runForTest(["events", "--session", "x"], fakeKernel(ALL));
  t.equal(status, 1);
  t.match(stderr, "NO_SUCH_SESSION");
});

// SPDX-License-Identifier: Apache-2.0
// Each verb over gRPC means what it means over the Unix socket.
import { Call, Reply } from "@livestack/proto/agent";
import t from "tap";
import { type Answer, type Params, verbs } from "../agent/protocol.js";
import {
  answerOf,
  type CallVerb,
  callVerbOf,
  paramsOf,
  type ReplyResult,
  resultOf,
  type SessionVerb,
} from "./typed-verbs.js";

const HUGE = 2n ** 64n - 1n;
const END = {
  ...{ exit: 0, startNs: HUGE, endNs: 0n, stdout: Buffer.from([0, 255]), stderr: Buffer.alloc(0) },
  ...{ stdoutLost: 0n, stderrLost: 7n },
};
const SESSION = {
  ...{ id: 3, state: 2, reason: 1, culprit: 0, mode: 1, released: true as const, quantumNs: 5n },
  ...{ clockNs: HUGE, windows: 0n, late: 0n, components: 2, joined: 2, awaited: 1, waitsFor: 0 },
};
const COMPONENT = { id: 1, place: 2, windows: 4n, overshootNs: [0n, HUGE], parting: 1 };
const WAY = { rateBps: 1n, lossPpm: 0 };
const LINK = {
  ...{ id: 0, name: "a-b", a: 0, b: 1, aPort: 0, latencyNs: 1n, backLatencyNs: 2n, toB: WAY },
  ...{ toA: {}, mtu: 1500, queueBytes: 1n, seed: HUGE },
  capture: { file: "/f", a: "a:eth0", b: "b", ethernet: true, epochNs: HUGE },
};

/** One of each, with what is optional in it and without. */
const PARAMS: { [Name in SessionVerb]: Params<Name>[] } = {
  status: [{}],
  "guest-exec": [
    { component: 0, run: "true" },
    { component: 1, run: ["echo", "a b"], keepBytes: 0 },
  ],
  prepare: [
    {
      ...{ uuid: "0f3c6d1e-8a51-4f6e-9d53-6d3f5a1c0001", name: "x", folder: "/f", quantumNs: 1n },
      ...{ mode: 1, onLoss: 1, onOvershoot: 1, links: [LINK], endNs: HUGE },
      components: [
        { id: 0, name: "a", kind: "live" },
        { id: 1, name: "b", kind: "model" },
      ],
    },
    {
      ...{ uuid: "0f3c6d1e-8a51-4f6e-9d53-6d3f5a1c0001", name: "x", folder: "/f", quantumNs: 1n },
      ...{ mode: 1, onLoss: 1, onOvershoot: 1, links: [] },
      components: [{ id: 0, name: "a", kind: "live", host: 0 }],
      share: { hosts: 2, self: 1, key: Buffer.alloc(32, 7) },
    },
  ],
  "start-sync": [{ peers: [{ host: "a", end: { address: "192.0.2.1:1", instance: HUGE } }] }],
  "make-disks": [
    { component: 0, empty: [] },
    {
      component: 0,
      root: { path: "/r", image: { path: "/i", format: "raw" }, copy: false },
      empty: [{ path: "/e", sizeBytes: HUGE }],
    },
  ],
  boot: [
    {
      ...{ component: 0, name: "a", vcpus: 2, memoryBytes: HUGE, disks: ["/d"], kernel: "/k" },
      ...{ diskModel: { latencyNs: 1n, firstLink: 4 }, consoleLog: "/c", vmmLog: "/v" },
    },
  ],
  "guest-connect": [{ component: 0, limitMs: 1 }],
  "guest-put": [
    { component: 0, path: "/p", data: Buffer.from("x"), offset: 2 ** 40, last: false, mode: 0 },
  ],
  "guest-get": [{ component: 0, path: "/p", offset: 0 }],
  "model-start": [
    { component: 1, command: ["a", ""], directory: "/", env: { KEY: "", B: "c=d" }, log: "/l" },
  ],
  "models-joined": [{ limitMs: 1000 }],
  attach: [{ component: 0, epochNs: HUGE, exact: false }],
  detach: [{ component: 0 }],
  "commands-start": [
    { component: 0, commands: [] },
    { component: 0, commands: ["a", "b"] },
  ],
  "command-wait": [{ component: 0, run: "r" }],
  "command-kill": [{ component: 0, run: "r" }],
  "session-state": [{ state: 2 }],
  statistics: [{}],
  "captures-end": [{}],
  phase: [{ phase: "run", began: true }],
  close: [{}],
};

const ANSWERS: Partial<{ [Name in SessionVerb]: Answer<Name>[] }> = {
  status: [
    {
      session: SESSION,
      components: [COMPONENT],
      fates: [{ component: 0, how: "it ended", failed: false }],
    },
  ],
  "guest-exec": [END],
  "command-wait": [END],
  "guest-get": [{ data: Buffer.from("x"), end: true }],
  attach: [{ clockOffNs: 0n }, { clockRefusal: "no" }, {}],
  "commands-start": [{ runs: ["r1", "r2"] }],
  prepare: [{ session: 3 }, { session: 3, sync: { address: "x:1", instance: HUGE } }],
  boot: [{ pid: 7 }],
  "model-start": [{ pid: 8 }],
  statistics: [
    {
      session: SESSION,
      components: [COMPONENT],
      links: [{ id: 0, toA: { sent: HUGE, queued: 0 } }],
      vcpus: [{ component: 0, id: 0, windows: 1n, parks: 1n, overshootNs: [], idleNs: 3n }],
      execs: [{ component: 0, count: 2 }],
    },
  ],
  "captures-end": [{ captures: [{ link: 0, messages: 1n, lost: 0n, failure: "why" }] }],
};

const names = Object.keys(PARAMS) as SessionVerb[];

t.test("every verb has its message, and its parameters come out as they went in", async (t) => {
  t.same([...names, "hello"].sort(), Object.keys(verbs).sort());
  for (const name of names)
    for (const params of PARAMS[name]) {
      const verb = callVerbOf(name, params as never);
      const call = Call.fromPartial({ session: "s", asker: "a", id: 1n, oldest: 1n });
      const sent = Call.decode(Call.encode({ ...call, verb }).finish());
      t.same(paramsOf(sent.verb as CallVerb), { name, params }, name);
    }
});

t.test("every answer comes out as it went in", async (t) => {
  for (const name of names)
    for (const answer of ANSWERS[name] ?? [{}]) {
      const result = resultOf(name, answer);
      const bytes = Reply.encode({ session: "s", asker: "a", id: 1n, result }).finish();
      t.same(answerOf(name, Reply.decode(bytes).result as ReplyResult), answer, name);
    }
});

t.test("what the schemas do not allow is refused from here, too", async (t) => {
  const path = callVerbOf("guest-get", { component: 0, path: "/p", offset: 0 });
  (path.value as { path: string }).path = "";
  t.throws(() => paramsOf(path), { code: "BAD_REQUEST", message: /guest-get/ });
  const exec = { $case: "guestExec", value: { component: 0 } } as CallVerb;
  t.throws(() => paramsOf(exec), { code: "BAD_REQUEST" });
  const far = callVerbOf("detach", { component: 0 });
  (far.value as { component: number }).component = 5000;
  t.throws(() => paramsOf(far), { code: "BAD_REQUEST" });
  t.throws(() => paramsOf({ $case: "makeReady", value: {} } as never), { code: "BAD_REQUEST" });
  t.throws(() => answerOf("status", resultOf("detach", {})), { code: "BAD_REQUEST" });
});

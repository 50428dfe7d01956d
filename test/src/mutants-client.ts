// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { tap } from "./mutants-which-test.js";

const VERBS = "typed calls for every verb, typed errors with the kernel's sentence";
const EVENTS = "events as an async iterator; a listener's picture is the kernel's";
const OVERRUN = "the receive overrun costs a helper process, restarted and resynchronised";
const MODEL = "reference models measure what queueing arithmetic gives, exactly";

const client = (file: string) => `packages/netlink-client/src/${file}`;
const clientTest = (name: string) => tap(`packages/netlink-client/dist/${name}.test.js`);

/** Bugs in the netlink client. */
const clientMutants: readonly Mutant[] = [
  {
    name: "what changes something is sent again after a helper died",
    promise: OVERRUN,
    file: client("connection.ts"),
    find: "request.reads && request.tries < MOST_TRIES",
    replace: "request.tries < MOST_TRIES",
    command: clientTest("connection"),
  },
  {
    name: "more requests are under way than the socket has room for",
    promise: OVERRUN,
    file: client("connection.ts"),
    find: "const MOST_IN_FLIGHT = 32;",
    replace: "const MOST_IN_FLIGHT = 64;",
    command: clientTest("connection"),
  },
  {
    name: "a family that has gone is asked for ever",
    promise: OVERRUN,
    file: client("connection.ts"),
    find: "familyGone(answer) &&",
    replace: "familyGone(answer) && request.tries > 99 &&",
    command: clientTest("connection"),
  },
  {
    name: "a deleted component stays in the picture",
    promise: EVENTS,
    file: client("world.ts"),
    find: "forget(this.components, event.data.id);",
    replace: "",
    command: clientTest("world"),
  },
  {
    name: "the largest value of an attribute is refused",
    promise: VERBS,
    file: client("limits.ts"),
    find: "number > max",
    replace: "number >= max",
    command: clientTest("codec"),
  },
  {
    name: "a nest is not marked as one",
    promise: VERBS,
    file: client("codec.ts"),
    find: "spec.id | NESTED",
    replace: "spec.id | (NESTED & 0)",
    command: clientTest("codec"),
  },
  {
    name: "every percentile is the smallest value",
    promise: VERBS,
    file: client("histogram.ts"),
    find: "99n) / 100n",
    replace: "0n) / 100n",
    command: clientTest("histogram"),
  },
];

const DEMO = "the demo passes what is right and nothing that is wrong";
const demoCheck = tap("test/dist/demo-check.test.js");

/** Bugs in modelled components in TypeScript and in what the demo makes of a run. */
const modelMutants: readonly Mutant[] = [
  {
    name: "a component that waits keeps its process alive",
    promise: MODEL,
    file: "packages/model/src/abort-write.ts",
    find: 'process.kill(thread, "SIGURG")',
    replace: "void thread",
    command: tap("packages/model/dist/model-component.test.js", undefined, 120),
  },
  {
    name: "link and source of a message change places",
    promise: MODEL,
    file: "packages/model/src/layout.ts",
    find: 'link: "u16", source: "u16"',
    replace: 'source: "u16", link: "u16"',
    command: tap("packages/model/dist/layout.test.js"),
  },
  {
    name: "the demo passes when a command has failed",
    promise: DEMO,
    file: "test/src/demo-check.ts",
    find: "if (exit !== 0)",
    replace: "if (exit < 0)",
    command: demoCheck,
  },
  {
    name: "the demo passes when a sleep was too short",
    promise: DEMO,
    file: "test/src/demo-check.ts",
    find: "const early = ns < Number(asked) * 1e9;",
    replace: "const early = false;",
    command: demoCheck,
  },
  {
    name: "the demo passes guests that nobody has stopped",
    promise: DEMO,
    file: "test/src/demo-check.ts",
    find: "parks > 0",
    replace: "parks >= 0",
    command: demoCheck,
  },
];

export const packageMutants: readonly Mutant[] = [...clientMutants, ...modelMutants];

// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { tap } from "./mutants-which-test.js";

const specTest = tap("tools/image/dist/test/spec.test.js");
const guest = tap("test/dist/guest.test.js", "a host goes", 120);
const comes = { ...guest, env: { ...guest.env, TAP_TIMEOUT: "100" } };
const CACHED = "built-in guests are cached: made anew when an input changes";
const NAMES = "a package that is none is refused by its name, at once";
const ANSWERS = "a host that comes gets the answers to what it asks and to what runs";

/** Of built-in guests and their agent. None here changes what a Debian image is: that costs minutes. */
export const guestMutants: readonly Mutant[] = [
  {
    name: "another agent or kernel gives the same guest",
    promise: CACHED,
    file: "tools/image/src/spec.ts",
    find: "overlay: overlay?.inputs",
    replace: "overlay: overlay !== undefined",
    command: specTest,
  },
  {
    name: "an edit of the recipe gives the guest from before it",
    promise: CACHED,
    file: "tools/image/src/spec.ts",
    find: "arch: process.arch, recipe, overlay",
    replace: "arch: process.arch, recipe: recipe.version, overlay",
    command: specTest,
  },
  {
    name: "a guest's packages are looked at late",
    promise: NAMES,
    file: "tools/image/src/debian.ts",
    find: "  resolveSpec(spec, { recipe: GUEST_RECIPE });",
    replace: "  resolveSpec({ packages: [] }, { recipe: GUEST_RECIPE });",
    command: specTest,
  },
  {
    name: "the agent takes a host that has just come for one that has gone",
    promise: ANSWERS,
    file: "tools/image/guest/agent.c",
    find: "\t\tdoubtful = in.len;\n",
    replace: "\t\tgreeted = false;\n",
    command: comes,
  },
  {
    name: "the agent polls its port, and takes what has come from the queue unread",
    promise: ANSWERS,
    file: "tools/image/guest/agent.c",
    find: "\tif (greeted && (is_socket || !(port.events & EPOLLHUP)))\n",
    // The time between the two is some microseconds otherwise, and the test would rarely meet it.
    replace: `
\textern int poll(void *fds, unsigned long count, int ms);
\tstruct { int fd; short events, revents; } p = { .fd = port.fd };

\tusleep(20000);
\tif (greeted && (is_socket || (poll(&p, 1, 0) >= 0 && !(p.revents & 0x10))))
`,
    command: comes,
  },
];

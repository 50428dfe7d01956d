// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { selftests, tap } from "./mutants-which-test.js";

const LOOP = "what goes over a loop comes back after its time, and is never lost";
const SIZE = "a rate counts the size that a request says";
const HELPER = "idle time is skipped only when what helps a VMM has nothing to do";
const HELD = "a request ends when its simulated time is there";
const HOSTILE = "a guest cannot reach what is not its own";
const RUN = "modelled disks are made as the scenario has them";

const logic = tap("test/dist/disk-back-end.test.js", "logic", 120);
const run = tap("packages/controller/dist/run/run-disk.test.js", undefined, 120);

/** Bugs in modelled disks, from the kernel's side to the program's. */
export const diskMutants: readonly Mutant[] = [
  {
    name: "windows are no longer than a loop's latency",
    promise: LOOP,
    file: "kernel/core/link.c",
    find: "return loop ? LS_TIME_NONE : min(",
    replace: "return loop && !config ? LS_TIME_NONE : min(",
    command: selftests("ipc_loop"),
  },
  {
    name: "what is sent over a loop while nobody is there is lost",
    promise: LOOP,
    file: "kernel/core/loop.c",
    find: "\tif (!way->loop || !way->port)\n",
    replace: "\tif (way->loop || !way->port)\n",
    command: selftests("ipc_loop"),
  },
  {
    name: "what is on a loop when its component leaves is lost",
    promise: LOOP,
    file: "kernel/core/message.c",
    find: "\tls_loop_pass_all(session, messages);\n",
    replace: "",
    command: selftests("ipc_loop"),
  },
  {
    name: "a message counts as its own bytes, whatever it says",
    promise: SIZE,
    file: "kernel/ipc/relay_read.c",
    find: "\t\t\tls_port_size(message, ls_relay_size(skb));\n",
    replace: "\t\t\tls_relay_size(skb);\n",
    command: selftests("ipc_loop"),
  },
  {
    name: "time is skipped while a helper is at work",
    promise: HELPER,
    file: "kernel/vcpu/quiet.c",
    find: "\tfor (i = 0; i < machine->quiet.helpers.count; i++)\n",
    replace: "\tfor (i = 0; i < machine->quiet.helpers.count && !machine; i++)\n",
    command: selftests("vcpu_helper"),
  },
  {
    name: "a process that has got a helper's number is taken for it",
    promise: HELPER,
    file: "kernel/core/helpers.c",
    find: "\tif (ls_start_ticks(leader) != name->start_ticks)\n",
    replace: "\tif (!ls_start_ticks(leader) && name->start_ticks)\n",
    command: selftests("vcpu_helper"),
  },
  {
    name: "a completion is not held until its token is back",
    promise: HELD,
    file: "packages/disk/device.c",
    find: ".waits = tokens_count(&device->tokens)",
    replace: ".waits = false && tokens_count(&device->tokens)",
    command: logic,
  },
  {
    name: "any token completes a request",
    promise: HELD,
    file: "packages/disk/device.c",
    find: " && pending->number == token.number)",
    replace: ")",
    command: logic,
  },
  {
    name: "tokens do not say how large their requests are",
    promise: SIZE,
    file: "packages/disk/tokens.c",
    find: "htonl(bytes < SIZE_MOST ? bytes : SIZE_MOST)",
    replace: "htonl(bytes < SIZE_MOST ? 0 : SIZE_MOST)",
    command: logic,
  },
  {
    name: "a buffer may end outside of the guest's memory",
    promise: HOSTILE,
    file: "packages/disk/memory.c",
    find: "length <= size - (address - start)",
    replace: "length <= size",
    command: logic,
  },
  {
    name: "a request may reach past the end of the disk",
    promise: HOSTILE,
    file: "packages/disk/request.c",
    find: "request->bytes / SECTOR <= sectors - request->sector",
    replace: "request->bytes / SECTOR <= sectors",
    command: logic,
  },
  {
    name: "a disk has no latency",
    promise: RUN,
    file: "packages/controller/src/agent/disk-back-ends.ts",
    find: "b: component, loop: true, latencyNs }",
    replace: "b: component, loop: true, latencyNs: latencyNs * 0n }",
    command: run,
  },
  {
    name: "a VM is attached without its disks' back ends",
    promise: RUN,
    file: "packages/controller/src/agent/attach-machine.ts",
    find: "...(helpers.length > 0 && { helpers }),",
    replace: "...(helpers.length > 99 && { helpers }),",
    command: run,
  },
  {
    name: "a guest whose disk is gone waits for it for ever",
    promise: RUN,
    file: "packages/controller/src/agent/live-guest.ts",
    find: '    this.fate = how;\n    killProcess(this.identity, "SIGKILL");\n',
    replace: "    void how;\n",
    command: run,
  },
];

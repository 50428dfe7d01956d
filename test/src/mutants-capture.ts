// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { selftests, tap } from "./mutants-which-test.js";

const CAPTURE = "a captured link is a pcapng file with simulated times";

const kernel = "kernel/core/capture.c";
const controller = (file: string) => `packages/controller/src/capture/${file}.ts`;
const captureTest = tap("packages/controller/dist/capture/capture-link.test.js");

/** Bugs in captures, from the kernel to the file. */
export const captureMutants: readonly Mutant[] = [
  {
    name: "what a capture's reader is too slow for is not counted",
    promise: CAPTURE,
    file: kernel,
    find: "WRITE_ONCE(capture->lost[way], capture->lost[way] + 1);",
    replace: "WRITE_ONCE(capture->lost[way], capture->lost[way]);",
    command: selftests("core_capture"),
  },
  {
    name: "a capture's ring is written over before it is read",
    promise: CAPTURE,
    file: kernel,
    find: "if (place + size - tail > capture->room)",
    replace: "if (place + size - tail > capture->room * 2)",
    command: selftests("core_capture"),
  },
  {
    name: "a reader waits for ever when its link has gone",
    promise: CAPTURE,
    file: kernel,
    find: "smp_store_release(&capture->ended, true);",
    replace: "",
    command: selftests("core_capture"),
  },
  {
    name: "whoever is handed an open file may capture",
    promise: CAPTURE,
    file: "kernel/core/call.c",
    find: "!capable(CAP_NET_ADMIN) || ",
    replace: "",
    command: selftests("core_capture"),
  },
  {
    name: "a packet is stamped with when it was sent",
    promise: CAPTURE,
    file: controller("capture-link"),
    find: "timeNs: this.#plan.epochNs + arrivalNs",
    replace: "timeNs: this.#plan.epochNs + sendNs",
    command: captureTest,
  },
  {
    name: "a block that was cut short stays in the file",
    promise: CAPTURE,
    file: controller("capture-file"),
    find: "    ftruncateSync(fd, this.#length);",
    replace: "",
    command: captureTest,
  },
];

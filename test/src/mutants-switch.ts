// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { selftests, tap } from "./mutants-which-test.js";

/** A bug in the logic of the example of a switch, which its unit test has to find. */
function switchMutant(name: string, file: string, find: string, replace: string): Mutant {
  return {
    name,
    promise: "a switch learns, floods, stores and forwards, and loses nothing uncounted",
    file: `examples/switch/${file}.c`,
    find,
    replace,
    command: tap("test/dist/switch.test.js", "logic", 60),
  };
}

export const switchMutants: readonly Mutant[] = [
  switchMutant(
    "a frame goes back where it came from",
    "switch",
    "if (*to == port)",
    "if (*to == self->config.ports)",
  ),
  switchMutant(
    "an address is known a nanosecond too long",
    "fdb",
    "now_ns - entry->seen_ns >= fdb->age_ns",
    "now_ns - entry->seen_ns > fdb->age_ns",
  ),
  switchMutant(
    "a station that moves is looked for where it was",
    "fdb",
    "\tentry->port = port;\n",
    "\tif (place == NONE)\n\t\tentry->port = port;\n",
  ),
  switchMutant(
    "a frame is on the line before those that wait for it",
    "output",
    "begin(output, output->through_ns);",
    "begin(output, output->through_ns - 1);",
  ),
  switchMutant(
    "the buffer has room for a byte more",
    "buffer",
    "return length <= buffer->size_bytes",
    "return length <= 1 + buffer->size_bytes",
  ),
  switchMutant(
    "a frame for several ports takes room for each of them",
    "buffer",
    "buffer->used_bytes += length;",
    "buffer->used_bytes += length * copies;",
  ),
  {
    name: "a frame is taken for received a nanosecond late",
    promise: "a switch stores and forwards, to the nanosecond",
    file: "examples/switch/run.c",
    find: "run->component.clock_ns, run->message,",
    replace: "run->component.clock_ns + 1, run->message,",
    command: selftests("ipc_switch"),
  },
];

// SPDX-License-Identifier: Apache-2.0
// What a controller has to know after a restart, beside what its hosts' kernels tell: which hosts there
// are to be, and which sessions it has placed.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { u64 } from "../agent/wire-types.js";
import { codeOf } from "../code-of.js";
import { writeAtomically } from "../host/write-atomically.js";
import { LivestackError } from "../livestack-error.js";
import { jsonText } from "../output-format.js";

const SCHEMA = "livestack.controller/1";
/** Who runs what is nobody else's business. */
const MODE = 0o600;

const placed = z.object({
  id: z.int().min(0),
  host: z.string(),
  vcpus: z.int().min(0),
  memoryBytes: u64,
});

const state = z.object({
  schema: z.literal(SCHEMA),
  hosts: z.array(z.object({ name: z.string(), drained: z.boolean() })),
  sessions: z.array(
    z.object({
      uuid: z.string(),
      name: z.string(),
      user: z.string(),
      components: z.array(placed),
    }),
  ),
});

export type PlacedComponent = z.output<typeof placed>;
export type ControllerStateContent = Omit<z.output<typeof state>, "schema">;
export type KeptHost = ControllerStateContent["hosts"][number];
export type KeptSession = ControllerStateContent["sessions"][number];

export class ControllerState {
  readonly #path: string;

  /** @param folder is made if it is not there */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#path = join(folder, "state.json");
  }

  /** @throws LivestackError SYSTEM when it is there and cannot be read as what it is */
  read(): ControllerStateContent {
    try {
      return state.decode(JSON.parse(readFileSync(this.#path, "utf8")));
    } catch (cause) {
      if (codeOf(cause) === "ENOENT") return { hosts: [], sessions: [] };
      throw new LivestackError("SYSTEM", "the controller's state cannot be read", {
        place: this.#path,
        cause,
        hint: "move it away to begin with no hosts; add them again with `livestack hosts add`",
      });
    }
  }

  write(content: ControllerStateContent): void {
    writeAtomically(this.#path, jsonText(state.encode({ schema: SCHEMA, ...content })), MODE);
  }
}

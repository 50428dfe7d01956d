// SPDX-License-Identifier: Apache-2.0
// /run/livestack/UUID/state.json: what a session has on this machine, for whoever comes after a
// livestack that was killed. docs/run.md tells what may be done about it.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { capturePlan } from "../capture/capture-link.js";
import { LivestackError } from "../livestack-error.js";
import { jsonText } from "../output-format.js";
import { giveToGroup } from "./livestack-group.js";
import { isAlive } from "./process-identity.js";
import { writeAtomically } from "./write-atomically.js";

export const STATE_SCHEMA = "livestack.state/1";

/** A start time can be beyond what JSON's numbers hold exactly, so its digits are text. */
const identity = z.object({
  pid: z.int().min(1),
  startTicks: z.codec(z.string().regex(/^\d+$/), z.bigint(), {
    decode: (text) => BigInt(text),
    encode: (ticks) => String(ticks),
  }),
});

const component = z.object({
  id: z.int().min(0),
  name: z.string(),
  kind: z.enum(["live", "model"]),
  /** of its VMM or model, once started */
  process: identity.optional(),
  /** processes that serve its VMM: the back ends of its modelled disks */
  helpers: z.array(identity).default([]),
  /** ids by which the guest's agent knows the commands that were started at simulated time 0 */
  runs: z.array(z.string()).default([]),
});

const state = z.object({
  schema: z.literal(STATE_SCHEMA),
  uuid: z.string(),
  name: z.string(),
  /** run: by `livestack run`; attached: by `livestack attach`; released: its VMs run free */
  kind: z.enum(["run", "attached", "released"]),
  /** who holds it; an attached session is held by nobody */
  owner: identity.optional(),
  /** by a controller: this machine's `livestack agent` takes it over by itself */
  led: z.boolean().default(false),
  /** where its output goes */
  folder: z.string().optional(),
  phase: z.string(),
  /** whether simulated time has begun */
  began: z.boolean(),
  components: z.array(component),
  /** what links are called: the kernel knows their ids */
  links: z.array(z.object({ id: z.int(), name: z.string() })).default([]),
  /** network interfaces that were made for it, and do not go with the session */
  interfaces: z.array(z.string()).default([]),
  /** of a session on several hosts: this one's number, and their names, once they know each other */
  share: z.object({ self: z.int(), hosts: z.array(z.string()) }).optional(),
  /** links that are captured */
  captures: z.array(capturePlan.extend({ link: z.int() })).default([]),
});

export type SessionState = z.output<typeof state>;
export type ComponentState = SessionState["components"][number];

export function runtimeRoot(root: string): string {
  return join(root, "run/livestack");
}

/** Paths are short, by id: a Unix socket's has 107 bytes at most. */
export class RuntimeFolder {
  readonly path: string;

  constructor(root: string, uuid: string) {
    this.path = join(runtimeRoot(root), uuid);
  }

  get agentSocket(): string {
    return join(this.path, "agent.sock");
  }

  get statePath(): string {
    return join(this.path, "state.json");
  }

  qmp(id: number): string {
    return join(this.path, `${id}.qmp`);
  }

  guestAgent(id: number): string {
    return join(this.path, `${id}.agent`);
  }

  console(id: number): string {
    return join(this.path, `${id}.console`);
  }

  disk(id: number, index: number): string {
    return join(this.path, `${id}.disk${index}`);
  }

  /** @throws LivestackError NO_PRIVILEGE */
  create(): void {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o755 });
    } catch (cause) {
      throw new LivestackError("NO_PRIVILEGE", "the session's folder cannot be made", {
        place: this.path,
        cause,
        hint: "run it as root",
      });
    }
    // Others may find their session's name, and members of the group its sockets.
    chmodSync(this.path, 0o750);
    giveToGroup(this.path);
  }

  write(content: SessionState): void {
    writeAtomically(this.statePath, jsonText(state.encode(content)));
    giveToGroup(this.statePath);
  }

  read(): SessionState {
    const text = readFileSync(this.statePath, "utf8");
    return state.decode(JSON.parse(text));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Sessions that have a folder on this machine; what cannot be read as one is left out. */
export function listStates(root: string): SessionState[] {
  const folder = runtimeRoot(root);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((uuid) => {
    try {
      return [new RuntimeFolder(root, uuid).read()];
    } catch {
      // Not ours, not for us to read, or being made or removed at this moment.
      return [];
    }
  });
}

/** Runs whose livestack is no more: killed, or lost with its terminal. */
export function orphansAmong(states: readonly SessionState[]): SessionState[] {
  return states.filter(({ kind, owner }) => kind === "run" && !(owner && isAlive(owner)));
}

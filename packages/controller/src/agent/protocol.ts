// SPDX-License-Identifier: Apache-2.0
// What the agent of a session takes and answers, docs/run.md#the-agents-socket. How it gets there is
// not told here: handlers.ts does it, server.ts and client.ts carry it.
import * as z from "zod";
import { capturePlan } from "../capture/capture-link.js";
import { componentStatus, linkStatus, sessionStatus, vcpuStatus } from "./status-types.js";
import { bytes, componentId, u64 } from "./wire-types.js";

export const AGENT_PROTOCOL = 1;

const nothing = z.strictObject({});
const member = z.strictObject({ component: componentId });
const path = z.string().min(1).max(4095);

const guestCommand = z.union([z.string().min(1), z.array(z.string()).min(1)]);

const commandEnd = z.strictObject({
  exit: z.int().optional(),
  signal: z.int().optional(),
  startNs: u64,
  endNs: u64,
  stdout: bytes,
  stderr: bytes,
  stdoutLost: u64,
  stderrLost: u64,
});

export const vmmPlan = z.strictObject({
  component: componentId,
  name: z.string(),
  vcpus: z.int(),
  memoryBytes: u64,
  kernel: path.optional(),
  initrd: path.optional(),
  append: z.string().optional(),
  /** qcow2 image that is its first disk */
  overlay: path.optional(),
  /** raw images that are its others, or all where their time is modelled */
  disks: z.array(path),
  diskModel: z
    .strictObject({
      latencyNs: u64,
      rateBps: u64.optional(),
      /** of the links that the disks are to the kernel: the first one's number, the others' follow */
      firstLink: z.int(),
    })
    .optional(),
  consoleLog: path,
  vmmLog: path,
});

export const disksPlan = z.strictObject({
  component: componentId,
  /** of an image that is never written to: an overlay, or a whole copy */
  root: z
    .strictObject({
      path,
      image: z.strictObject({ path, format: z.enum(["qcow2", "raw"]) }),
      copy: z.boolean(),
    })
    .optional(),
  empty: z.array(z.strictObject({ path, sizeBytes: u64 })),
});

/** How one way of a link is; what is absent is the kernel's default. */
const way = z.strictObject({
  rateBps: u64.optional(),
  jitterNs: u64.optional(),
  lossPpm: z.int().optional(),
  mtu: z.int().optional(),
  limitBytes: z.int().optional(),
  limitPackets: z.int().optional(),
});

const port = z.int().min(0).max(15);

const linkPlan = z.strictObject({
  id: z.int(),
  name: z.string(),
  a: componentId,
  b: componentId,
  /** number of the network interface at this end; absent: a model */
  aPort: port.optional(),
  bPort: port.optional(),
  latencyNs: u64,
  backLatencyNs: u64,
  toB: way,
  toA: way,
  /** of the interfaces */
  mtu: z.int(),
  queueBytes: u64,
  seed: u64,
  /** what to write of it, if it is captured */
  capture: capturePlan.optional(),
});

const hostNumber = z.int().min(0).max(63);

export const sessionPlan = z.strictObject({
  uuid: z.uuid(),
  name: z.string(),
  folder: path,
  quantumNs: u64,
  endNs: u64.optional(),
  mode: z.int(),
  onLoss: z.int(),
  onOvershoot: z.int(),
  components: z.array(
    z.strictObject({
      id: componentId,
      name: z.string(),
      kind: z.enum(["live", "model"]),
      /** number of the host that it has its place on; absent: this one */
      host: hostNumber.optional(),
    }),
  ),
  /** those that end at none of this host's components are left out there */
  links: z.array(linkPlan),
  /** where the session is on several hosts: the part that this one has in it */
  share: z
    .strictObject({
      hosts: z.int().min(2).max(64),
      self: hostNumber,
      /** of the session; 32 bytes that nobody but its hosts may know */
      key: bytes,
    })
    .optional(),
});

const syncEnd = z.strictObject({
  /** "192.0.2.1:47602" or "[2001:db8::1]:47602", UDP */
  address: z.string(),
  /** random, anew with each session that is made in the kernel */
  instance: u64,
});

export const syncPlan = z.strictObject({
  /** all hosts of the session, this one too; the first is number 0 */
  peers: z.array(z.strictObject({ host: z.string(), end: syncEnd })),
});

/** Of a component's process, once it is no more. */
const fate = z.strictObject({
  component: componentId,
  /** a sentence about it: "its guest powered off" */
  how: z.string(),
  /** a model that has ended with status 0 has done its work */
  failed: z.boolean(),
});

interface Verb {
  /** asked by the session's own livestack only: it starts programs, writes files, ends machines */
  control: boolean;
  params: z.ZodType;
  answer: z.ZodType;
}

export const verbs = {
  hello: {
    control: false,
    params: z.strictObject({ version: z.int(), token: z.string().optional() }),
    answer: z.strictObject({ version: z.int(), program: z.string(), uuid: z.string() }),
  },
  /** How far the session is, and who has ended. */
  status: {
    control: false,
    params: nothing,
    answer: z.strictObject({
      session: sessionStatus,
      components: z.array(componentStatus),
      fates: z.array(fate),
    }),
  },
  /** Run a command in a guest; the answer comes when it has ended. */
  "guest-exec": {
    control: false,
    params: z.strictObject({
      component: componentId,
      run: guestCommand,
      keepBytes: z
        .int()
        .min(0)
        .max(16 << 20)
        .optional(),
    }),
    answer: commandEnd,
  },
  prepare: {
    control: true,
    params: sessionPlan,
    answer: z.strictObject({
      session: z.int(),
      /** where this host's kernel listens for the others of the session; absent: it has it alone */
      sync: syncEnd.optional(),
    }),
  },
  /** After prepare on all hosts of the session, before a guest boots: where each listens for the others. */
  "start-sync": { control: true, params: syncPlan, answer: nothing },
  /** Before its guest boots: files that are its disks. */
  "make-disks": { control: true, params: disksPlan, answer: nothing },
  boot: { control: true, params: vmmPlan, answer: z.strictObject({ pid: z.int() }) },
  /** Wait for a guest's agent. */
  "guest-connect": {
    control: true,
    params: z.strictObject({ component: componentId, limitMs: z.int().min(1) }),
    answer: nothing,
  },
  "guest-put": {
    control: true,
    params: z.strictObject({
      component: componentId,
      path,
      data: bytes,
      offset: z.int().min(0),
      last: z.boolean(),
      mode: z.int().min(0).max(0o7777),
    }),
    answer: nothing,
  },
  "guest-get": {
    control: true,
    params: z.strictObject({ component: componentId, path, offset: z.int().min(0) }),
    answer: z.strictObject({ data: bytes, end: z.boolean() }),
  },
  "model-start": {
    control: true,
    params: z.strictObject({
      component: componentId,
      command: z.array(z.string()).min(1),
      directory: path,
      env: z.record(z.string(), z.string()),
      log: path,
    }),
    answer: z.strictObject({ pid: z.int() }),
  },
  /** Wait for all models to have joined. */
  "models-joined": {
    control: true,
    params: z.strictObject({ limitMs: z.int().min(1) }),
    answer: nothing,
  },
  /** Set a guest's wall clock and attach its machine at once: from then on it stands still. */
  attach: {
    control: true,
    params: z.strictObject({ component: componentId, epochNs: u64, exact: z.boolean() }),
    answer: z.strictObject({
      /** its wall clock is at most so far from the epoch; absent when it could not be set */
      clockOffNs: u64.optional(),
      clockRefusal: z.string().optional(),
    }),
  },
  detach: { control: true, params: member, answer: nothing },
  /** Hand a guest its commands, one after the other; they begin as soon as it runs. */
  "commands-start": {
    control: true,
    params: z.strictObject({ component: componentId, commands: z.array(z.string()) }),
    answer: z.strictObject({ runs: z.array(z.string()) }),
  },
  "command-wait": {
    control: true,
    params: z.strictObject({ component: componentId, run: z.string() }),
    answer: commandEnd,
  },
  "command-kill": {
    control: true,
    params: z.strictObject({ component: componentId, run: z.string() }),
    answer: nothing,
  },
  "session-state": {
    control: true,
    params: z.strictObject({ state: z.int() }),
    answer: nothing,
  },
  statistics: {
    control: true,
    params: nothing,
    answer: z.strictObject({
      session: sessionStatus,
      components: z.array(componentStatus),
      links: z.array(linkStatus),
      vcpus: z.array(vcpuStatus),
      /** commands that others ran in guests while time went on, by component */
      execs: z.array(z.strictObject({ component: componentId, count: z.int() })),
    }),
  },
  /** Take what links have handed over up to now, and close the files. */
  "captures-end": {
    control: true,
    params: nothing,
    answer: z.strictObject({
      captures: z.array(
        z.strictObject({
          link: z.int(),
          /** in the file */
          messages: u64,
          /** not in the file: there was no room for them until they were read */
          lost: u64,
          /** why it was given up before its end */
          failure: z.string().optional(),
        }),
      ),
    }),
  },
  phase: {
    control: true,
    params: z.strictObject({ phase: z.string(), began: z.boolean() }),
    answer: nothing,
  },
  /** End all that was started here, delete the session, remove its folder. */
  close: { control: true, params: nothing, answer: nothing },
} as const satisfies Record<string, Verb>;

export type VerbName = keyof typeof verbs;
export type Params<Name extends VerbName> = z.output<(typeof verbs)[Name]["params"]>;
export type Answer<Name extends VerbName> = z.output<(typeof verbs)[Name]["answer"]>;

export type Handlers = {
  readonly [Name in VerbName]: (params: Params<Name>) => Promise<Answer<Name>>;
};

/** One line of the socket each. */
export const requestLine = z.strictObject({
  id: z.int().min(0),
  verb: z.string(),
  params: z.unknown(),
});

export const answerLine = z.union([
  z.strictObject({ id: z.int(), answer: z.unknown() }),
  z.strictObject({
    id: z.int(),
    error: z.strictObject({
      code: z.string(),
      message: z.string(),
      place: z.string().optional(),
      hint: z.string().optional(),
    }),
  }),
]);

export type SessionStatus = Answer<"status">;
export type Statistics = Answer<"statistics">;
export type CommandEnd = Answer<"command-wait">;

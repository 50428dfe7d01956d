// SPDX-License-Identifier: Apache-2.0
// What result.json holds: the one description that docs/result.schema.json follows from. docs/result.md
// explains it to people; a test compares the two. Additions keep the schema's number.
import * as z from "zod";

export const RESULT_SCHEMA = "livestack.result/1";
export const RESULT_FILE = "result.json";

const ns = z.int().min(0);
const count = z.int().min(0);

const overshoot = z
  .strictObject({
    p50: ns.describe("half of all are at most this"),
    p99: ns.describe("99 of 100 are at most this"),
    max: ns.describe("the furthest"),
  })
  .nullable();

const vcpu = z.strictObject({
  windows: count.describe("windows it ran in"),
  parks: count.describe("times it was stopped at the end of a window, or of a step within"),
  overshoot_ns: overshoot.describe("how far past windows' ends it ran; null: never, or not known"),
  preempted_ns: ns.describe("host time it was ready to run and did not"),
  parked_ns: ns.describe("host time it waited for windows"),
  idle_ns: ns.describe("simulated time it was halted"),
  user_ns: ns.describe("host time it was in its VMM"),
});

const command = z.strictObject({
  run: z.string().describe("the line, as the scenario has it"),
  exit: z
    .int()
    .nullable()
    .describe("its status, 128 + N after signal N; null: the session was over before it ended"),
  guest_ns: ns
    .nullable()
    .describe("how long it took by the guest's CLOCK_MONOTONIC; null with exit"),
  stdout: z.string().describe("what it wrote, as UTF-8, at most 64 KiB; the whole is in commands/"),
});

const component = z.strictObject({
  name: z.string().describe("as in the scenario"),
  kind: z
    .enum(["live", "model"])
    .describe("a virtual machine, or a process that simulates something"),
  vcpus: z.array(vcpu).describe("of a live component, in the order of their numbers"),
  skew_max_ns: ns
    .nullable()
    .describe("how far the clocks of its vCPUs were apart at most; null without several"),
  unmodelled: z
    .array(z.string())
    .describe("what can reach a guest at the host's time, as no model knows of it"),
  commands: z.array(command).describe("its run commands, in their order"),
});

const droppedBy = z.strictObject({
  limit: count.describe("they found no room to wait for the rate, or on their way"),
  loss: count.describe("they were to be lost"),
  mtu: count.describe("they were too long"),
  down: count.describe("the way was down"),
  gone: count.describe("their receiver had left"),
});

const link = z.strictObject({
  name: z.string().describe("as in the scenario, or the names of its ends"),
  latency_ns: ns.describe("from the first endpoint to the second"),
  delivered: count.describe("messages, both ways together"),
  dropped: count.describe("messages lost, both ways together"),
  dropped_by: droppedBy.describe("of those, by reason"),
  queued: count.describe("messages on their way when it ended"),
  late: count.describe("messages that came after their arrival time had passed"),
  bytes: count.describe("of the messages that were delivered"),
});

export const resultSchema = z
  .strictObject({
    schema: z.literal(RESULT_SCHEMA).describe("of this file"),
    scenario: z.string().describe("its name"),
    mode: z.enum(["strict", "relaxed", "free"]).describe("free also when gating was given up"),
    quantum_ns: ns.describe("length of a window"),
    simulated_ns: ns.describe("how far simulated time came"),
    wall_ns: ns.describe("how long that took"),
    windows: count.describe("so many opened"),
    late_deliveries: count.describe("messages that came after their arrival time had passed"),
    components: z.array(component).describe("in the scenario's order"),
    links: z.array(link).describe("in the scenario's order"),
    warnings: z.array(z.string()).describe("what takes away from the figures, a sentence each"),
  })
  .describe("The result of a LiveStack run");

export type RunResultFile = z.output<typeof resultSchema>;
export type CommandResult = RunResultFile["components"][number]["commands"][number];

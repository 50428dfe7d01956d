// SPDX-License-Identifier: Apache-2.0
// What a scenario file may say: the one description that checking, docs/scenario.schema.json and the
// hints of errors follow from. docs/scenario.md explains it to people; a test compares the two.
import {
  attributeSets,
  COMPONENTS_MAX,
  LINKS_MAX,
  Mode,
  OnLoss,
  OnOvershoot,
} from "@livestack/netlink-client";
import * as z from "zod";
import { ETHERNET_BYTES } from "./endpoint.js";
import { RATE, SHARE, SIZE, TIME } from "./quantity.js";
import {
  address,
  argument,
  command,
  endpoint,
  epoch,
  fileMode,
  guestPath,
  hostName,
  hostPath,
  kernelArguments,
  NAME_PATTERN,
  name,
  packageName,
  quantity,
  timeOrAuto,
} from "./texts.js";

declare module "zod" {
  interface GlobalMeta {
    /** zod takes the standard `examples` for output, and drops them where input and output differ */
    example?: unknown;
  }
}

export const SCENARIO_SCHEMA = "livestack.scenario/1";

const MIB = 1n << 20n;
const TIB = 1n << 40n;
const { session: SESSION, link: LINK, direction: WAY } = attributeSets;
/** What is left of a message when an Ethernet header and a VLAN's tag are off. */
const MTU_MAX = Number(WAY.mtu.max) - ETHERNET_BYTES;

/** The words of an enum of the kernel. */
function wordsOf<Word extends string>(words: Readonly<Record<Word, number>>) {
  return z.enum(Object.keys(words) as [Word, ...Word[]]);
}

export const sessionSchema = z.strictObject({
  quantum: timeOrAuto("1ms", SESSION.quantumNs)
    .prefault("auto")
    .describe("length of a window; auto: as long as the lookahead allows"),
  mode: wordsOf(Mode)
    .prefault("strict")
    .describe("strict: no message is late; relaxed: late ones are counted; free: no gating"),
  on_loss: wordsOf(OnLoss)
    .prefault("pause")
    .describe("when a component dies: pause the session, or release the others to run free"),
  on_overshoot: wordsOf(OnOvershoot)
    .prefault("pause")
    .describe("when a strict session's component runs too far: pause, or count what is late"),
  exact: z.boolean().prefault(false).describe("trade speed for clocks that are right to the gate"),
  epoch: epoch
    .prefault("2026-01-01T00:00:00Z")
    .describe("what the guests' wall clocks show at simulated time 0"),
  duration: quantity(TIME, "10s", SESSION.endNs)
    .optional()
    .describe("simulated time after which the session ends at the latest"),
  end: z
    .enum(["commands", "duration"])
    .optional()
    .describe("what ends it: the last command, or the duration alone"),
});

const kernelImage = z.strictObject({
  kernel: hostPath.describe("kernel to boot directly"),
  initrd: hostPath.optional().describe("its initial RAM disk"),
  append: kernelArguments.optional().describe("added to its command line"),
});

const diskImage = z.strictObject({
  disk: hostPath.describe("disk image to boot from"),
  format: z.enum(["qcow2", "raw"]).prefault("qcow2").describe("what the image is"),
});

const fileSchema = z.strictObject({
  from: hostPath.describe("file of this machine").meta({ example: "job.sh" }),
  to: guestPath.describe("where it goes in the guest"),
  mode: fileMode.optional().describe("permissions in octal; those of the source unless said"),
});

const diskSchema = z.strictObject({
  size: quantity(SIZE, "1GiB", { min: MIB, max: 16n * TIB, step: MIB }).describe(
    "of an empty disk",
  ),
});

const diskTimes = z.strictObject({
  latency: quantity(TIME, "5ms", { min: 0n, max: LINK.latencyNs.max }).describe(
    "simulated time that each request takes, beside what the rate makes of its bytes",
  ),
  rate: quantity(RATE, "800Mbit", WAY.rateBps)
    .optional()
    .describe("bits a second that each disk reads or writes, one request after the other"),
});

const host = hostName
  .optional()
  .describe("host of a controller that it has its place on")
  .meta({ example: "node1" });

const liveSchema = z.strictObject({
  kind: z.literal("live").prefault("live").describe("a virtual machine"),
  host,
  image: z
    .union([z.enum(["builtin:tiny", "builtin:debian"]), kernelImage, diskImage])
    .describe("what it boots")
    .meta({ example: "builtin:tiny" }),
  packages: z
    .array(packageName)
    .max(1000)
    .optional()
    .describe("Debian packages to have in builtin:debian"),
  // QEMU's machines know no more without an interrupt remapper.
  vcpus: z.int().min(1).max(255).prefault(1).describe("virtual CPUs").meta({ example: 2 }),
  memory: quantity(SIZE, "512MiB", { min: 64n * MIB, max: 16n * TIB, step: MIB })
    .prefault("512MiB")
    .describe("its RAM"),
  disks: z.array(diskSchema).max(16).prefault([]).describe("further disks, empty"),
  disk: diskTimes.optional().describe("what time its disks take, each for itself"),
  files: z.array(fileSchema).max(10_000).prefault([]).describe("files to put into the guest"),
  setup: z.array(command).max(1000).prefault([]).describe("commands before time 0, one by one"),
  ready: command.optional().describe("is tried until it exits with 0, then the guest is ready"),
  // All are handed to the guest's agent at once, which keeps 256 runs.
  run: z.array(command).max(250).prefault([]).describe("commands from time 0 on, one by one"),
  collect: z.array(guestPath).max(1000).prefault([]).describe("paths to fetch at the end"),
});

const modelSchema = z.strictObject({
  kind: z.literal("model").describe("a process that simulates something"),
  host,
  command: z
    .array(argument)
    .min(1)
    .max(1000)
    .describe("program and its arguments")
    .meta({ example: ["node", "model.js"] }),
});

export const componentSchema = z.discriminatedUnion("kind", [liveSchema, modelSchema]);

const bytes = (example: string, { min, max }: { min: number; max?: number }) =>
  quantity(SIZE, example, { min: BigInt(min), max: BigInt(max ?? 0xffff_ffff) });

const latency = quantity(TIME, "10ms", { min: 0n, max: LINK.latencyNs.max });

/** What of a way over a link may be left to its default. */
const way = {
  rate: quantity(RATE, "100Mbit", WAY.rateBps)
    .optional()
    .describe("bits a second that it carries, one message after the other"),
  jitter: quantity(TIME, "1ms", { min: 0n, max: WAY.jitterNs.max })
    .optional()
    .describe("is added to each latency, from 0 to this, evenly; no message overtakes another"),
  loss: quantity(SHARE, "0.1%", { min: 0n, max: WAY.lossPpm.max })
    .optional()
    .describe("so many messages are lost"),
  mtu: z
    .int()
    .min(Number(WAY.mtu.min))
    .max(MTU_MAX)
    .optional()
    .describe("longest packet of an interface, without its Ethernet header, or message of a model")
    .meta({ example: 1500 }),
  limit: z
    .strictObject({
      bytes: bytes("64KiB", { min: Number(WAY.limitBytes.min) })
        .optional()
        .describe("bytes that may wait for the rate"),
      packets: z
        .int()
        .min(Number(WAY.limitPackets.min))
        .max(Number(WAY.limitPackets.max))
        .prefault(1000)
        .describe("messages that may wait for the rate"),
    })
    .optional()
    .describe("what may wait for the rate; what finds no room is dropped"),
};

const queue = { min: LINK.queueBytes.min, max: LINK.queueBytes.max };

export const linkSchema = z.strictObject({
  name: name.optional().describe("the names of its ends, with a hyphen, unless said"),
  endpoints: z
    .tuple([endpoint, endpoint])
    .describe("the two components it joins, virtual machines by an interface")
    .meta({ example: ["client:eth0", "server:eth0"] }),
  addresses: z
    .tuple([address, address])
    .optional()
    .describe("of the two interfaces")
    .meta({ example: ["10.0.0.1/24", "10.0.0.2/24"] }),
  latency: latency.describe("from the first endpoint to the second, and back"),
  ...way,
  back: z
    .strictObject({
      latency: latency.optional().describe("from the second endpoint to the first"),
      ...way,
    })
    .optional()
    .describe("what differs on the way back"),
  queue: quantity(SIZE, "1MiB", { min: BigInt(queue.min), max: BigInt(queue.max) })
    .prefault("1MiB")
    .describe("room for messages on their way, each direction for itself"),
  seed: z
    .int()
    .min(0)
    .prefault(0)
    .describe("of what is random on it: the same gives the same losses and jitters"),
  capture: z.boolean().prefault(false).describe("write what it hands over to links/NAME.pcapng"),
});

export const scenarioSchema = z
  .strictObject({
    schema: z.literal(SCENARIO_SCHEMA).optional().describe("of this file"),
    name: name.describe("of the session and its run folders").meta({ example: "my-cluster" }),
    session: sessionSchema.prefault({}).describe("simulated time and how it is kept"),
    // check-relations.ts checks names and number: zod looks into no entry whose key it refuses.
    components: z
      .record(z.string(), componentSchema)
      .describe("what takes part, by name; their order gives their ids")
      .meta({
        minProperties: 1,
        maxProperties: COMPONENTS_MAX,
        propertyNames: { pattern: NAME_PATTERN },
      }),
    links: z.array(linkSchema).max(LINKS_MAX).prefault([]).describe("what joins components"),
  })
  .describe("A LiveStack scenario");

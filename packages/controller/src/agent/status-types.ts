// SPDX-License-Identifier: Apache-2.0
// What the kernel tells of a session, as it goes over the agent's socket.
import * as z from "zod";
import { histogram, u64 } from "./wire-types.js";

export const sessionStatus = z.object({
  id: z.int(),
  state: z.int(),
  reason: z.int().optional(),
  culprit: z.int().optional(),
  mode: z.int().optional(),
  released: z.literal(true).optional(),
  quantumNs: u64,
  clockNs: u64.optional(),
  skippedNs: u64.optional(),
  windows: u64,
  late: u64.optional(),
  components: z.int(),
  joined: z.int(),
  awaited: z.int(),
  waitsFor: z.int().optional(),
  /** the host that is not heard of, by its name, if that is the reason */
  silent: z.string().optional(),
});

export const componentStatus = z.object({
  id: z.int(),
  place: z.int(),
  windows: u64,
  late: u64.optional(),
  overshoots: u64.optional(),
  overshootNs: histogram.optional(),
  vmmBusy: u64.optional(),
  skewMaxNs: u64.optional(),
  parting: z.int().optional(),
});

const direction = z.object({
  sent: u64.optional(),
  received: u64.optional(),
  receivedBytes: u64.optional(),
  queued: z.int().optional(),
  late: u64.optional(),
  dropped: u64.optional(),
  droppedLimit: u64.optional(),
  droppedLoss: u64.optional(),
  droppedMtu: u64.optional(),
  droppedDown: u64.optional(),
  droppedGone: u64.optional(),
});

export const linkStatus = z.object({
  id: z.int(),
  toA: direction.optional(),
  toB: direction.optional(),
});

export const vcpuStatus = z.object({
  component: z.int(),
  id: z.int(),
  windows: u64,
  parks: u64,
  overshootNs: histogram.optional(),
  overshootMaxNs: u64.optional(),
  preemptedNs: u64.optional(),
  parkedNs: u64.optional(),
  idleNs: u64.optional(),
  userNs: u64.optional(),
});

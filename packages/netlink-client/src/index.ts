// SPDX-License-Identifier: Apache-2.0
export { type ClientOptions, NetlinkClient } from "./client.js";
export type { KernelEvent, KernelState, LivestackEvent, ResyncEvent } from "./events.js";
export * from "./generated/livestack.js";
export { bucketTop, type Histogram, type HistogramSummary, summarise } from "./histogram.js";
export { specName } from "./limits.js";
export { NetlinkError, type NetlinkErrorDetails } from "./netlink-error.js";
export type {
  Component,
  Link,
  MemberKey,
  Peer,
  Port,
  Session,
  SessionKey,
  Sync,
  Vcpu,
} from "./objects.js";
export { memberKey, World } from "./world.js";

// SPDX-License-Identifier: Apache-2.0
export { NetlinkClient } from "./client.js";
export { ABI, FAMILY_NAME, type VersionGetReply } from "./generated/livestack.js";
export { NetlinkError } from "./netlink-error.js";

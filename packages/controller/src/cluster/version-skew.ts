// SPDX-License-Identifier: Apache-2.0
import { LivestackError } from "../livestack-error.js";
import { programVersion } from "../program-version.js";
import { worksWithUs } from "../version-distance.js";

/**
 * @param who has this version: "agent node1"
 * @throws LivestackError VERSION_SKEW
 */
export function refuseSkew(who: string, version: string): void {
  if (worksWithUs(version)) return;
  throw new LivestackError(
    "VERSION_SKEW",
    `it is version ${version || "unknown"}, and the controller is ${programVersion()}`,
    { place: who, hint: "bring both to one release; one minor release apart works" },
  );
}

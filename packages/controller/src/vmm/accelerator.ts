// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LivestackError } from "../livestack-error.js";

/**
 * What guests run by: KVM, unless LIVESTACK_ACCELERATOR says tcg, to try them ungated without it.
 * @throws LivestackError NO_KVM
 */
export function acceleratorOf(root: string, env: Readonly<NodeJS.ProcessEnv>): "kvm" | "tcg" {
  if (env.LIVESTACK_ACCELERATOR === "tcg") return "tcg";
  if (existsSync(join(root, "dev/kvm"))) return "kvm";
  throw new LivestackError("NO_KVM", "this machine has no /dev/kvm", {
    place: "/dev/kvm",
    hint: "modprobe kvm_intel or kvm_amd; `livestack doctor` tells what else is missing",
  });
}

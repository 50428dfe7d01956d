// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { ImageError, tools } from "@livestack/image";
import { LivestackError } from "../livestack-error.js";

export interface QemuProgram {
  program: string;
  /** before all others */
  args: readonly string[];
  /** on top of this process's own environment */
  env: Readonly<Record<string, string>>;
}

const NAME = "qemu-system-x86_64";

/**
 * The QEMU that guests run in: what LIVESTACK_QEMU names, else the one that setup has put into the
 * cache, else the machine's own.
 * @throws LivestackError NO_QEMU
 */
export function findQemu(environment: NodeJS.ProcessEnv): QemuProgram {
  const { LIVESTACK_QEMU: wanted, PATH: path = "" } = environment;
  if (wanted) {
    if (isExecutable(wanted)) return { program: wanted, args: [], env: {} };
    throw new LivestackError("NO_QEMU", "LIVESTACK_QEMU names no program", { place: wanted });
  }
  try {
    const { qemu, qemuArgs, env } = tools();
    return { program: qemu, args: qemuArgs, env };
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    const own = path.split(":").map((folder) => join(folder, NAME));
    const program = own.find(isExecutable);
    if (program !== undefined) return { program, args: [], env: {} };
    throw new LivestackError("NO_QEMU", `there is no ${NAME} in the cache and none in PATH`, {
      cause,
      hint: "run `npm run setup` in the checkout, or `apt install qemu-system-x86`",
    });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

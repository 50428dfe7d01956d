// SPDX-License-Identifier: Apache-2.0
import { release } from "node:os";
import { join } from "node:path";
import type { Context } from "../context.js";
import { moduleVersion } from "../kernel-module.js";
import { programVersion } from "../program-version.js";

/** What a run was made with, for its folder. */
export async function versionsOf({ askModule, root }: Context, uuid: string): Promise<object> {
  const module = await moduleVersion(askModule, join(root, "sys")).catch(() => null);
  return {
    schema: "livestack.versions/1",
    session: uuid,
    program: programVersion(),
    node: process.versions.node,
    kernel: release(),
    module: module?.version ?? null,
  };
}

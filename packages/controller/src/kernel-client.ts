// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { NetlinkClient } from "@livestack/netlink-client";
import type { Context } from "./context.js";
import type { ErrorCode } from "./exit-status.js";
import { versionInSysfs } from "./kernel-module.js";
import { LivestackError } from "./livestack-error.js";

/** What commands ask of the kernel; tests hand in a kernel of their own. */
export type KernelClient = Pick<
  NetlinkClient,
  | "versionGet"
  | "sessionDump"
  | "sessionGet"
  | "sessionSet"
  | "sessionNew"
  | "sessionDel"
  | "componentNew"
  | "componentDump"
  | "componentGet"
  | "componentDel"
  | "componentAttach"
  | "componentDetach"
  | "vcpuDump"
  | "linkNew"
  | "linkDump"
  | "linkSet"
  | "portNew"
  | "syncNew"
  | "peerSet"
  | "peerDump"
  | "events"
> & { close(): Promise<void> };

export type OpenClient = () => Promise<KernelClient>;

export const openOverNetlink: OpenClient = () => NetlinkClient.open();

/**
 * Lets `use` speak to a module that is near enough in version.
 * @throws LivestackError NOT_LOADED, NO_PRIVILEGE, NO_SUCH_SESSION, WRONG_STATE, HELPER_LOST or
 *   MODULE_REFUSED for what the client or the kernel refuses
 */
export async function withKernel<Result>(
  context: Pick<Context, "openClient" | "root">,
  use: (client: KernelClient) => Promise<Result>,
): Promise<Result> {
  try {
    const client = await context.openClient();
    try {
      await client.versionGet();
      return await use(client);
    } finally {
      await client.close();
    }
  } catch (error) {
    throw explainKernelError(error, context.root);
  }
}

interface ClientError extends Error {
  code: string;
  hint: string | undefined;
  attribute: string | undefined;
}

/** One of ours for what the client or the kernel refuses; anything else stays as it is. */
export function explainKernelError(error: unknown, root: string): unknown {
  if (!(error instanceof Error && error.name === "NetlinkError")) return error;
  const { message, hint, cause, ...rest } = error as ClientError;
  const details = { place: "livestack.ko", ...(hint === undefined ? {} : { hint }), cause };
  const code = codeFor(rest);
  if (code !== "NOT_LOADED") return new LivestackError(code, message, details);
  const version = versionInSysfs(join(root, "sys"));
  if (version === null) return new LivestackError(code, message, details);
  return new LivestackError(
    code,
    `version ${version} is loaded, but answers in the initial network namespace only`,
    { ...details, hint: "run it on the host itself, outside of containers" },
  );
}

function codeFor({ code, attribute }: Pick<ClientError, "code" | "attribute">): ErrorCode {
  if (code === "NOT_LOADED" || code === "HELPER_LOST") return code;
  if (code === "EPERM") return "NO_PRIVILEGE";
  // What is asked for by id was found a moment ago.
  if (code === "ENOENT") return "NO_SUCH_SESSION";
  if (code === "EINVAL" && attribute === "state") return "WRONG_STATE";
  return "MODULE_REFUSED";
}

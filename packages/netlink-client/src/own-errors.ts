// SPDX-License-Identifier: Apache-2.0
// The sentences of this client, for what the kernel gives only a number for.
import { getSystemErrorName } from "node:util";
import { NetlinkError } from "./netlink-error.js";

/** The kernel's name of a positive error number; for one of two names it takes libuv's otherwise. */
export function errorName(errno: number): string {
  const name = getSystemErrorName(-errno);
  return name === "ENOTSUP" ? "EOPNOTSUPP" : name;
}

const LOAD_IT =
  "modprobe livestack, or insmod kernel/build/$(uname -r)/core/livestack.ko from a checkout";

/** What the helper said that it cannot do. */
export function notStarted({ code, message }: { code: string; message: string }): NetlinkError {
  if (code === "NOT_LOADED")
    return new NetlinkError(code, "the livestack kernel module is not loaded", { hint: LOAD_IT });
  if (code === "EPERM") return notPrivileged("listening to events");
  return new NetlinkError(code, `the helper process could not reach the kernel: ${message}`);
}

export function notPrivileged(what: string): NetlinkError {
  return new NetlinkError(
    "EPERM",
    `${what} needs CAP_NET_ADMIN in the initial user namespace, which this process does not have`,
    { hint: "run it as root of the host, outside of containers" },
  );
}

export function helperLost(operation: string, how: string, reads: boolean): NetlinkError {
  const object = operation.replace(/-\w+$/, "");
  return new NetlinkError(
    "HELPER_LOST",
    `${operation}: the helper process ended before the answer came (${how})` +
      (reads ? "" : "; whether it was done is unknown"),
    { hint: reads ? "ask again" : `look with ${object}-get whether it was done, then ask again` },
  );
}

export function notAnswered(operation: string, limitMs: number, reads: boolean): NetlinkError {
  const object = operation.replace(/-\w+$/, "");
  return new NetlinkError("ETIMEDOUT", `${operation}: no answer within ${limitMs} ms`, {
    hint: reads ? "ask again" : `look with ${object}-get whether it was done, then ask again`,
  });
}

export function helperFailed(times: number, how: string): NetlinkError {
  return new NetlinkError(
    "HELPER_FAILED",
    `the helper process that speaks netlink ended ${times} times in a row, last with ${how}`,
    {
      hint:
        "if events come faster than they are taken, give sockets more room: " +
        "sysctl net.core.rmem_max=8388608",
    },
  );
}

export function closed(): NetlinkError {
  return new NetlinkError("CLOSED", "the client was closed");
}

/** A refusal by the kernel's netlink code itself, which gives a number and no sentence. */
export function coreRefusal(operation: string, code: string): NetlinkError {
  if (code === "EPERM") return notPrivileged(operation);
  if (code === "EOPNOTSUPP")
    return new NetlinkError(code, `${operation}: the loaded livestack module does not know it`, {
      hint: "load the module built from the same checkout as this program",
    });
  return new NetlinkError(code, `${operation}: the kernel refused the request with ${code}`, {
    hint: "see: dmesg",
  });
}

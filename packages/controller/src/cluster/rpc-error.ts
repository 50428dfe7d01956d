// SPDX-License-Identifier: Apache-2.0
// Errors of LiveStack as they go over gRPC, and back; and what gRPC and TLS say by themselves, in the
// words of LiveStack.
import { Metadata, type ServiceError, type StatusObject, status } from "@grpc/grpc-js";
import { ERROR_STATUS, type ErrorCode } from "../exit-status.js";
import { LivestackError } from "../livestack-error.js";

const CODE = "livestack-code";
// Of keys that end so the value may be any text.
const PLACE = "livestack-place-bin";
const HINT = "livestack-hint-bin";

const STATUS: Partial<Record<ErrorCode, status>> = {
  NO_PRIVILEGE: status.PERMISSION_DENIED,
  NOT_TRUSTED: status.UNAUTHENTICATED,
  NO_SUCH_HOST: status.NOT_FOUND,
  NO_SUCH_SESSION: status.NOT_FOUND,
  HOST_EXISTS: status.ALREADY_EXISTS,
  HOST_TAKEN: status.ALREADY_EXISTS,
  NO_ROOM: status.RESOURCE_EXHAUSTED,
  BAD_REQUEST: status.INVALID_ARGUMENT,
  INTERNAL: status.INTERNAL,
};

/** What a call ends with for whatever was thrown. */
export function statusOf(thrown: unknown): StatusObject {
  const { code, message, place, hint } = LivestackError.from(thrown);
  const metadata = new Metadata();
  metadata.set(CODE, code);
  if (place !== undefined) metadata.set(PLACE, Buffer.from(place));
  if (hint !== undefined) metadata.set(HINT, Buffer.from(hint));
  return { code: STATUS[code] ?? status.FAILED_PRECONDITION, details: message, metadata };
}

/** @param address of whom was asked */
export function errorOf(thrown: unknown, address: string): LivestackError {
  if (!isServiceError(thrown)) return LivestackError.from(thrown);
  const { details, metadata } = thrown;
  const [code] = metadata?.get(CODE) ?? [];
  if (typeof code !== "string") return ofTransport(thrown, address);
  const text = (key: string) => metadata.get(key)[0]?.toString();
  const [place, hint] = [text(PLACE), text(HINT)];
  return new LivestackError(knownCode(code), details, {
    ...(place !== undefined && { place }),
    ...(hint !== undefined && { hint }),
  });
}

/** One that a newer program may have and we have not is not refused for it. */
export function knownCode(code: string): ErrorCode {
  return Object.hasOwn(ERROR_STATUS, code) ? (code as ErrorCode) : "BAD_REQUEST";
}

/** Whether it may go away by itself: nobody is there, or no longer. */
export function isConnectionLost(thrown: unknown): boolean {
  if (!isServiceError(thrown) || thrown.metadata?.get(CODE).length > 0) return false;
  return [status.UNAVAILABLE, status.CANCELLED, status.UNKNOWN].includes(thrown.code);
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && "details" in thrown && "metadata" in thrown;
}

function ofTransport({ code, details }: ServiceError, place: string): LivestackError {
  if (/certificate.has.expired|certificate expired/i.test(details))
    return new LivestackError("NO_CERTIFICATE", "a certificate has expired", {
      place,
      hint: "`livestack pki ls` shows which; `livestack pki rotate` issues it again",
    });
  if (/certificate|self.signed|unknown ca|altnames|identity of/i.test(details))
    return new LivestackError("NOT_TRUSTED", details, {
      place,
      hint: "certificate and --ca have to be of the cluster's authority: docs/cluster.md",
    });
  if (code === status.UNAVAILABLE || code === status.CANCELLED)
    return new LivestackError("CONTROLLER_SILENT", withoutFrame(details), {
      place,
      hint: "see that `livestack controller` runs there, and takes this side's certificate",
    });
  return new LivestackError("BAD_REQUEST", `${status[code]}: ${details}`, {
    place,
    hint: "use programs of one release on all machines",
  });
}

/** "connect ECONNREFUSED 192.0.2.1:7600" of what gRPC says around it. */
function withoutFrame(details: string): string {
  const bare = details
    .replace(/^No connection established\. Last error: (Error: )?/, "")
    .replace(/\.? Resolution note:.*$/s, "");
  return bare || "it does not answer";
}

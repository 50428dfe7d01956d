// SPDX-License-Identifier: Apache-2.0
import type { ServerUnaryCall } from "@grpc/grpc-js";
import { LivestackError } from "../livestack-error.js";
import { type Identity, identityIn } from "../pki/identity.js";

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext" | "getPeer">;

/** Of the certificate that was shown. @throws LivestackError NOT_TRUSTED */
export function callerOf(call: AnyCall): Identity {
  const { sslPeerCertificate: certificate } = call.getAuthContext();
  const identity = identityIn(certificate?.subjectaltname);
  if (identity) return identity;
  throw new LivestackError("NOT_TRUSTED", "the certificate does not say who it is", {
    place: call.getPeer(),
    hint: "it has to be of `livestack pki issue`",
  });
}

/** Whoever the operating system lets connect to the local socket. */
export const LOCAL_USER: Identity = { role: "user", name: "local" };

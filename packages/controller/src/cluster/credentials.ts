// SPDX-License-Identifier: Apache-2.0
// The files by which one side of a connection shows who it is, and knows whom to trust.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { type ChannelOptions, credentials } from "@grpc/grpc-js";
import { LivestackError } from "../livestack-error.js";
import { type Identity, identityIn, type Role } from "../pki/identity.js";
import { CHANNEL_OPTIONS } from "./limits.js";

export interface CertificateFiles {
  /** whom to trust */
  ca: string;
  certificate: string;
  key: string;
}

export interface Certificates {
  ca: Buffer;
  certificate: Buffer;
  key: Buffer;
  identity: Identity;
  /** Date.now() when it ends */
  untilMs: number;
}

/** @throws LivestackError NO_CERTIFICATE, also for one of another role */
export function readCertificates(files: CertificateFiles, role: Role): Certificates {
  const [ca, certificate, key] = [files.ca, files.certificate, files.key].map(readFile) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const parsed = parse(certificate, files.certificate);
  const identity = identityIn(parsed.subjectAltName);
  if (identity?.role !== role)
    throw refused(files.certificate, `it is not the certificate of a ${role}`, role);
  const [from, untilMs] = [Date.parse(parsed.validFrom), Date.parse(parsed.validTo)];
  const nowMs = Date.now();
  if (nowMs >= untilMs) throw refused(files.certificate, `it expired on ${parsed.validTo}`, role);
  if (nowMs < from)
    throw refused(files.certificate, `it is not valid before ${parsed.validFrom}`, role);
  if (!parsed.checkPrivateKey(createPrivateKey(key)))
    throw refused(files.key, "it is not the key of this certificate", role);
  return { ca, certificate, key, identity, untilMs };
}

/** In place of an IP address, which TLS does not take for a name. */
const NO_NAME = "livestack-controller";

/**
 * Of a connection to a controller: nobody else is taken for one, whatever address it has.
 * @param address "controller.example:7600" or "192.0.2.1:7600"
 */
export function channelTo(address: string, { ca, certificate, key }: Certificates) {
  const host = address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  const channel = credentials.createSsl(ca, key, certificate, {
    checkServerIdentity: (_, peer) => checkServerIdentity(host, peer) ?? checkRole(peer),
  });
  const name: ChannelOptions = isIP(host) ? { "grpc.ssl_target_name_override": NO_NAME } : {};
  return { channel, options: { ...CHANNEL_OPTIONS, ...name } };
}

function checkRole({ subjectaltname }: PeerCertificate): Error | undefined {
  if (identityIn(subjectaltname)?.role === "controller") return undefined;
  return new Error(`the certificate is not that of a controller: ${subjectaltname}`);
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new LivestackError("NO_CERTIFICATE", "it cannot be read", {
      place: path,
      cause,
      hint: "`livestack pki issue` makes certificates; put them there, or say where they are",
    });
  }
}

function parse(pem: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new LivestackError("NO_CERTIFICATE", "it is no certificate", { place: path, cause });
  }
}

function refused(place: string, what: string, role: Role): LivestackError {
  return new LivestackError("NO_CERTIFICATE", what, {
    place,
    hint: `livestack pki issue ${role} NAME, or livestack pki rotate`,
  });
}

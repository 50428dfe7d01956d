// SPDX-License-Identifier: Apache-2.0
// X.509 as LiveStack uses it: one certificate authority, ECDSA on P-256, certificates that say who may
// be what. The only file that knows the library.
import "reflect-metadata";
import { webcrypto, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { type Identity, identityText, identityUri } from "./identity.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
/** Clocks of machines differ: what was issued a moment ago is valid on all of them. */
const EARLIER_MS = 300_000;
const SERIAL_BYTES = 16;

x509.cryptoProvider.set(webcrypto as never);

/** A certificate and its private key, as PEM. */
export interface Pair {
  certificate: string;
  key: string;
}

export interface Validity {
  /** Date.now() of its making */
  nowMs: number;
  days: number;
}

export async function makeAuthority(name: string, validity: Validity): Promise<Pair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(validity),
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      // No authority below it.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pairOf(certificate, keys);
}

/** @param addresses DNS names and IP addresses by which it is reached */
export async function issueCertificate(
  authority: Pair,
  identity: Identity,
  addresses: readonly string[],
  validity: Validity,
): Promise<Pair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await newKeys();
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(validity),
    subject: [{ CN: [identityText(identity)] }],
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        identity.role === "controller" ? serverAuth : clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([
        { type: "url", value: identityUri(identity) },
        ...addresses.map((value) => ({ type: isIP(value) ? "ip" : "dns", value }) as const),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return pairOf(certificate, keys);
}

/** The certificates of a PEM file, one after the other. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

export function daysLeft(certificate: X509Certificate, nowMs: number): number {
  return Math.floor((Date.parse(certificate.validTo) - nowMs) / DAY_MS);
}

function common({ nowMs, days }: Validity) {
  return {
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(SERIAL_BYTES)))
      .toString("hex")
      // A serial number is positive.
      .replace(/^./, "1"),
    notBefore: new Date(nowMs - EARLIER_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, [
    "sign",
    "verify",
  ]) as Promise<webcrypto.CryptoKeyPair>;
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  return webcrypto.subtle.importKey("pkcs8", der as ArrayBuffer, ALGORITHM, false, [
    "sign",
  ]) as Promise<webcrypto.CryptoKey>;
}

async function pairOf(
  certificate: x509.X509Certificate,
  keys: webcrypto.CryptoKeyPair,
): Promise<Pair> {
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey as never);
  const pem = (text: string) => `${text}\n`;
  return {
    certificate: pem(certificate.toString("pem")),
    key: pem(x509.PemConverter.encode(key, x509.PemConverter.PrivateKeyTag)),
  };
}

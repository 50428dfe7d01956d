// SPDX-License-Identifier: Apache-2.0
// The folder of the certificate authority: who is trusted, what was issued. docs/cluster.md tells how
// it is used; nothing in it is replaced unless `rotate` was asked for.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../code-of.js";
import { writeAtomically } from "../host/write-atomically.js";
import { LivestackError } from "../livestack-error.js";
import {
  certificatesIn,
  daysLeft,
  issueCertificate,
  makeAuthority,
  type Pair,
  type Validity,
} from "./certificates.js";
import { type Identity, identityIn } from "./identity.js";

const SECRET = 0o600;
const PUBLIC = 0o644;

export interface Issued {
  /** "ca", or who it is for; the newest authority comes first */
  what: "ca" | Identity;
  certificate: string;
  /** when it ends, ISO 8601 */
  until: string;
  daysLeft: number;
  /** of an issued one: whether the newest authority has signed it */
  current: boolean;
}

export class PkiFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Whom to trust: the newest authority, and those before it during a rotation. */
  get caFile(): string {
    return join(this.path, "ca.crt");
  }

  certificateFile({ role, name }: Identity): string {
    return join(this.path, `${role}-${name}.crt`);
  }

  keyFile({ role, name }: Identity): string {
    return join(this.path, `${role}-${name}.key`);
  }

  /** @throws LivestackError FILE_EXISTS */
  async init(validity: Validity): Promise<void> {
    mkdirSync(this.path, { recursive: true, mode: 0o755 });
    for (const file of [this.caFile, this.#caKey]) refuseExisting(file);
    const pair = await makeAuthority(authorityName(validity), validity);
    writeAtomically(this.#caKey, pair.key, SECRET);
    writeAtomically(this.caFile, pair.certificate, PUBLIC);
  }

  /** @throws LivestackError FILE_EXISTS, NO_CERTIFICATE */
  async issue(identity: Identity, addresses: readonly string[], validity: Validity): Promise<void> {
    for (const file of [this.certificateFile(identity), this.keyFile(identity)])
      refuseExisting(file);
    this.#write(identity, await issueCertificate(this.#authority(), identity, addresses, validity));
  }

  /**
   * Issues again what ends within so many days, with a new key, for the same names.
   * @returns what was
   */
  async reissue(withinDays: number, validity: Validity): Promise<Identity[]> {
    const authority = this.#authority();
    const due = this.list(validity.nowMs).filter(
      (each) => each.what !== "ca" && each.daysLeft < withinDays,
    );
    const done: Identity[] = [];
    for (const { what, certificate } of due) {
      if (what === "ca") continue;
      const addresses = addressesIn(readFileSync(certificate, "utf8"));
      this.#write(what, await issueCertificate(authority, what, addresses, validity));
      done.push(what);
    }
    return done;
  }

  /** A new authority signs from now on; those before stay trusted. */
  async newAuthority(validity: Validity): Promise<void> {
    const before = readFileSync(this.caFile, "utf8");
    this.#authority();
    const pair = await makeAuthority(authorityName(validity), validity);
    // Trusted before it signs: whatever falls between the two, what is issued is trusted.
    writeAtomically(this.caFile, `${pair.certificate}${before}`, PUBLIC);
    writeAtomically(this.#caKey, pair.key, SECRET);
  }

  /** Trusts the newest authority alone. @throws LivestackError WRONG_STATE while a certificate needs another */
  forgetOldAuthorities(nowMs: number): void {
    const [newest] = certificatesIn(this.#caText());
    const old = this.list(nowMs).filter(({ what, current }) => what !== "ca" && !current);
    if (old.length > 0 || !newest)
      throw new LivestackError("WRONG_STATE", "certificates of an old authority are in use", {
        place: old.map(({ certificate }) => certificate).join(", "),
        hint: "`livestack pki rotate --all` first, and hand out what it issues",
      });
    writeAtomically(this.caFile, `${newest.toString()}`, PUBLIC);
  }

  list(nowMs: number): Issued[] {
    const authorities = certificatesIn(this.#caText());
    const [newest] = authorities;
    const about = (certificate: (typeof authorities)[number]) => ({
      until: new Date(certificate.validTo).toISOString(),
      daysLeft: daysLeft(certificate, nowMs),
    });
    const cas = authorities.map((each) => ({
      ...{ what: "ca" as const, certificate: this.caFile, ...about(each) },
      current: each === newest,
    }));
    const issued = readdirSync(this.path)
      .filter((file) => /^(controller|agent|user)-.*\.crt$/.test(file))
      .sort()
      .flatMap((file) => {
        const path = join(this.path, file);
        const [certificate] = certificatesIn(readFileSync(path, "utf8"));
        const what = identityIn(certificate?.subjectAltName);
        if (!certificate || !what || !newest) return [];
        const current = certificate.verify(newest.publicKey);
        return [{ what, certificate: path, ...about(certificate), current }];
      });
    return [...cas, ...issued];
  }

  get #caKey(): string {
    return join(this.path, "ca.key");
  }

  #caText(): string {
    return readOrRefuse(this.caFile);
  }

  #authority(): Pair {
    const [newest] = certificatesIn(this.#caText());
    return { certificate: newest?.toString() ?? "", key: readOrRefuse(this.#caKey) };
  }

  #write(identity: Identity, { certificate, key }: Pair): void {
    writeAtomically(this.keyFile(identity), key, SECRET);
    writeAtomically(this.certificateFile(identity), certificate, PUBLIC);
  }
}

/** Their subjects differ, so that whoever verifies finds the right one. */
function authorityName({ nowMs }: Validity): string {
  return `LiveStack CA ${new Date(nowMs).toISOString()}`;
}

function addressesIn(pem: string): string[] {
  const names = certificatesIn(pem)[0]?.subjectAltName?.split(", ") ?? [];
  return names.flatMap((each) => /^(?:DNS|IP Address):(.*)$/.exec(each)?.[1] ?? []);
}

function refuseExisting(file: string): void {
  if (!existsSync(file)) return;
  throw new LivestackError("FILE_EXISTS", "it is there, and is not overwritten", {
    place: file,
    hint: "`livestack pki rotate` replaces certificates; or remove it, or say another --dir",
  });
}

function readOrRefuse(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT" && codeOf(cause) !== "EACCES") throw cause;
    throw new LivestackError("NO_CERTIFICATE", "it is not there, or not for this user to read", {
      place: file,
      cause,
      hint: "`livestack pki init` makes a certificate authority, where there is none yet",
    });
  }
}

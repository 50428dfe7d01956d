// SPDX-License-Identifier: Apache-2.0
// Certificates that were rotated are taken without a restart, and the end of one is announced.
import {
  type CertificateFiles,
  type Certificates,
  readCertificates,
} from "../cluster/credentials.js";
import type { DaemonLog } from "./daemon-log.js";

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** @param lookMs how often to look */
export function renewAs(
  files: CertificateFiles,
  first: Certificates,
  lookMs: number,
  controller: { renew(certificates: Certificates): void },
  log: DaemonLog,
): NodeJS.Timeout {
  let current = first;
  const look = () => {
    try {
      const now = readCertificates(files, "controller");
      if (!areSame(now, current)) {
        controller.renew(now);
        current = now;
        log.info(`certificate: renewed, until ${new Date(now.untilMs).toISOString()}`);
        log.forget("certificate");
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log.once("certificate", message, `${message}; the one before stays in use`);
    }
    const days = Math.floor((current.untilMs - Date.now()) / DAY_MS);
    if (days < SOON_DAYS)
      log.once("certificate", `ends in ${days}`, `ends in ${days} days: livestack pki rotate`);
  };
  look();
  return setInterval(look, lookMs);
}

function areSame(a: Certificates, b: Certificates): boolean {
  return a.certificate.equals(b.certificate) && a.ca.equals(b.ca) && a.key.equals(b.key);
}

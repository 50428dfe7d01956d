// SPDX-License-Identifier: Apache-2.0
import { LivestackError } from "../livestack-error.js";

// RFC 3339, with the capital letters that everybody writes.
const WRITTEN = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
export const EPOCH_PATTERN =
  "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$";
const HINT = "write it as 2026-01-01T00:00:00Z";

/** Linux takes no time after 2232, and a session of 104 days must fit behind it. */
const LAST_YEAR = 2231;

/**
 * @param text an instant as RFC 3339 writes it, to the nanosecond
 * @returns nanoseconds since 1970 @throws LivestackError BAD_VALUE, OUT_OF_RANGE
 */
export function parseEpoch(text: string): bigint {
  const [, civil = "", fraction = "", sign, hours = "0", minutes = "0"] = WRITTEN.exec(text) ?? [];
  const local = Date.parse(`${civil}Z`);
  // Date.parse takes a 30th of February for the 2nd of March, and an hour 24.
  const real = !Number.isNaN(local) && new Date(local).toISOString().startsWith(civil);
  if (civil === "" || !real || Number(hours) > 23 || Number(minutes) > 59)
    throw new LivestackError("BAD_VALUE", `${JSON.stringify(text)} is no instant`, { hint: HINT });
  const east = (Number(hours) * 60 + Number(minutes)) * 60_000;
  const utc = local - (sign === "-" ? -east : east);
  if (utc < 0 || utc >= Date.UTC(LAST_YEAR + 1, 0))
    throw new LivestackError("OUT_OF_RANGE", `${text} is out of range`, {
      hint: `guests take an instant from 1970 to ${LAST_YEAR}, such as 2026-01-01T00:00:00Z`,
    });
  return BigInt(utc) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

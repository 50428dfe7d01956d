// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { test } from "tap";
import { ERROR_STATUS, ExitStatus } from "./exit-status.js";

const page = readFileSync(new URL("../../../docs/exit-status.md", import.meta.url), "utf8");

/** The first two cells of each row of the table below `heading`. */
function tableBelow(heading: string): [string, string][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  return [...section.matchAll(/^\| `?(\w+)`? +\| `?(\w+)`? +\|/gm)]
    .map(([, first = "", second = ""]): [string, string] => [first, second])
    .filter(([first]) => first !== "status" && first !== "code");
}

test("docs/exit-status.md has each exit status of livestack and no other", async (t) => {
  const documented = tableBelow("livestack").map(([status, name]) => [name, Number(status)]);
  t.same(documented, Object.entries(ExitStatus));
});

test("docs/exit-status.md has each error code with its status and no other", async (t) => {
  const documented = tableBelow("Error codes").map(([code, status]) => [code, Number(status)]);
  t.same(documented, Object.entries(ERROR_STATUS));
});

#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";

// A checkout that was never built would otherwise fail with a module-resolution stack trace.
const main = new URL("../dist/main.js", import.meta.url);
if (!existsSync(main)) {
  process.stderr.write(
    "lab: tools/lab/dist/main.js: this checkout is not built yet\n" +
      "hint: run `npm run setup && npm run build` in the checkout first\n",
  );
  process.exit(3);
}
await import(main.href);

// SPDX-License-Identifier: Apache-2.0
// Writes docs/result.schema.json: `npm run -w @livestack/controller schema`, after an edit of
// result-schema.ts. A test says when it has been forgotten.
import { writeFileSync } from "node:fs";
import * as z from "zod";
import { jsonText } from "../output-format.js";
import { resultSchema } from "./result-schema.js";

const file = new URL("../../../../docs/result.schema.json", import.meta.url);
writeFileSync(file, jsonText({ title: "LiveStack result", ...z.toJSONSchema(resultSchema) }));

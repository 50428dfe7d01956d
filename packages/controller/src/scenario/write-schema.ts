// SPDX-License-Identifier: Apache-2.0
// Writes docs/scenario.schema.json: run `npm run -w @livestack/controller schema` after an edit of
// schema.ts. A test says when it has been forgotten.
import { writeFileSync } from "node:fs";
import { jsonText } from "../output-format.js";
import { scenarioJsonSchema } from "./json-schema.js";

const file = new URL("../../../../docs/scenario.schema.json", import.meta.url);
writeFileSync(file, jsonText(scenarioJsonSchema()));

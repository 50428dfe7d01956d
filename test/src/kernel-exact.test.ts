// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { form } from "./form.js";
import { exactSuite } from "./kernel-suite.js";

await exactSuite(t, "6.12");
if (form === "full") await exactSuite(t, "6.1");

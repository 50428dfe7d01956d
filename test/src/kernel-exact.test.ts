// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { form } from "./form.js";
import { exactSuite } from "./kernel-suite.js";

const kernels = form === "full" ? ["6.12", "6.1"] : ["6.12"];
await Promise.all(kernels.map((kernel) => exactSuite(t, kernel)));

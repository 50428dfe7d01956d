// SPDX-License-Identifier: Apache-2.0
// A program that has asked something and then has nothing more to do, or waits for events.
import { fileURLToPath } from "node:url";
import { Connection } from "./connection.js";
import { Fake } from "./fake-helper-for-test.js";

const program = fileURLToPath(new URL("./fake-helper-for-test.js", import.meta.url));
const connection = new Connection({ bufferBytes: 1, answerLimitMs: 5_000, program });
await connection.open();
if (process.argv[2] === "listen") connection.listen({ event() {}, listening() {}, failed() {} });
await connection.request({
  operation: "session-get",
  command: Fake.ECHO,
  dump: false,
  reads: true,
  whole: false,
  data: Buffer.from("x"),
});
process.stdout.write(`${connection.helperPid}\n`);

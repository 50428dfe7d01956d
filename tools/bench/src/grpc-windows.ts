// SPDX-License-Identifier: Apache-2.0
// Two hosts agree on windows in user space: each says over a gRPC stream that it has arrived, and goes on
// when the other has. What livestack_sync.ko is compared with; nothing else is done in a window.
//
//   grpc-windows.js serve ADDRESS:PORT       until its standard input ends
//   grpc-windows.js dial ADDRESS:PORT COUNT  prints what a window costs, in ns
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";

const PATH = "/livestack.bench.Windows/Agree";
const WARM = 50;
const REPORT_BYTES = 8;

const plain = (bytes: Buffer): Buffer => bytes;
const method = {
  ...{ path: PATH, requestStream: true, responseStream: true },
  ...{ requestSerialize: plain, requestDeserialize: plain },
  ...{ responseSerialize: plain, responseDeserialize: plain },
};

function report(window: number): Buffer {
  const bytes = Buffer.alloc(REPORT_BYTES);
  bytes.writeBigUInt64LE(BigInt(window));
  return bytes;
}

/** Says of each window that it has arrived, at once; and of the next when the other has. */
async function serve(address: string): Promise<void> {
  const agree: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    let window = 0;
    call.write(report(window));
    call.on("data", () => call.write(report(++window)));
    call.on("end", () => call.end());
    call.on("error", () => {});
  };
  const server = new Server();
  server.addService({ agree: method }, { agree });
  await new Promise<void>((done, failed) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error ? failed(error) : done(),
    ),
  );
  process.stdout.write("listens\n");
  for await (const _ of process.stdin);
  server.forceShutdown();
}

async function dial(address: string, count: number): Promise<number> {
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeBidiStreamRequest(PATH, plain, plain);
  let begun = 0n;
  try {
    return await new Promise<number>((done, failed) => {
      let window = 0;
      call.on("error", failed);
      call.write(report(window));
      call.on("data", () => {
        window++;
        if (window === WARM) begun = process.hrtime.bigint();
        if (window === WARM + count) done(Number(process.hrtime.bigint() - begun) / count);
        else call.write(report(window));
      });
    });
  } finally {
    call.cancel();
    client.close();
  }
}

const [what, address = "", count] = process.argv.slice(2);
if (what === "serve") await serve(address);
else process.stdout.write(`${await dial(address, Number(count))}\n`);

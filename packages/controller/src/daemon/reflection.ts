// SPDX-License-Identifier: Apache-2.0
import type { Server } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { PROTO_FILES, PROTO_FOLDER } from "@livestack/proto/files";

/** Lets grpcurl and the like ask what is served. */
export function addReflection(server: Server): void {
  const definition = loadSync([...PROTO_FILES], { includeDirs: [PROTO_FOLDER] });
  new ReflectionService(definition).addToServer(server);
}

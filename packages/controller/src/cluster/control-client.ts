// SPDX-License-Identifier: Apache-2.0
// A command line's way to a controller: over its Unix socket, or with a user's certificate.
import { type CallOptions, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import {
  type AddHostResponse,
  ControlServiceClient,
  type DrainHostResponse,
  type ListHostsResponse,
  type RemoveHostResponse,
} from "@livestack/proto/control";
import type { Context } from "../context.js";
import { type ControllerPlace, controllerAddress, userFiles } from "./controller-place.js";
import { channelTo, readCertificates } from "./credentials.js";
import { CHANNEL_OPTIONS } from "./limits.js";
import { errorOf } from "./rpc-error.js";

const ANSWER_MS = 30_000;

/** @throws LivestackError NO_CERTIFICATE */
export function controlClient(place: ControllerPlace, context: Context): ControlServiceClient {
  const address = controllerAddress(place, context);
  if (address.startsWith("unix:"))
    return new ControlServiceClient(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  const certificates = readCertificates(userFiles(place, context), "user");
  const { channel, options } = channelTo(address, certificates);
  return new ControlServiceClient(address, channel, options);
}

type Done<Response> = (error: ServiceError | null, response: Response) => void;

/**
 * A controller, as commands ask it.
 * All of it throws LivestackError: what it refuses with, CONTROLLER_SILENT, NOT_TRUSTED.
 */
export class ControllerConnection {
  readonly #client: ControlServiceClient;
  readonly #address: string;

  /** @throws LivestackError NO_CERTIFICATE */
  constructor(place: ControllerPlace, context: Context) {
    this.#client = controlClient(place, context);
    this.#address = controllerAddress(place, context);
  }

  listHosts(): Promise<ListHostsResponse> {
    return this.#answer((...rest) => this.#client.listHosts({}, ...rest));
  }

  async addHost(name: string): Promise<void> {
    await this.#answer<AddHostResponse>((...rest) => this.#client.addHost({ name }, ...rest));
  }

  async removeHost(name: string, force: boolean): Promise<void> {
    await this.#answer<RemoveHostResponse>((...rest) =>
      this.#client.removeHost({ name, force }, ...rest),
    );
  }

  drainHost(name: string, undo: boolean): Promise<DrainHostResponse> {
    return this.#answer((...rest) => this.#client.drainHost({ name, undo }, ...rest));
  }

  close(): void {
    this.#client.close();
  }

  #answer<Response>(
    ask: (metadata: Metadata, options: CallOptions, done: Done<Response>) => unknown,
  ): Promise<Response> {
    return new Promise((done, failed) => {
      ask(new Metadata(), { deadline: Date.now() + ANSWER_MS }, (error, response) =>
        error ? failed(errorOf(error, this.#address)) : done(response),
      );
    });
  }
}

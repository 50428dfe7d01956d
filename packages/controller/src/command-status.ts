// SPDX-License-Identifier: Apache-2.0

/** Ends the program with the status of what it ran for the user, without a word of its own. */
export class CommandStatus extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.name = "CommandStatus";
    this.status = status;
  }
}

// SPDX-License-Identifier: Apache-2.0
// What both sides of a gRPC connection hold to.
import type { ChannelOptions } from "@grpc/grpc-js";

export const MESSAGE_BYTES = 4 << 20;
/** So much of a reply goes into one message; a longer one goes in pieces. */
export const PIECE_OF_REPLY_BYTES = 1 << 20;
/** Of all pieces together: two outputs of a guest's command, at their largest. */
export const REPLY_BYTES = 40 << 20;

export const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.max_receive_message_length": MESSAGE_BYTES,
  "grpc.max_send_message_length": MESSAGE_BYTES,
  // A peer that is no more without having said so is known to be lost after both.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 10_000,
};

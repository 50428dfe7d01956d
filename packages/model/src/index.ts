// SPDX-License-Identifier: Apache-2.0
export { MESSAGE_MAX, TIME_NONE } from "./layout.js";
export { type JoinOptions, type Message, ModelComponent } from "./model-component.js";
export { ModelError } from "./model-error.js";

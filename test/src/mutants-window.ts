// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { tap } from "./mutants-which-test.js";

/** Bugs in the window engine, each of which the exhaustive exploration has to find. */
function windowMutant(name: string, find: string, replace: string): Mutant {
  return {
    name,
    promise: "the window logic is also compiled in user space and explored exhaustively",
    file: "kernel/core/window.c",
    find,
    replace,
    command: tap("test/dist/window.test.js", "window_explore", 120),
  };
}

export const windowMutants: readonly Mutant[] = [
  windowMutant(
    "a window opens while one component still runs",
    "if (window->paused || window->over || window->running)",
    "if (window->paused || window->over || window->running > 1)",
  ),
  windowMutant(
    "simulated time goes back to an early event",
    "\twindow->start_ns = start_ns;",
    "\twindow->start_ns = start_ns ? start_ns - 1 : 0;",
  ),
  windowMutant(
    "an event at the end belongs to the window",
    "window->waiting && window->heap[0]->due_ns < window->end_ns",
    "window->waiting && window->heap[0]->due_ns <= window->end_ns",
  ),
  windowMutant(
    "one that has left arrives",
    "\tif (member->state == LS_MEMBER_OUT)\n\t\treturn false;\n\tmember->clock_ns",
    "\tmember->clock_ns",
  ),
  windowMutant(
    "the last one missing leaves and no window opens",
    "\tmember->state = LS_MEMBER_OUT;\n\tls_window_try_open(window);",
    "\tmember->state = LS_MEMBER_OUT;",
  ),
  windowMutant(
    "a wake that all waited for is lost",
    "\t/* All may have been waiting for just this event. */\n\tls_window_try_open(window);",
    "",
  ),
  windowMutant(
    "nobody has an event and a window opens",
    "\tif (next_ns == LS_TIME_NONE && ",
    "\tif (0 && ",
  ),
  windowMutant(
    "a debt is forgotten",
    "return ls_later(member->clock_ns, ls_earlier(member->next_ns, member->message_ns));",
    "return ls_earlier(member->next_ns, member->message_ns);",
  ),
  windowMutant(
    "a death while awaited does not pause",
    "\tif (awaited && !window->shared)\n\t\twindow->paused = true;",
    "",
  ),
  windowMutant(
    "a shared window opens before the hosts have agreed",
    "\t\twindow->ops->through(window, next_ns);\n\t\treturn;\n",
    "\t\twindow->ops->through(window, next_ns);\n",
  ),
  windowMutant(
    "the hosts are not told again when there is something to do earlier",
    "\t/* All may have been waiting for just this event. */\n\tls_window_try_open(window);",
    "\tif (!window->shared)\n\t\tls_window_try_open(window);",
  ),
  windowMutant(
    "the heap is upside down",
    "if (window->heap[parent]->due_ns <= member->due_ns)",
    "if (window->heap[parent]->due_ns >= member->due_ns)",
  ),
];

// SPDX-License-Identifier: GPL-2.0-only

#include "link.h"
#include "session.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

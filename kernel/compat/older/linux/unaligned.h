/* SPDX-License-Identifier: GPL-2.0-only */
/* Found only where the kernel has none: before 6.12 it was this one. */
#include <asm/unaligned.h>

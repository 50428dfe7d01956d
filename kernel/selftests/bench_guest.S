/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest for bench_gate.c that only computes: QEMU boots it directly (PVH), and in the page behind
 * its code it counts rounds of work and tells what its time-stamp counter shows at the end of each.
 * It stays in 32-bit mode without paging, and takes no interrupt.
 */
#define PAGE 0x200000	/* struct bench_page */
#define APIC_BASE 0x1b
#define X2APIC 0x400
#define PIT_MODE 0x43
#define PIT_ONCE 0x30	/* counter 0, low byte and high byte, one interrupt */
#define PIT_COUNT 0x40
#define WORK 2000	/* loops a round: some microseconds */

	.section .note.Xen, "a", @note
	.long 4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start

	.text
	.globl start
start:
	cli
	/* As Linux would leave it: the gate does not attach a machine in xAPIC mode. */
	mov $APIC_BASE, %ecx
	rdmsr
	or $X2APIC, %eax
	wrmsr
	/* Nor does Linux let the timer tick on that the firmware had. */
	mov $PIT_ONCE, %al
	out %al, $PIT_MODE
	xor %eax, %eax
	out %al, $PIT_COUNT
	out %al, $PIT_COUNT
	mov $PAGE, %edi
	xor %ebx, %ebx
round:
	mov $WORK, %ecx
	mov $1, %eax
work:
	imul $1664525, %eax, %eax
	add $1013904223, %eax
	dec %ecx
	jnz work
	rdtsc
	mov %eax, 8(%edi)
	mov %edx, 12(%edi)
	inc %ebx
	mov %ebx, (%edi)
	jmp round

	.section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: Apache-2.0
/*
 * The smallest init there is: say that the kernel reached user space, then power off. It answers
 * "can this accelerator boot a stock kernel?" and is the yardstick that the lab's boot is measured by.
 */
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
	static const char reached[] = "lab: user space reached\n";

	if (write(STDOUT_FILENO, reached, sizeof(reached) - 1) < 0)
		return 1;
	reboot(RB_POWER_OFF);
	return 1;
}

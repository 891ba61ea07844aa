/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd: tell the service manager how we are (sd_notify(3)'s protocol, without its library).
 *
 * A no-op where NOTIFY_SOCKET isn't set.
 */
#ifndef PORT_SYSTEMD_SYSTEMD_H
#define PORT_SYSTEMD_SYSTEMD_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "STATUS=...", "WATCHDOG=1", "RELOADING=1\nMONOTONIC_USEC=...". */
void systemd_notify(const char *state);

/* How often "WATCHDOG=1" is expected, in milliseconds; 0: not at all. */
int64_t systemd_watchdog_ms(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smart: smartctl's reports of this machine's disks, in rounds.
 *
 *	WAITING ──interval──► SCANNING ──devices──► READING each ──► told ──► WAITING
 *
 * Without smartctl, or without disks, a round tells nothing, and the next one looks again.  A disk
 * that hangs smartctl holds its round up, so nothing is told any more: whoever keeps reports must
 * let them grow old.
 *
 * What smartctl writes with --json: https://www.smartmontools.org/wiki/smartctl_json (7.0 and newer).
 */
#ifndef PORT_SMART_SMART_H
#define PORT_SMART_SMART_H

#include "base/json.h"

#include <uv.h>

#define SMART_INTERVAL_MS 300000
#define SMART_PATIENCE_MS 60000 /* of one smartctl: a disk may have to spin up */

struct smart_report {
	char *device; /* "/dev/sda" */
	json_t *said; /* NULL: no answer, or not JSON */
};

struct smart_wish {
	uv_loop_t *loop;
	const char *program; /* "smartctl"; kept, not copied */
	uint64_t interval_ms, patience_ms;
	/* After each round; the reports live during the call. */
	void (*tell)(void *ctx, const struct smart_report *reports, uint32_t n);
	void *ctx;
};

struct smart;
/* The first round begins with the loop's next turn. */
struct smart *smart_new(const struct smart_wish *wish);
void smart_close(struct smart *s, void (*closed)(void *ctx), void *ctx);

/* smartctl's JSON: what stands before its first brace is dropped, as 7.2 writes some there. */
enum rc smart_json_read(json_t **ret, const char *text, size_t n, struct err *e) MUST_USE;

#endif

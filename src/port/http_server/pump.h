/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pump: a client for tests, on the loop of the server that it talks to.
 *
 * Waiting means running that loop, so that one thread plays both ends and a test can look into the
 * server between two bytes.  Nothing waits longer than PUMP_MS; a test that would fails.
 */
#ifndef PORT_HTTP_SERVER_PUMP_H
#define PORT_HTTP_SERVER_PUMP_H

#include "base/str.h"

#include <uv.h>

#define PUMP_MS 60000

struct pump {
	uv_loop_t *loop;
	int fd;
	struct str got; /* all that came and wasn't consumed yet */
	bool is_closed; /* by the server */
};

void pump_connect(struct pump *p, uv_loop_t *loop, const char *address);
/* From an IPv6 address of this machine. */
void pump_connect_from(struct pump *p, uv_loop_t *loop, const char *address, const char *own);
void pump_fini(struct pump *p);
SCOPED_FINI(pump_fini, struct pump)

void pump_send(struct pump *p, const char *text);
void pump_send_bytes(struct pump *p, const void *bytes, size_t n);
void pump_run(uv_loop_t *loop, int64_t ms); /* let time pass */
void pump_receive(struct pump *p);          /* what is there by now, without waiting */

/* False when the server closed first. */
bool pump_until(struct pump *p, const char *text);
bool pump_until_closed(struct pump *p, int64_t most_ms);

struct pump_answer {
	int status; /* 0: closed without an answer */
	struct str head, body;
};
void pump_answer_fini(struct pump_answer *a);
SCOPED_FINI(pump_answer_fini, struct pump_answer)

/* Read one answer that says how long it is. */
void pump_answer(struct pump *p, struct pump_answer *ret);
/* Value of a header, terminated in `buf`; NULL when absent. */
const char *pump_header(const struct pump_answer *a, const char *name, char *buf, size_t size);

#endif

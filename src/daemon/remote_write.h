/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_write: samples are sent to where the lab says: node/remote_sender on the loop, its work on
 * the pool, its requests through port/http.
 *
 * All calls from the loop's thread.
 */
#ifndef DAEMON_REMOTE_WRITE_H
#define DAEMON_REMOTE_WRITE_H

#include "base/str.h"
#include "core/lab/lab.h"
#include "core/metrics/store.h"

#include <uv.h>

struct remote_sending;

/* Nothing is sent yet.  `store` outlives it. */
struct remote_sending *remote_sending_new(uv_loop_t *loop, struct store *store);
/* Send what is declared from now on, to nobody else; what is declared as before goes on undisturbed.
 * `external` is needed during the call only.  RC_INPUT: it can't be read. */
enum rc remote_sending_declare(struct remote_sending *s, const struct lab_metrics *declared,
	const struct labels *external, struct err *e) MUST_USE;
/* Prometheus' prometheus_remote_storage_... of each place. */
void remote_sending_write_metrics(const struct remote_sending *s, struct str *out);
/* Requests under way are given up: they are sent again after the next start.  Frees itself, then calls
 * `closed` from the loop. */
void remote_sending_close(struct remote_sending *s, void (*closed)(void *ctx), void *ctx);
/* Instead, when the loop has ended with all its handles. */
void remote_sending_free(struct remote_sending *s); /* NULL is fine */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: carries a delivery to its channel, once, and says what became of it.
 *
 *	discord   POST URL?wait=true, PATCH URL/messages/ID       the answer holds the message's id
 *	webhook   POST URL, for edits too: receivers see versions of one incident
 *	smtp      one mail, an edit answers the first             core/alert/notice_mail.c
 *
 * Secrets are read when a delivery starts, and wiped when it is on its way; an exchanged webhook
 * needs no restart.  Errors and log lines name the channel, never its address.  Nothing is tried
 * twice here: when to try again is decided by core/alert.
 */
#ifndef PORT_NOTIFY_NOTIFY_H
#define PORT_NOTIFY_NOTIFY_H

#include "core/alert/alert.h"
#include "core/lab/lab.h"
#include "port/http/http.h"

/* All of it must be over before core/alert takes a delivery for unanswered. */
#define NOTIFY_TIMEOUT_MS         15000
#define NOTIFY_CONNECT_TIMEOUT_MS 8000
#define NOTIFY_ANSWER_BYTES_MAX   262144

/* As secret_resolve() of port/files. */
typedef enum rc notify_secret(const struct secret *s, struct str *ret, struct err *e);

/* `o` lives during the call only. */
typedef void notify_done(void *ctx, const struct delivery_outcome *o);

struct notify;

/* Both are borrowed until notify_close() has called back. */
struct notify *notify_new(uv_loop_t *loop, struct http_client *client, notify_secret *secret);
/* Forgets what is under way (their `done` isn't called); frees itself and calls `closed` (or NULL)
 * from the loop. */
void notify_close(struct notify *n, void (*closed)(void *ctx), void *ctx);

/* `done` is called exactly once, from the loop, never before this returns.  What `channel` and `d`
 * hold is copied. */
void notify_deliver(struct notify *n, const struct lab_channel *channel, const struct delivery *d,
	notify_done *done, void *ctx);

/* A channel is asked for an answer without effects: a Discord webhook by GET (docs: Webhook
 * Resource, Get Webhook with Token), another by OPTIONS (RFC 9110, 9.3.7).  Is this one that says
 * that it takes messages?  Of Discord: it knows us.  Of another receiver anything but an error of
 * the server, and 501, by which simple ones say that they don't know this method. */
bool notify_is_answer(enum channel_kind kind, const struct http_response *r);

#endif

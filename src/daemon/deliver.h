/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver: one delivery by a child process: `diarchy deliver`, hidden, for the watcher.
 *
 * The request goes to the child's standard input, the outcome comes from its standard output, both
 * one JSON object; the payload is in the request, secrets are read by the child and pass nowhere,
 * but for those that stand in an Alertmanager's file themselves (kind "inline", "value", and in
 * the text of its http_config).
 * The channel is in it as the watcher's lab.yaml in force declares it: the file may be broken by
 * now.
 *
 *	{"channel": {"name", "kind", "url_plain", "server", "user", "from", "to", "use_starttls",
 *		"url": {"kind", "name"}, "password": {"kind", "name"}}, "is_edit", "message", "payload",
 *		"http": {"text", "folder"}}
 *	-> {"is_delivered", "is_lost", "is_unanswered", "retry_after_ms", "message", "reason"}
 */
#ifndef DAEMON_DELIVER_H
#define DAEMON_DELIVER_H

#include "base/err.h"
#include "base/json.h"
#include "core/lab/lab.h"

#include <stdbool.h>
#include <uv.h>

#define DELIVER_TIMEOUT_MS 20000
#define DELIVER_BYTES_MAX  262144

struct deliver_request {
	struct lab_channel channel; /* where and how; nothing of what is told */
	bool is_edit;
	const char *message;                 /* id of the one to edit */
	const char *http_text, *http_folder; /* of channel.http; NULL: it has none */
	const char *payload;
};
struct deliver_outcome { /* texts live during the callback */
	bool is_delivered;
	bool is_lost;           /* the message to edit is gone */
	bool is_unanswered;     /* sent, but no answer in time: it may have arrived */
	int64_t retry_after_ms; /* -1: not given; a day at most */
	const char *message, *reason;
};
typedef void deliver_done(void *ctx, const struct deliver_outcome *o);

/* As text, both ways.  Texts of what was read live as long as *ret_holds.  RC_INPUT says why
 * not. */
void deliver_request_write(const struct deliver_request *r, struct str *out);
enum rc deliver_request_read(const char *text, size_t n, json_t **ret_holds,
	struct deliver_request *ret, struct err *e) MUST_USE;
void deliver_outcome_write(const struct deliver_outcome *o, struct str *out);
enum rc deliver_outcome_read(const char *text, size_t n, json_t **ret_holds,
	struct deliver_outcome *ret, struct err *e) MUST_USE;

/* In the watcher: `done` is called once, from the loop, whatever happens to the child. */
void deliver_by_child(uv_loop_t *loop, const struct deliver_request *r, deliver_done *done,
	void *ctx);

/* In the child: standard input to standard output. */
enum rc deliver_run(struct err *e) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* deliver: the child's side. */
#include "daemon/deliver.h"

#include "base/http_written.h"
#include "port/files/secret.h"
#include "port/notify/notify.h"
#include "port/yaml/yaml.h"

#include <unistd.h>

static enum rc read_all(int fd, struct str *out, struct err *e)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0) {
		str_addn(out, buf, (size_t)n);
		if (out->len > DELIVER_BYTES_MAX)
			return err_set(e, RC_LIMIT, "a request of more than %d bytes",
				DELIVER_BYTES_MAX);
	}
	return RC_OK;
}

static void print_outcome(void *ctx, const struct delivery_outcome *o)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	enum pace_verdict verdict = o->answer.verdict;
	const struct deliver_outcome outcome = {
		.is_delivered = verdict == PACE_DELIVERED,
		.is_lost = verdict == PACE_LOST,
		.is_unanswered = verdict == PACE_UNANSWERED,
		.retry_after_ms = verdict == PACE_LATER ? o->answer.retry_after_ms : -1,
		.message = o->message ? o->message : "",
		.reason = o->reason ? o->reason : "",
	};

	deliver_outcome_write(&outcome, &out);
	(void)!write(STDOUT_FILENO, str_c(&out), out.len);
	uv_stop(ctx);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

/* What request->http_text says; NULL: nothing. */
static enum rc read_settings(const struct deliver_request *request, struct arena *arena,
	const struct http_written **ret, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(doc_fini) struct doc doc = { 0 };
	struct http_written *written;
	struct str text = { 0 };
	enum rc rc;

	if (!request->http_text)
		return RC_OK;
	str_add(&text, request->http_text);
	rc = yaml_parse(&doc, "http_config", &text, &findings, e);
	secret_wipe(&text);
	written = arena_alloc(arena, sizeof *written);
	if (rc == RC_OK && !written)
		rc = err_set(e, RC_LIMIT, "http_config: too large");
	if (rc == RC_OK)
		rc = http_written_read(written, doc.root, request->http_folder, arena, e);
	if (rc == RC_OK)
		*ret = written;
	return rc;
}

static void carry(const struct deliver_request *request)
{
	struct delivery d = { .number = 1,
		.is_edit = request->is_edit,
		.payload = (char *)(uintptr_t)request->payload };
	struct http_client *http;
	struct notify *notify;
	uv_loop_t loop;

	str_copy(d.message, sizeof d.message, request->message);
	uv_loop_init(&loop);
	http = http_client_new(&loop);
	notify = notify_new(&loop, http, secret_resolve);
	notify_deliver(notify, &request->channel, &d, print_outcome, &loop);
	/* Until the outcome; the parent ends us when that takes too long. */
	uv_run(&loop, UV_RUN_DEFAULT);
	notify_close(notify, NULL, NULL);
	http_client_close(http, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_walk(&loop, close_handle, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

enum rc deliver_run(struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(json_decref) json_t *holds = NULL;
	scoped(arena_fini) struct arena arena;
	struct deliver_request request;
	enum rc rc = read_all(STDIN_FILENO, &text, e);

	if (rc == RC_OK)
		rc = deliver_request_read(str_c(&text), text.len, &holds, &request, e);
	arena_init(&arena, DELIVER_BYTES_MAX);
	if (rc == RC_OK)
		rc = read_settings(&request, &arena, &request.channel.http, e);
	if (rc == RC_OK)
		carry(&request);
	return rc;
}

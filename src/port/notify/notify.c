/* SPDX-License-Identifier: Apache-2.0 */
#include "port/notify/notify.h"

#include "base/log.h"
#include "port/notify/order.h"

#include <stdio.h>

static const struct order_kind *const kinds[] = {
	[CHANNEL_DISCORD] = &order_discord,
	[CHANNEL_WEBHOOK] = &order_webhook,
	[CHANNEL_SMTP] = &order_mail,
};

/* A delivery under way. */
struct job {
	struct notify *notify;
	struct job *next, **link; /* in notify->jobs */
	char *channel;            /* its name */
	const struct order_kind *kind;
	uint64_t number;
	bool is_edit;
	char incident[INCIDENT_ID_MAX];
	uint32_t version;
	notify_done *done;
	void *ctx;
	struct request_files files; /* of the channel's settings */
	struct http_call *call;     /* NULL: it never started, and `result` says why */
	struct order_result result;
};

struct notify {
	struct http_client *client;
	notify_secret *secret;
	struct job *jobs;
	uv_timer_t soon; /* reports what never started, after notify_deliver() has returned */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

struct notify *notify_new(uv_loop_t *loop, struct http_client *client, notify_secret *secret)
{
	struct notify *n = must_alloc(sizeof *n);

	n->client = client;
	n->secret = secret;
	must(uv_timer_init(loop, &n->soon) == 0);
	n->soon.data = n;
	return n;
}

static void free_job(struct job *j)
{
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
	request_files_fini(&j->files);
	free(j->channel);
	free(j);
}

static void on_closed(uv_handle_t *handle)
{
	struct notify *n = handle->data;

	if (n->closed)
		n->closed(n->closed_ctx);
	free(n);
}

void notify_close(struct notify *n, void (*closed)(void *ctx), void *ctx)
{
	n->closed = closed;
	n->closed_ctx = ctx;
	while (n->jobs) {
		http_cancel(n->jobs->call);
		free_job(n->jobs);
	}
	uv_close((uv_handle_t *)&n->soon, on_closed);
}

static const char *const verdict_names[] = {
	[PACE_DELIVERED] = "delivered",
	[PACE_LATER] = "asked to wait",
	[PACE_FAILED] = "not delivered",
	[PACE_UNANSWERED] = "sent, but nobody answered",
	[PACE_REJECTED] = "refused for good",
	[PACE_GONE] = "the channel is gone",
	[PACE_LOST] = "the message was deleted",
};

static void log_result(const struct job *j)
{
	bool is_fine = j->result.answer.verdict <= PACE_LATER;

	log_line(is_fine ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "notify: %s: %s version %u: %s%s%s",
		j->channel, j->incident, j->version, verdict_names[j->result.answer.verdict],
		*j->result.reason ? ": " : "", j->result.reason);
}

bool notify_is_answer(enum channel_kind kind, const struct http_response *r)
{
	bool is_known = r->status / 100 == 2 || r->status == 429;
	bool is_webhook = kind == CHANNEL_WEBHOOK && (r->status < 500 || r->status == 501);

	return r->outcome == HTTP_ANSWERED && (is_known || is_webhook);
}

/* The job is gone before its owner hears of it, who may well start the next. */
static void finish(struct job *j)
{
	const struct order_result result = j->result;
	struct delivery_outcome o = {
		.number = j->number,
		.answer = result.answer,
		.message = *result.message ? result.message : NULL,
		.reason = *result.reason ? result.reason : NULL,
	};
	notify_done *done = j->done;
	void *ctx = j->ctx;

	log_result(j);
	free_job(j);
	done(ctx, &o);
}

static void on_soon(uv_timer_t *timer)
{
	struct notify *n = timer->data;
	struct job *j = n->jobs;

	while (j && j->call)
		j = j->next;
	if (!j)
		return;
	uv_timer_start(&n->soon, on_soon, 0, 0); /* for others like it; done() may close us */
	finish(j);
}

static struct order_result failed_with(enum pace_verdict verdict, const char *reason)
{
	struct order_result result = { .answer = { verdict, -1, false, -1, -1 } };

	str_copy(result.reason, sizeof result.reason, reason);
	return result;
}

/* What became of a request that nobody answered. */
static const struct {
	enum http_outcome outcome;
	enum pace_verdict verdict;
} unanswered[] = {
	{ HTTP_NO_NAME, PACE_FAILED },
	{ HTTP_NO_CONNECTION, PACE_FAILED },
	{ HTTP_NO_TLS, PACE_FAILED },
	{ HTTP_UNANSWERED, PACE_UNANSWERED },
	{ HTTP_UNUSABLE, PACE_GONE },
};

static void on_answer(void *ctx, const struct http_response *r)
{
	struct job *j = ctx;

	for (size_t i = 0; i < COUNT(unanswered); i++)
		if (unanswered[i].outcome == r->outcome)
			j->result = failed_with(unanswered[i].verdict, r->reason);
	if (r->outcome == HTTP_ANSWERED || r->outcome == HTTP_TOO_LARGE)
		j->kind->judge(r, j->is_edit, &j->result); /* a long answer is one, too */
	if (j->result.answer.verdict == PACE_DELIVERED && !j->kind->has_ids)
		str_copy(j->result.message, sizeof j->result.message, j->incident);
	finish(j);
}

static struct job *add_job(struct notify *n, const struct lab_channel *channel,
	const struct delivery *d)
{
	struct job *j = must_alloc(sizeof *j);

	j->notify = n;
	request_files_init(&j->files);
	j->channel = must_strdup(channel->name);
	j->kind = kinds[channel->kind];
	j->number = d->number;
	j->is_edit = d->is_edit;
	j->version = d->version;
	str_copy(j->incident, sizeof j->incident, d->incident);
	j->next = n->jobs;
	j->link = &n->jobs;
	if (j->next)
		j->next->link = &j->next;
	n->jobs = j;
	return j;
}

static enum rc begin(struct job *j, const struct lab_channel *channel, const struct delivery *d,
	struct err *e)
{
	scoped(order_fini) struct order o = {
		.channel = channel,
		.delivery = d,
		.secret = j->notify->secret,
	};
	enum rc rc = j->kind->prepare(&o, e);

	if (rc == RC_OK)
		rc = settings_apply(&o.settings, channel, &j->files, &o.request, e);
	if (rc != RC_OK)
		return rc;
	o.request.url = str_c(&o.url);
	o.request.body = d->payload ? d->payload : "";
	o.request.body_bytes = strlen(o.request.body);
	o.request.timeout_ms = NOTIFY_TIMEOUT_MS;
	o.request.connect_timeout_ms = NOTIFY_CONNECT_TIMEOUT_MS;
	o.request.answer_bytes_max = NOTIFY_ANSWER_BYTES_MAX;
	o.request.done = on_answer;
	o.request.ctx = j;
	return http_start(j->notify->client, &o.request, &j->call, e);
}

/* Without a usable address or secret the channel is as good as gone, until somebody mends it; a
 * message whose id is no id is as good as deleted. */
void notify_deliver(struct notify *n, const struct lab_channel *channel, const struct delivery *d,
	notify_done *done, void *ctx)
{
	struct job *j = add_job(n, channel, d);
	struct err e = { 0 };
	enum rc rc;

	j->done = done;
	j->ctx = ctx;
	rc = begin(j, channel, d, &e);
	if (rc == RC_OK)
		return;
	j->call = NULL;
	j->result = failed_with(rc == RC_CONFLICT ? PACE_LOST : PACE_GONE, e.text);
	uv_timer_start(&n->soon, on_soon, 0, 0);
}

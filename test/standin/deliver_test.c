/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices, pace and port/notify against the stand-in for Discord, which has its own reading of
 * Discord's documentation: every message must be taken as it is, arrive once, and be edited in
 * place, while a third of the requests is told to wait.
 *
 * usage: deliver_test NODE discord.mjs
 */
#include "core/alert/alert_fixture.h"
#include "port/notify/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define MESSAGES 20

static char *node, *script;

/* The stand-in as a child, the client, and what is to be told. */
struct telling {
	uv_loop_t loop;
	uv_process_t child;
	uv_timer_t timer;
	struct http_client *client;
	struct notify *notify;
	struct pace pace;
	struct lab_channel channel;
	char url[128], port_file[64];
	struct incident *incidents[MESSAGES];
	char messages[MESSAGES][MESSAGE_ID_MAX];
	uint32_t next; /* which delivery is next: first all new messages, then an edit of each */
	uint32_t requests;
	json_t *history;
};

static enum rc tell_secret(const struct secret *s, struct str *ret, struct err *e)
{
	(void)e;
	str_add(ret, s->name);
	return RC_OK;
}

static struct now now_of(const struct telling *t)
{
	return (struct now){ { (int64_t)uv_now(&t->loop) }, { FIXTURE_SINCE_MS } };
}

static void spawn(struct telling *t)
{
	char *args[] = { node, script, (char[]){ "--port-file" }, t->port_file, NULL };
	uv_process_options_t o = { .file = node, .args = args };
	FILE *f = NULL;
	unsigned port = 0;

	snprintf(t->port_file, sizeof t->port_file, "/tmp/standin-%d.port", getpid());
	assert_int_equal(uv_spawn(&t->loop, &t->child, &o), 0);
	for (int i = 0; i < 400 && !f; i++) {
		usleep(25000);
		f = fopen(t->port_file, "r");
	}
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &port), 1);
	fclose(f);
	unlink(t->port_file);
	snprintf(t->url, sizeof t->url,
		"http://127.0.0.1:%u/api/webhooks/1420070400000000003/token", port);
}

static void step(struct telling *t);

static void on_timer(uv_timer_t *timer)
{
	step(timer->data);
}

static void on_delivered(void *ctx, const struct delivery_outcome *o)
{
	struct telling *t = ctx;

	pace_answered(&t->pace, now_of(t).mono, &o->answer);
	if (o->answer.verdict == PACE_DELIVERED) {
		assert_non_null(o->message);
		str_copy(t->messages[t->next % MESSAGES], MESSAGE_ID_MAX, o->message);
		t->next++;
	} else if (o->answer.verdict != PACE_LATER) {
		fail_msg("%s", o->reason);
	}
	step(t);
}

static void deliver_next(struct telling *t)
{
	struct incident *in = t->incidents[t->next % MESSAGES];
	struct notice_context c = { .lab = "home", .from = "mumbai", .now = now_of(t).wall };
	scoped(str_fini) struct str payload = STR_EMPTY;
	struct delivery d = { .number = t->requests++, .is_edit = t->next >= MESSAGES };

	if (d.is_edit) {
		in->state = INCIDENT_RECOVERING;
		in->recovered.ms = in->since.ms + MINUTE_MS;
	}
	c.is_first = !d.is_edit;
	notice_discord(in, &c, &payload);
	str_copy(d.incident, sizeof d.incident, in->id);
	str_copy(d.message, sizeof d.message, t->messages[t->next % MESSAGES]);
	d.payload = payload.s;
	notify_deliver(t->notify, &t->channel, &d, on_delivered, t);
}

static void on_notify_closed(void *ctx)
{
	struct telling *t = ctx;

	http_client_close(t->client, NULL, NULL);
}

static void on_history(void *ctx, const struct http_response *r)
{
	struct telling *t = ctx;

	assert_int_equal(r->status, 200);
	assert_int_equal(json_read(&t->history, r->body, r->body_bytes, NULL), RC_OK);
	uv_process_kill(&t->child, SIGTERM);
	uv_close((uv_handle_t *)&t->child, NULL);
	uv_close((uv_handle_t *)&t->timer, NULL);
	notify_close(t->notify, on_notify_closed, t);
}

/* Our own requests to the stand-in go to its root. */
static void ask(struct telling *t, const char *path, const char *body, http_done *done)
{
	struct http_request r = { .body = body, .body_bytes = body ? strlen(body) : 0 };
	struct http_call *call;
	char url[160];

	snprintf(url, sizeof url, "%.*s%s", (int)(strstr(t->url, "/api") - t->url), t->url, path);
	r.url = url;
	r.done = done;
	r.ctx = t;
	assert_int_equal(http_start(t->client, &r, &call, NULL), RC_OK);
}

static void step(struct telling *t)
{
	int64_t wait_ms = pace_next(&t->pace).ms - now_of(t).mono.ms;

	if (t->next == 2 * MESSAGES)
		ask(t, "/standin/messages", NULL, on_history);
	else if (wait_ms > 0)
		uv_timer_start(&t->timer, on_timer, (uint64_t)wait_ms, 0);
	else
		deliver_next(t);
}

static void on_mode(void *ctx, const struct http_response *r)
{
	assert_int_equal(r->status, 200);
	step(ctx);
}

/* Hostile ones too: what we make of them must still be taken. */
static void make_incidents(struct telling *t)
{
	struct rng r;

	rng_seed(&r, 99);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		struct incident *in = i % 2 ? fixture_incident() : fixture_hostile_incident(&r);

		in->state = INCIDENT_OPEN;
		in->since.ms = FIXTURE_SINCE_MS;
		snprintf(in->id, sizeof in->id, "mumbai-t%u", i);
		t->incidents[i] = in;
	}
}

static int64_t counted(const struct telling *t, const char *name)
{
	return json_get_int(json_object_get(t->history, "counts"), name, -1);
}

static void each_message_arrives_once_and_is_edited_in_place(void **state)
{
	struct telling t = { 0 };
	const json_t *messages;

	(void)state;
	assert_int_equal(uv_loop_init(&t.loop), 0);
	uv_timer_init(&t.loop, &t.timer);
	t.timer.data = &t;
	spawn(&t);
	t.client = http_client_new(&t.loop);
	t.notify = notify_new(&t.loop, t.client, tell_secret);
	t.channel = (struct lab_channel){ .name = "discord", .url = { SECRET_CREDENTIAL, t.url } };
	pace_init(&t.pace, 1);
	make_incidents(&t);
	ask(&t, "/standin/mode", "{\"mode\":\"429\",\"every\":3,\"retry_after\":0.4}", on_mode);
	uv_run(&t.loop, UV_RUN_DEFAULT);

	messages = json_object_get(t.history, "messages");
	assert_int_equal(json_array_size(messages), MESSAGES);
	assert_int_equal(json_array_size(json_object_get(t.history, "duplicates")), 0);
	for (size_t i = 0; i < MESSAGES; i++)
		assert_int_equal(json_get_int(json_array_get(messages, i), "edits", -1), 1);
	assert_true(counted(&t, "disturbed") >= MESSAGES / 2);
	assert_int_equal(counted(&t, "limited"), counted(&t, "disturbed")); /* no limit overrun */
	assert_int_equal(counted(&t, "refused"), 0);
	for (uint32_t i = 0; i < MESSAGES; i++)
		incident_free(t.incidents[i]);
	json_decref(t.history);
	assert_int_equal(uv_loop_close(&t.loop), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_arrives_once_and_is_edited_in_place),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: %s NODE discord.mjs\n", argv[0]);
		return 2;
	}
	node = argv[1];
	script = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How: verify beacons, feed core/watcher, carry out what it asks for, save before anything
 * leaves. */
#include "daemon/watch_private.h"

#include "base/http_written.h"
#include "daemon/deliver.h"
#include "port/files/files.h"
#include "port/keys/keys.h"
#include "port/systemd/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#define BEACON_BUDGET (4u * WATCH_BODY_BYTES_MAX)
#define STATE_MAX     65536

/* ---- state on disk */

static void save(struct watch *w)
{
	scoped(str_fini) struct str text = STR_EMPTY, path = STR_EMPTY;
	struct err e = { 0 };

	watcher_save(w->watcher, &text);
	str_addf(&path, "%s/watcher.json", w->state_dir);
	if (file_replace(str_c(&path), &text, &e) != RC_OK)
		log_error("%s", e.text);
}

static void load(struct watch *w)
{
	scoped(str_fini) struct str text = STR_EMPTY, path = STR_EMPTY;
	struct err e = { 0 };
	enum rc rc;

	str_addf(&path, "%s/watcher.json", w->state_dir);
	rc = file_read(str_c(&path), STATE_MAX, &text, &e);
	if (rc == RC_NOT_FOUND)
		return;
	if (rc == RC_OK)
		rc = watcher_load(w->watcher, daemon_now(), str_c(&text), text.len, &e);
	if (rc != RC_OK)
		log_error("%s: %s; beginning anew", str_c(&path), e.text);
}

/* ---- the end */

static void leave(struct watch *w)
{
	save(w);
	w->is_over = true;
	uv_stop(&w->loop);
}

static void leave_if_done(struct watch *w)
{
	if (w->is_deaf && w->n_sent == 0)
		leave(w);
}

static void deaf(void *ctx)
{
	struct watch *w = ctx;

	w->is_deaf = true;
	leave_if_done(w);
}

static void waited(uv_timer_t *t)
{
	leave(t->data);
}

/* What is cut off on its way would be told again: its answer is waited for. */
static void stop(struct watch *w, const char *why)
{
	if (w->is_over)
		return;
	uv_timer_start(&w->leaving, waited, w->is_stopping ? 0 : DAEMON_ANSWER_MS, 0);
	if (w->is_stopping)
		return; /* asked twice: at once */
	w->is_stopping = true;
	log_info("stopping: %s", why);
	systemd_notify("STOPPING=1");
	save(w);
	uv_timer_stop(&w->tick);
	if (w->n_sent)
		log_info("waiting for the answer to a message, %d s at most",
			DAEMON_ANSWER_MS / 1000);
	http_server_stop(w->server, deaf, w);
}

/* ---- effects */

struct sent {
	struct watch *w;
	uint64_t number;
};

static void delivered(void *ctx, const struct deliver_outcome *o)
{
	struct sent *sent = ctx;
	struct watch *w = sent->w;
	struct watcher_outcome outcome = { .number = sent->number,
		.is_delivered = o->is_delivered,
		.is_lost = o->is_lost,
		.is_unanswered = o->is_unanswered,
		.retry_after_ms = o->retry_after_ms,
		.message = o->message,
		.reason = o->reason };

	free(sent);
	w->n_sent--;
	if (w->is_over)
		return;
	if (!o->is_delivered)
		log_warning("a message was not delivered: %s", o->reason);
	watcher_delivered(w->watcher, daemon_now(), &outcome);
	if (w->is_stopping)
		leave_if_done(w);
	else
		watch_drain(w);
}

static const struct lab_channel *find_channel(const struct watch *w, const char *name)
{
	for (uint16_t i = 0; i < w->lab->notify.n_channels; i++)
		if (str_eq(w->lab->notify.channels[i].name, name))
			return &w->lab->notify.channels[i];
	return NULL;
}

static void deliver(struct watch *w, const struct watcher_effect *fx)
{
	const struct lab_channel *channel = find_channel(w, fx->channel);
	struct deliver_request r = { .is_edit = fx->is_edit,
		.message = fx->message,
		.payload = str_c(&fx->payload) };
	struct sent *sent = must_alloc(sizeof *sent);

	must(channel); /* the machine names those of its configuration, which is that of w->lab */
	r.channel = *channel;
	r.http_text = channel->http ? channel->http->text : NULL;
	r.http_folder = channel->http ? channel->http->folder : "";
	*sent = (struct sent){ w, fx->number };
	w->n_sent++;
	deliver_by_child(&w->loop, &r, delivered, sent);
}

static void tick(uv_timer_t *t)
{
	struct watch *w = t->data;

	watcher_tick(w->watcher, daemon_now());
	watch_drain(w);
}

void watch_drain(struct watch *w)
{
	struct watcher_effect fx;
	int64_t wait_ms;

	while (watcher_next(w->watcher, &fx)) {
		if (fx.kind == WATCHER_DO_SAVE)
			save(w);
		else if (fx.kind == WATCHER_DO_DELIVER)
			deliver(w, &fx);
		else
			log_info("%s", fx.text);
		str_fini(&fx.payload);
	}
	wait_ms = watcher_wake(w->watcher).ms - daemon_now().mono.ms;
	uv_update_time(&w->loop);
	uv_timer_start(&w->tick, tick, wait_ms > 0 ? (uint64_t)wait_ms : 1, 0);
}

/* ---- requests */

static enum rc verify(struct watch *w, const struct http_ask *ask, const struct beacon *b,
	struct err *e)
{
	const char *text = http_ask_header(ask, BEACON_SIGNATURE);
	uint8_t signature[SIGNATURE_BYTES];
	uint8_t site = lab_site_index(w->lab, b->site);

	if (site == NO_SITE)
		return err_set(e, RC_REFUSED, "no site '%s' in the watcher's lab.yaml", b->site);
	if (!text || base64_decode(text, signature, sizeof signature) != SIGNATURE_BYTES)
		return err_set(e, RC_AUTH, "the beacon carries no signature");
	if (!key_verify(&w->lab->sites[site].key, ask->body, ask->body_bytes, signature))
		return err_set(e, RC_AUTH, "the beacon is not signed with the key of site '%s'",
			b->site);
	return RC_OK;
}

static void answer(struct watch *w, struct http_exchange *x, const struct beacon_answer *a)
{
	struct http_reply r = { .status = 200, .type = "application/json" };
	uint8_t signature[SIGNATURE_BYTES];
	char text[2 * SIGNATURE_BYTES];
	struct http_header header = { BEACON_SIGNATURE, text };

	beacon_answer_write(a, &r.body);
	key_sign(&w->key, str_c(&r.body), r.body.len, signature);
	base64_encode(signature, sizeof signature, text);
	r.headers = &header;
	r.n_headers = 1;
	http_reply(x, &r);
}

static void take_beacon(struct watch *w, struct http_exchange *x, const struct http_ask *ask)
{
	struct beacon b;
	struct beacon_answer a;
	struct err e = { 0 };
	enum rc rc;

	arena_reset(&w->arena);
	rc = beacon_read(ask->body, ask->body_bytes, &w->arena, &b, &e);
	if (rc == RC_OK)
		rc = verify(w, ask, &b, &e);
	if (rc == RC_OK)
		rc = watcher_beacon(w->watcher, daemon_now(), &b, &a, &e);
	if (rc != RC_OK) {
		daemon_log_refusal(&w->refusals, "a beacon", ask->address, e.text);
		http_reply_error(x, rc, e.text, NULL, 0);
		return;
	}
	answer(w, x, &a);
	watch_drain(w);
}

static void show(struct watch *w, struct http_exchange *x)
{
	struct http_reply r = { .status = 200, .type = "text/plain; charset=utf-8" };

	watcher_describe(w->watcher, daemon_now(), &r.body);
	http_reply(x, &r);
}

static void begin(void *ctx, struct http_exchange *x, const struct http_ask *ask)
{
	(void)ctx;
	if (str_eq(ask->method, "POST"))
		http_take_body(x, WATCH_BODY_BYTES_MAX, WATCH_BODY_BYTES_MAX);
}

static void handle(void *ctx, struct http_exchange *x, const struct http_ask *ask)
{
	struct watch *w = ctx;
	struct http_reply ok = { .status = 200,
		.type = "text/plain",
		.bytes = "ok\n",
		.n_bytes = 3 };

	if (str_eq(ask->method, "POST") && str_eq(ask->target, "/beacon"))
		take_beacon(w, x, ask);
	else if (str_eq(ask->method, "GET") && str_eq(ask->target, "/healthz"))
		http_reply(x, &ok);
	else if (str_eq(ask->method, "GET") && str_eq(ask->target, "/"))
		show(w, x);
	else
		http_reply_error(x, RC_NOT_FOUND,
			"this is a watcher: POST /beacon, GET / or /healthz", NULL, 0);
}

/* ---- life */

static enum rc open_all(struct watch *w, struct err *e)
{
	struct http_server_setup server = { .loop = &w->loop,
		.begin = begin,
		.handle = handle,
		.ctx = w };
	enum rc rc = daemon_key(w->options.key_path, &w->key, e);

	if (rc == RC_OK)
		rc = watch_lab_first(w, e);
	if (rc == RC_OK)
		rc = daemon_state_dir(w->options.state_dir, &w->state_dir, e);
	if (rc != RC_OK)
		return rc;
	w->watcher = watcher_new(&w->config, daemon_now());
	load(w);
	server.listen = w->options.listen ? w->options.listen : w->self->listen;
	server.cert_file = w->self->cert_file;
	server.key_file = w->self->key_file;
	return http_server_start(&w->server, &server, e);
}

static void signalled(uv_signal_t *h, int number)
{
	struct watch *w = h->data;

	if (number != SIGHUP) {
		stop(w, number == SIGINT ? "interrupted" : "asked to");
		return;
	}
	log_info("asked to reload %s", w->options.lab_path);
	watch_lab_reload(w);
}

static void pat_watchdog(uv_timer_t *t)
{
	(void)t;
	systemd_notify("WATCHDOG=1");
}

static void start(struct watch *w)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	int64_t watchdog_ms = systemd_watchdog_ms();

	for (size_t i = 0; i < COUNT(numbers); i++) {
		uv_signal_init(&w->loop, &w->signals[i]);
		w->signals[i].data = w;
		uv_signal_start(&w->signals[i], signalled, numbers[i]);
	}
	uv_timer_init(&w->loop, &w->tick);
	uv_timer_init(&w->loop, &w->watchdog);
	uv_timer_init(&w->loop, &w->leaving);
	w->tick.data = w->leaving.data = w;
	if (watchdog_ms > 0)
		uv_timer_start(&w->watchdog, pat_watchdog, 0, (uint64_t)watchdog_ms / 2);
	log_info("watcher %s of lab %s on %s", w->self->name, w->lab->name,
		http_server_address(w->server));
	systemd_notify("READY=1");
	watch_lab_notice(w);
	malloc_trim(0); /* what reading lab.yaml took */
	watch_drain(w);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

enum rc watch_run(const struct watch_options *options, struct err *e)
{
	scoped(zones_free) struct zones *zones = zones_new();
	struct watch w = { .options = *options, .zones = zones };
	enum rc rc;

	log_init(options->least);
	daemon_ignore_signals();
	uv_loop_init(&w.loop);
	arena_init(&w.arena, BEACON_BUDGET);
	rc = open_all(&w, e);
	if (rc == RC_OK) {
		start(&w);
		uv_run(&w.loop, UV_RUN_DEFAULT);
	}
	w.is_stopping = w.is_over = true;
	uv_walk(&w.loop, close_handle, NULL);
	while (uv_run(&w.loop, UV_RUN_ONCE))
		;
	uv_loop_close(&w.loop);
	watcher_free(w.watcher);
	arena_fini(&w.arena);
	keys_wipe(&w.key);
	lab_free(w.lab);
	return rc;
}

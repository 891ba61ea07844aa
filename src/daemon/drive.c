/* SPDX-License-Identifier: Apache-2.0 */
/* drive: between the machine and the ports; decides nothing. */
#include "daemon/serve_private.h"

#include "port/files/secret.h"
#include "port/notify/settings.h"

#define TEST_TIMEOUT_MS 8000

enum rc drive_secret(void *ctx, const struct secret *secret, struct str *ret, struct err *e)
{
	(void)ctx;
	return secret_resolve(secret, ret, e);
}

/* ---- probes */

static void probed(void *ctx, const struct probe_result *r)
{
	struct running *p = ctx;
	struct serve *s = p->s;
	struct observation o = { .is_ok = r->is_ok,
		.reason = r->reason,
		.took_us = r->duration_us };

	p->probe = NULL;
	if (p->has_last)
		probe_result_fini(&p->last);
	probe_result_copy(&p->last, r);
	p->has_last = true;
	site_probed(s->site, daemon_now(), p->check, &o);
	drive_drain(s);
}

static void start_probe(struct serve *s, uint16_t check)
{
	struct running *p = &s->running[check];

	if (!p->probe && s->lab->checks[check].probe)
		p->probe = probe_start(s->prober, s->lab->checks[check].probe, probed, p);
}

void drive_drop_probes(struct serve *s)
{
	for (uint16_t i = 0; i < s->n_running; i++) {
		if (s->running[i].probe)
			probe_cancel(s->running[i].probe);
		if (s->running[i].has_last)
			probe_result_fini(&s->running[i].last);
	}
	free(s->running);
	s->running = NULL;
	s->n_running = 0;
}

void drive_load_probes(struct serve *s)
{
	drive_drop_probes(s);
	s->n_running = s->lab ? s->lab->n_checks : 0;
	s->running = must_alloc((s->n_running + 1u) * sizeof *s->running);
	for (uint16_t i = 0; i < s->n_running; i++)
		s->running[i] = (struct running){ .s = s, .check = i };
}

static void add_label(struct str *out, const char *name, const char *value)
{
	str_addf(out, "%s%s=\"", out->len ? "," : "", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			str_addc(out, '\\');
		str_addc(out, *value == '\n' ? ' ' : *value);
	}
	str_addc(out, '"');
}

void drive_write_metrics(void *ctx, struct str *out)
{
	struct serve *s = ctx;
	struct probe_metrics_row *rows = must_alloc((s->n_running + 1u) * sizeof *rows);
	size_t n = 0;

	for (uint16_t i = 0; i < s->n_running; i++) {
		const struct lab_check *c = &s->lab->checks[i];
		struct str labels = STR_EMPTY;

		if (!s->running[i].has_last)
			continue;
		add_label(&labels, "check", c->name);
		if (c->host != NO_HOST)
			add_label(&labels, "host", s->lab->hosts[c->host].name);
		add_label(&labels, "site", s->lab->sites[s->self].name);
		rows[n++] = (struct probe_metrics_row){ str_take(&labels), &s->running[i].last };
	}
	probe_metrics_write(rows, n, out);
	for (size_t i = 0; i < n; i++)
		free((char *)rows[i].labels);
	free(rows);
	if (s->metrics)
		metrics_write_metrics(s->metrics, out);
	copies_write_metrics(s, out);
}

/* ---- links */

struct link_port_lab drive_link_lab(const struct serve *s, struct link_port_site sites[SITES_MAX])
{
	for (uint8_t i = 0; i < s->lab->n_sites; i++) {
		const struct lab_site *site = &s->lab->sites[i];
		bool is_elsewhere = i == s->self && site->listen; /* our own is where we listen */

		sites[i] = (struct link_port_site){ site->name,
			is_elsewhere ? site->listen : site->address, site->key };
	}
	return (struct link_port_lab){ sites, s->lab->n_sites, s->self };
}

static void connected(void *ctx, uint8_t peer, uint64_t connection, bool is_dialled)
{
	struct serve *s = ctx;

	site_connected(s->site, daemon_now(), peer, connection, is_dialled);
	drive_drain(s);
}

static void closed(void *ctx, uint8_t peer, uint64_t connection, const char *why)
{
	struct serve *s = ctx;

	log_debug("%s: %s", s->lab->sites[peer].name, why);
	site_closed(s->site, daemon_now(), peer, connection, why);
	drive_drain(s);
}

static void received(void *ctx, uint8_t peer, uint64_t connection, const struct link_msg *msg)
{
	struct serve *s = ctx;

	site_received(s->site, daemon_now(), peer, connection, msg);
	drive_drain(s);
	if (msg->kind == LINK_ASKING)
		questions_received(s, peer, connection, msg);
}

static void refused(void *ctx, const char *from, const char *why)
{
	struct serve *s = ctx;

	daemon_log_refusal(&s->refusals, "a caller", from, why);
}

/* ---- deliveries */

static void delivered(void *ctx, const struct delivery_outcome *o)
{
	struct serve *s = ctx;
	bool is_ok = o->answer.verdict == PACE_DELIVERED;

	if (!is_ok && o->answer.verdict != PACE_LATER)
		log_warning("a notification was not delivered: %s",
			o->reason ? o->reason : "unknown");
	if (s->api)
		api_count(s->api, is_ok ? API_DELIVERIES : API_DELIVERIES_FAILED);
	site_delivered(s->site, daemon_now(), o);
	drive_drain(s);
}

/* ---- tests of channels: does it answer, does it know us?
 *
 *	discord   GET of the webhook, notify_is_answer()
 *	webhook   OPTIONS, the same
 *	smtp      its greeting (RFC 5321, 3.1), and no more
 *
 * None of them has effects at the receiver.
 */

struct channel_test {
	struct serve *s;
	uint8_t channel;
	enum channel_kind kind;
	struct request_files files;
	struct probe_spec spec; /* smtp */
	struct dialogue_step greeting;
};

static void end_test(struct channel_test *t, bool is_ok)
{
	struct serve *s = t->s;
	uint8_t channel = t->channel;

	pattern_free(t->greeting.expect);
	request_files_fini(&t->files);
	free(t);
	site_tested(s->site, daemon_now(), channel, is_ok);
	drive_drain(s);
}

static void test_answered(void *ctx, const struct http_response *r)
{
	struct channel_test *t = ctx;

	end_test(t, notify_is_answer(t->kind, r));
}

static void test_connected(void *ctx, const struct probe_result *r)
{
	end_test(ctx, r->is_ok);
}

static enum rc greet(struct channel_test *t, const struct lab_channel *c, struct err *e)
{
	const char *port = strrchr(c->server, ':');
	enum rc rc = pattern_compile(&t->greeting.expect, "^220[ -]", PATTERN_SEARCH, e);

	if (rc != RC_OK)
		return rc;
	t->greeting.expect_text = "220";
	t->spec = (struct probe_spec){ .kind = PROBE_TCP,
		.timeout_ms = TEST_TIMEOUT_MS,
		.tcp = { .address = c->server,
			.use_tls = port && str_eq(port, ":465") && !c->use_starttls,
			.steps = &t->greeting,
			.n_steps = 1 } };
	probe_start(t->s->prober, &t->spec, test_connected, t);
	return RC_OK;
}

static void test_channel(struct serve *s, uint8_t channel)
{
	const struct lab_channel *c = &s->lab->notify.channels[channel];
	struct channel_test *t = must_alloc(sizeof *t);
	scoped(request_fini) struct request settings = { 0 };
	scoped(secret_wipe) struct str url = STR_EMPTY;
	struct http_request r = { .method = c->kind == CHANNEL_WEBHOOK ? "OPTIONS" : "GET",
		.timeout_ms = TEST_TIMEOUT_MS,
		.done = test_answered,
		.ctx = t };
	struct http_call *call;
	struct err e = { 0 };
	enum rc rc = RC_OK;

	*t = (struct channel_test){ .s = s, .channel = channel, .kind = c->kind };
	request_files_init(&t->files);
	if (c->kind == CHANNEL_SMTP)
		rc = greet(t, c, &e);
	else if (c->url_plain)
		str_add(&url, c->url_plain);
	else
		rc = secret_resolve(&c->url, &url, &e);
	r.url = str_c(&url);
	if (rc == RC_OK && c->kind != CHANNEL_SMTP)
		rc = settings_apply(&settings, c, &t->files, &r, &e);
	if (rc == RC_OK && c->kind != CHANNEL_SMTP)
		rc = http_start(s->http, &r, &call, &e);
	if (rc != RC_OK) {
		log_warning("channel %s: %s", c->name, e.text);
		request_files_fini(&t->files);
		free(t); /* the machine asks again; a delivery would say the same */
	}
}

/* ---- effects */

static void carry_out(struct serve *s, struct site_effect *fx)
{
	if (s->open_ports && fx->kind != SITE_SAY_LOG)
		return; /* the ports are closing: they take nothing more */
	switch (fx->kind) {
	case SITE_DO_PROBE:
		start_probe(s, fx->check);
		break;
	case SITE_DO_DIAL:
		link_port_dial(s->link, fx->peer);
		break;
	case SITE_DO_SEND:
		link_port_send(s->link, fx->connection, fx->msg);
		break;
	case SITE_DO_CLOSE:
		link_port_close(s->link, fx->connection);
		break;
	case SITE_DO_DELIVER:
		notify_deliver(s->notify, &s->lab->notify.channels[fx->delivery->channel],
			fx->delivery, delivered, s);
		break;
	case SITE_DO_BEACON:
		beacon_send(s, fx->watcher, fx->beacon);
		break;
	case SITE_DO_TEST:
		test_channel(s, fx->channel);
		break;
	case SITE_SAY_CHECK:
		if (s->api)
			api_changed(s->api, API_CHECK, fx->check, NULL);
		break;
	case SITE_SAY_INCIDENT:
		if (s->api)
			api_changed(s->api, API_INCIDENT, 0, str_c(&fx->text));
		break;
	case SITE_SAY_LINK:
		if (s->api)
			api_changed(s->api, API_LINK, fx->peer, NULL);
		break;
	case SITE_SAY_EVENT:
		if (s->api)
			api_event(s->api, fx->event);
		break;
	case SITE_SAY_LOG:
		log_line((enum log_level)fx->level, "%s", str_c(&fx->text));
		break;
	}
}

static void tick(uv_timer_t *timer)
{
	struct serve *s = timer->data;

	site_tick(s->site, daemon_now());
	drive_drain(s);
}

void drive_drain(struct serve *s)
{
	struct site_effect fx;
	int64_t wake_ms, now_ms;

	while (site_next(s->site, &fx)) {
		carry_out(s, &fx);
		site_effect_fini(&fx);
	}
	if (site_is_stuck(s->site))
		reserve_use(s);
	wake_ms = site_wake(s->site).ms;
	now_ms = daemon_now().mono.ms;
	uv_update_time(&s->loop);
	uv_timer_start(&s->tick, tick, wake_ms > now_ms ? (uint64_t)(wake_ms - now_ms) : 1, 0);
	questions_look(s);
	copies_look(s);
	serve_leave_if_done(s);
}

enum rc drive_start_ports(struct serve *s, struct err *e)
{
	struct link_port_site sites[SITES_MAX];
	struct link_port_setup link = { .loop = &s->loop,
		.key = &s->key,
		.lab = drive_link_lab(s, sites),
		.owner = { s, connected, closed, received, refused } };
	struct prober_setup prober = { .loop = &s->loop, .read_secret = drive_secret, .ctx = s };

	s->http = http_client_new(&s->loop);
	s->prober = prober_new(&prober);
	s->notify = notify_new(&s->loop, s->http, secret_resolve);
	uv_timer_init(&s->loop, &s->tick);
	s->tick.data = s;
	drive_load_probes(s);
	questions_start(s);
	return link_port_new(&s->link, &link, e);
}

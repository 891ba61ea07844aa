/* SPDX-License-Identifier: Apache-2.0 */
/* How: open everything in the order of need, run the loop, close in the reverse order. */
#include "daemon/serve_private.h"

#include "port/os/os.h"
#include "port/systemd/systemd.h"
#include "web/web.h"

#include <signal.h>

#define HOUSE_MS 5000
/* A merge, two queries and one slow rule may each hold a thread for minutes; one is left for what is
 * short.  libuv has 4. */
#define POOL_THREADS "5"

static struct now now_of(void *ctx)
{
	(void)ctx;
	return daemon_now();
}

static void drain(void *ctx)
{
	drive_drain(ctx);
}

static void look_after_house(uv_timer_t *t)
{
	struct serve *s = t->data;

	reserve_look(s);
	reload_look_at_certificate(s);
	drive_drain(s);
}

static void pat_watchdog(uv_timer_t *t)
{
	(void)t;
	systemd_notify("WATCHDOG=1");
}

/* ---- the end */

static void port_closed(void *ctx)
{
	struct serve *s = ctx;

	if (--s->open_ports == 0)
		uv_stop(&s->loop);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void leave(uv_timer_t *t)
{
	struct serve *s = t->data;

	if (site_is_delivering(s->site))
		log_warning("a message got no answer before the stop: the next attempt says that "
			    "it may be a repeat");
	site_shutdown(s->site, daemon_now(), s->why_stopping);
	drive_drain(s);
	uv_timer_stop(&s->leaving);
	uv_timer_stop(&s->tick);
	uv_timer_stop(&s->house);
	drive_drop_probes(s);
	copies_stop(s, port_closed, s);
	questions_stop(s);
	s->open_ports =
		4 + (s->api != NULL) + (s->metrics != NULL) + (s->rules != NULL) + copies_open(s);
	if (s->api)
		api_stop(s->api, port_closed, s);
	s->api = NULL;
	if (s->rules)
		rule_runner_stop(s->rules, port_closed, s);
	if (s->metrics)
		metrics_stop(s->metrics, port_closed, s);
	link_port_stop(s->link, port_closed, s);
	prober_close(s->prober, port_closed, s);
	notify_close(s->notify, port_closed, s);
	http_client_close(s->http, port_closed, s);
}

void serve_leave_if_done(struct serve *s)
{
	if (s->why_stopping && !s->open_ports && !site_is_delivering(s->site))
		uv_timer_start(&s->leaving, leave, 0, 0);
}

/* What is cut off on its way would be told again, as maybe a repeat: its answer is waited for. */
static void stop(struct serve *s, const char *why)
{
	if (s->open_ports)
		return;
	uv_timer_start(&s->leaving, leave, s->why_stopping ? 0 : DAEMON_ANSWER_MS, 0);
	if (s->why_stopping)
		return; /* asked twice: at once */
	s->why_stopping = why;
	log_info("stopping: %s", why);
	systemd_notify("STOPPING=1");
	site_wind_down(s->site);
	if (site_is_delivering(s->site))
		log_info("waiting for the answer to a message, %d s at most",
			DAEMON_ANSWER_MS / 1000);
	serve_leave_if_done(s);
}

static void signalled(uv_signal_t *h, int number)
{
	struct serve *s = h->data;

	if (number != SIGHUP) {
		stop(s, number == SIGINT ? "interrupted" : "asked to");
		return;
	}
	log_info("asked to reload %s", s->options.lab_path);
	reload_begin(s);
}

/* ---- the beginning */

static void listen_to_signals(struct serve *s)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };

	for (size_t i = 0; i < COUNT(numbers); i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], signalled, numbers[i]);
	}
}

static void start_timers(struct serve *s)
{
	int64_t watchdog_ms = systemd_watchdog_ms();

	uv_timer_init(&s->loop, &s->house);
	uv_timer_init(&s->loop, &s->watchdog);
	uv_timer_init(&s->loop, &s->leaving);
	s->house.data = s->leaving.data = s;
	uv_timer_start(&s->house, look_after_house, 0, HOUSE_MS);
	if (watchdog_ms > 0)
		uv_timer_start(&s->watchdog, pat_watchdog, 0, (uint64_t)watchdog_ms / 2);
}

static enum rc open_store(struct serve *s, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY;

	str_addf(&path, "%s/journal.db", s->state_dir);
	return sqlite_store_open(&s->store, str_c(&path), e);
}

struct revision { /* of the configuration that we start with */
	struct serve *s;
	char commit[64], author[128], summary[256];
	bool is_known;
};

static void take_revision(void *ctx, const struct git_head *head)
{
	struct revision *r = ctx;

	r->is_known = true;
	str_copy(r->commit, sizeof r->commit, head->commit ? head->commit : "");
	str_copy(r->author, sizeof r->author, head->author ? head->author : "");
	str_copy(r->summary, sizeof r->summary, head->summary ? head->summary : "");
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static enum rc open_site(struct serve *s, struct err *e)
{
	struct revision r = { .s = s };
	struct site_setup setup = { .self = s->self,
		.lab = s->lab,
		.store = sqlite_store_port(s->store),
		.signer = keys_signer_port(s->signer),
		.version = DIARCHY_VERSION,
		.scrub_every_ms = SITE_SCRUB_MS };

	git_head_of(&s->loop, s->options.lab_path, take_revision, &r);
	while (!r.is_known)
		uv_run(&s->loop, UV_RUN_ONCE);
	setup.revision =
		(struct site_revision){ or_null(r.commit), or_null(r.author), or_null(r.summary) };
	os_random(NULL, &setup.seed, sizeof setup.seed);
	return site_open(&s->site, &setup, daemon_now(), e);
}

static void store_has_work(void *ctx)
{
	const struct serve *s = ctx;

	metrics_look(s->metrics);
}

static void store_worked(void *ctx)
{
	const struct serve *s = ctx;

	if (s->api)
		api_store_worked(s->api);
}

static enum rc start_api(struct serve *s, struct err *e)
{
	scoped(str_fini) struct str hash = STR_EMPTY, token = STR_EMPTY;
	struct api_setup setup = { .loop = &s->loop,
		.site = s->site,
		.files = web_files,
		.lab_path = s->options.lab_path,
		.listen = s->options.listen ? s->options.listen : s->lab->sites[s->self].http,
		.cert_file = s->lab->sites[s->self].cert_file,
		.key_file = s->lab->sites[s->self].key_file,
		.metrics = s->metrics ? metrics_store(s->metrics) : NULL,
		.scraper = s->metrics ? metrics_scraper(s->metrics) : NULL,
		.outside = s->metrics ? metrics_outside_server(s->metrics) : NULL,
		.host_page = s->metrics && s->lab->metrics.has_host ? metrics_host_page(s->metrics)
								    : NULL,
		.store_has_work = s->metrics ? store_has_work : NULL,
		.started = daemon_now().wall,
		.ctx = s,
		.now = now_of,
		.after_input = drain,
		.rules = alerting_rules,
		.external_labels = alerting_external_labels,
		.query_log_file = alerting_query_log_file,
		.ask_site = questions_ask,
		.copy_of = copies_of,
		.random = os_random,
		.secret = drive_secret,
		.probe_metrics = drive_write_metrics };
	enum rc rc = reload_login(s, &hash, &token, &setup.login, e);

	return rc == RC_OK ? api_start(&s->api, &setup, e) : rc;
}

static enum rc start_metrics(struct serve *s, struct err *e)
{
	scoped(str_fini) struct str folder = STR_EMPTY;
	enum rc rc;

	if (!s->lab->metrics.is_on)
		return RC_OK;
	str_addf(&folder, "%s/metrics", s->state_dir);
	rc = metrics_start(&s->metrics, &s->loop, str_c(&folder), &s->lab->metrics, e);
	if (rc == RC_OK)
		metrics_tell(s->metrics, store_worked, s);
	return rc;
}

static enum rc declare_metrics(struct serve *s, struct err *e)
{
	const struct own_of of = { s->lab, s->self, s->api };
	enum rc rc;

	if (!s->metrics)
		return RC_OK;
	rc = metrics_declare(s->metrics, &of, e);
	if (rc != RC_OK)
		return rc;
	rc = copies_declare(s, e);
	if (rc != RC_OK)
		return rc;
	alerting_start(s);
	return alerting_declare(s, e);
}

static enum rc open_all(struct serve *s, struct err *e)
{
	enum rc rc = daemon_key(s->options.key_path, &s->key, e);

	if (rc != RC_OK)
		return rc;
	s->signer = keys_signer_new(&s->key);
	s->zones = zones_new();
	rc = reload_first(s, e);
	if (rc == RC_OK)
		rc = daemon_state_dir(s->options.state_dir, &s->state_dir, e);
	if (rc == RC_OK)
		rc = open_store(s, e);
	if (rc == RC_OK)
		rc = open_site(s, e);
	if (rc == RC_OK)
		rc = drive_start_ports(s, e);
	if (rc == RC_OK)
		rc = start_metrics(s, e);
	if (rc == RC_OK)
		rc = start_api(s, e);
	if (rc == RC_OK)
		rc = declare_metrics(s, e);
	return rc;
}

static void close_all(struct serve *s)
{
	if (s->lab) {
		struct lab *lab = TAKE(s->lab);

		drive_load_probes(s);
		site_free(s->site);
		lab_free(lab);
	}
	free(s->running);
	questions_free(s);
	rule_runner_free(s->rules);
	handover_free(s->handover);
	copies_free(s);
	metrics_free(s->metrics);
	sqlite_store_close(s->store);
	keys_signer_free(s->signer);
	keys_wipe(&s->key);
	zones_free(s->zones);
}

enum rc serve_run(const struct serve_options *options, struct err *e)
{
	struct serve s = { .options = *options };
	enum rc rc;

	log_init(options->least);
	daemon_bound_heap();
	daemon_ignore_signals();
	setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 0);
	uv_loop_init(&s.loop);
	rc = open_all(&s, e);
	if (rc == RC_OK) {
		listen_to_signals(&s);
		start_timers(&s);
		reload_watch(&s);
		log_info("site %s: pages and API on http://%s, peers on %s",
			s.lab->sites[s.self].name, api_address(s.api), link_port_listens(s.link));
		systemd_notify("READY=1");
		drive_drain(&s);
		uv_run(&s.loop, UV_RUN_DEFAULT);
	}
	uv_walk(&s.loop, close_handle, NULL);
	while (uv_run(&s.loop, UV_RUN_ONCE))
		;
	uv_loop_close(&s.loop);
	close_all(&s);
	return rc;
}

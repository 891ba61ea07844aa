/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rules.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/seldom.h"
#include "core/rules/past.h"
#include "daemon/common.h"
#include "daemon/rules_asking.h"
#include "node/rules_world.h"
#include "port/files/files.h"
#include "port/files/lab_files.h"
#include "port/files/query_log.h"
#include "port/files/rule_files.h"

#include <stdatomic.h>

#define TIMEOUT_NS  (2 * UINT64_C(60) * 1000000000) /* of one rule, as of the API's queries */
#define LOOK_MS     (10 * SECOND_MS)                /* the longest between two looks at the clock */
#define PAST_MS     SECOND_MS             /* the shortest between two times that it is kept */
#define PAST_OLD_MS (RULES_OUTAGE_MS / 4) /* and the longest, where it must be recent */
#define WORDS_MOST  256                   /* alerts told in one go */

/* What rules borrow. */
struct ruleset {
	struct rule_files files;
	struct arena arena; /* of the labels and texts in `config` */
	struct rules_config config;
	const char *query_log_file; /* NULL: what rules ask isn't written down */
};

struct evaluation { /* of one rule */
	uv_work_t work;
	struct rule_runner *of;
	struct rules_job job;
	const struct rule_group *group;
	struct store_view *view;
	struct rules_promql promql;
	uint64_t deadline_ns;
	struct rule_outcome outcome;
};

struct rule_runner {
	struct rule_runner_wish wish;
	struct rules_asking *asking;  /* NULL: there is nobody outside to ask */
	struct series_source history; /* see restoring, below */
	struct ruleset *set, *next;   /* in use, and to be taken up; NULL: none */
	struct rules *rules;
	struct past {
		char *path; /* NULL: it isn't kept */
		uint64_t stamp;
		struct mono due, old; /* to be written no sooner; to be written anew */
		struct seldom failures;
	} past;
	uv_timer_t timer;
	uint32_t n_running;
	_Atomic bool is_hurried; /* who runs is to end */
	bool is_stopping;
	struct seldom templates; /* that failed */
	void (*stopped)(void *ctx);
	void *ctx;
};

static void ruleset_free(struct ruleset *s)
{
	if (!s)
		return;
	rule_files_fini(&s->files);
	arena_fini(&s->arena);
	free(s);
}
SCOPED_BY(ruleset_free, struct ruleset *)

/* ---- restoring: each query takes a view of its own, and lets go of it when it is closed */

struct series_cursor {
	struct store_view *view;
	const struct series_source *source;
	struct series_cursor *inner;
};

static enum rc history_open(void *self, const struct series_query *q, struct series_cursor **ret,
	struct err *e)
{
	struct rule_runner *r = self;
	struct store_view *view = store_view_new(r->wish.store);
	const struct series_source *source = store_view_source(view);
	struct series_cursor *inner;
	enum rc rc = source->open(source->self, q, &inner, e);

	if (rc != RC_OK) {
		store_view_free(view);
		return rc;
	}
	*ret = must_alloc(sizeof **ret);
	**ret = (struct series_cursor){ view, source, inner };
	return RC_OK;
}

static enum rc history_next(struct series_cursor *c, struct labels *ret, bool *ret_has,
	struct err *e)
{
	return c->source->next(c->inner, ret, ret_has, e);
}

static enum rc history_read(struct series_cursor *c, struct series_column *column, struct err *e)
{
	return c->source->read(c->inner, column, e);
}

static void history_close(struct series_cursor *c)
{
	c->source->close(c->inner);
	store_view_free(c->view);
	free(c);
}

/* ---- what came of it */

static const struct {
	enum log_level level;
	const char *what; /* NULL: it is about an alert, which is told */
	bool has_text;
} words[] = {
	[RULE_NEWS_BLIND] = { LOG_LEVEL_WARNING, "saw series, and sees none any more", false },
	[RULE_NEWS_SEES] = { LOG_LEVEL_INFO, "sees series again", false },
	[RULE_NEWS_FAILED] = { LOG_LEVEL_WARNING, "fails: ", true },
	[RULE_NEWS_WORKS] = { LOG_LEVEL_INFO, "works again", false },
	[RULE_NEWS_TEMPLATE] = { LOG_LEVEL_WARNING, "has a template that fails: ", true },
};

static void log_news(struct rule_runner *r, const struct rules_job *job, const struct rule_news *n)
{
	const struct rule_group *group = rules_group(r->rules, job->group).group;
	uint32_t left_out = 0;

	if (!words[n->kind].what)
		return;
	if (n->kind == RULE_NEWS_TEMPLATE &&
		!seldom_may_write(&r->templates, daemon_now().mono, &left_out))
		return;
	if (left_out)
		log_warning("rules: %u templates that failed were not logged", left_out);
	log_line(words[n->kind].level, "rules: %s: %s: %s %s%s", group->file, group->name,
		n->rule->name, words[n->kind].what, words[n->kind].has_text ? n->text : "");
}

static void tell(struct rule_runner *r, const struct rules_job *job)
{
	struct rule_word told[WORDS_MOST];
	uint32_t at = 0, n = 0;

	while (rules_word(r->rules, job, &at, &told[n]))
		if (++n == WORDS_MOST) {
			r->wish.tell(r->wish.ctx, told, n);
			n = 0;
		}
	if (n)
		r->wish.tell(r->wish.ctx, told, n);
}

static void take_in(struct rule_runner *r, struct evaluation *ev)
{
	uint32_t n;
	const struct rule_news *news =
		rules_end(r->rules, daemon_now().wall, &ev->job, &ev->outcome, &n);

	for (uint32_t i = 0; i < n; i++)
		log_news(r, &ev->job, &news[i]);
	if (r->wish.tell)
		tell(r, &ev->job);
}

/* ---- one rule, on the pool */

static void look(struct rule_runner *r);

static bool should_stop(void *ctx)
{
	const struct evaluation *ev = ctx;

	return uv_hrtime() > ev->deadline_ns || atomic_load(&ev->of->is_hurried);
}

static void write_down(const struct evaluation *ev)
{
	const struct rules_job *job = &ev->job;

	if (!ev->of->set->query_log_file)
		return;
	query_log_write(ev->of->set->query_log_file,
		&(struct logged_query){ .now = daemon_now().wall,
			.text = job->rule->expression,
			.start_ms = job->sample_ms,
			.end_ms = job->sample_ms,
			.evaluated_ns = (uint64_t)ev->outcome.took_ns,
			.error = ev->outcome.rc == RC_OK ? NULL : ev->outcome.error.text,
			.rule_file = ev->group->file,
			.rule_group = ev->group->name });
}

static void run(uv_work_t *work)
{
	struct evaluation *ev = work->data;
	const struct rules_world world = rules_world_over(&ev->promql);
	uint64_t began_ns = uv_hrtime();

	ev->deadline_ns = began_ns + TIMEOUT_NS;
	rule_evaluate(&ev->job, &world, &ev->of->set->config.outside, &ev->outcome);
	ev->outcome.took_ns = (int64_t)(uv_hrtime() - began_ns);
	write_down(ev);
}

static void on_done(uv_work_t *work, int status)
{
	struct evaluation *ev = work->data;
	struct rule_runner *r = ev->of;

	must(status == 0);
	store_view_free(ev->view);
	r->n_running--;
	if (!atomic_load(&r->is_hurried))
		take_in(r, ev);
	rule_outcome_fini(&ev->outcome);
	free(ev);
	look(r);
}

static enum rc ask_outside(void *ctx, const char *text, int64_t at_ms, struct arena *a,
	struct rules_vector *ret, struct err *e)
{
	struct evaluation *ev = ctx;

	return rules_asking_query(ev->of->asking,
		&(struct rules_question){ text, at_ms, should_stop, ev }, a, ret, e);
}

static void begin(struct rule_runner *r, const struct rules_job *job)
{
	struct evaluation *ev = must_alloc(sizeof *ev);

	ev->work.data = ev;
	ev->of = r;
	ev->job = *job;
	ev->group = rules_group(r->rules, job->group).group;
	ev->view = store_view_new(r->wish.store);
	ev->promql = (struct rules_promql){ .source = store_view_source(ev->view),
		.ask = rules_asking_is_used(r->asking) ? ask_outside : NULL,
		.should_stop = should_stop,
		.ctx = ev };
	r->n_running++;
	must(uv_queue_work(r->wish.loop, &ev->work, run, on_done) == 0);
}

/* ---- the past */

static void keep_past(struct rule_runner *r)
{
	struct past *p = &r->past;
	struct now now = daemon_now();
	scoped(str_fini) struct str text = STR_EMPTY;
	struct err e = { 0 };
	uint32_t left_out;

	p->stamp = rules_past_stamp(r->rules);
	p->old.ms =
		rules_past_write(r->rules, now.wall, &text) ? now.mono.ms + PAST_OLD_MS : NEVER_MS;
	p->due.ms = now.mono.ms + PAST_MS;
	if (file_replace(p->path, &text, &e) != RC_OK &&
		seldom_may_write(&p->failures, now.mono, &left_out))
		log_warning("rules: what they must know after a start can't be kept: %s", e.text);
}

static void keep_past_if_due(struct rule_runner *r)
{
	const struct past *p = &r->past;
	struct mono now = daemon_now().mono;

	if (!p->path || !r->rules)
		return;
	if (now.ms >= p->old.ms || (p->stamp != rules_past_stamp(r->rules) && now.ms >= p->due.ms))
		keep_past(r);
}

static void read_past(struct rule_runner *r)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct err e = { 0 };
	enum rc rc;

	if (!r->past.path)
		return;
	r->past.old.ms = 0; /* what is read is of now */
	rc = file_read(r->past.path, RULES_PAST_BYTES_MAX, &text, &e);
	if (rc == RC_OK)
		rc = rules_past_read(r->rules, daemon_now().wall, &text, &e);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		log_warning(
			"rules: what they knew before the start is lost, so alerts that were kept "
			"firing are over: %s: %s",
			r->past.path, e.text);
}

/* ---- when */

static void take_up(struct rule_runner *r)
{
	struct ruleset *old = r->set;
	struct wall now = daemon_now().wall;

	r->set = TAKE(r->next);
	if (r->rules) {
		r->rules = rules_renew(&r->set->config, r->rules, now);
	} else {
		r->rules = rules_new(&r->set->config, now);
		read_past(r);
	}
	ruleset_free(old);
	atomic_store(&r->is_hurried, false);
}

static void on_time(uv_timer_t *t)
{
	look(t->data);
}

static void on_closed(uv_handle_t *h)
{
	struct rule_runner *r = h->data;

	if (r->stopped)
		r->stopped(r->ctx);
}

static void wait(struct rule_runner *r)
{
	struct now now = daemon_now();
	int64_t wait_ms = rules_next(r->rules).ms - now.wall.ms;
	bool is_past_due = r->past.path && r->past.stamp != rules_past_stamp(r->rules);

	if (wait_ms > LOOK_MS)
		wait_ms = LOOK_MS;
	if (is_past_due && wait_ms > r->past.due.ms - now.mono.ms)
		wait_ms = r->past.due.ms - now.mono.ms;
	if (r->n_running < RULES_AT_ONCE)
		uv_timer_start(&r->timer, on_time, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

static void look(struct rule_runner *r)
{
	struct rules_job job;

	if (uv_is_closing((uv_handle_t *)&r->timer))
		return;
	keep_past_if_due(r);
	if (r->is_stopping) {
		if (!r->n_running) {
			rules_asking_close(TAKE(r->asking));
			uv_close((uv_handle_t *)&r->timer, on_closed);
		}
		return;
	}
	if (r->next && r->n_running)
		return; /* it is taken up when they are through */
	if (r->next)
		take_up(r);
	while (r->n_running < RULES_AT_ONCE && rules_begin(r->rules, daemon_now().wall, &job))
		begin(r, &job);
	wait(r);
}

/* ---- declaring */

static void log_findings(const struct findings *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (!f->items[i].is_warning)
			log_error("%s:%u:%u: %s", f->items[i].file, f->items[i].line,
				f->items[i].column, f->items[i].text);
}

static enum rc fill(struct rule_runner *r, struct ruleset *s, const struct rule_setting *setting,
	struct err *e)
{
	struct rules_outside *outside = &s->config.outside;

	s->config.files = (const struct rule_file *const *)s->files.v;
	s->config.n_files = s->files.n;
	s->config.sink = *store_sink(r->wish.store);
	s->config.history = &r->history;
	s->config.interval_ms = setting->interval_ms;
	s->config.query_offset_ms = setting->query_offset_ms;
	s->config.blind_after_ms = setting->blind_after_ms;
	outside->external_url = arena_strdup(&s->arena, setting->external_url);
	if (!outside->external_url ||
		!labels_copy(&setting->external_labels, &s->arena, &outside->external_labels))
		return err_set(e, RC_LIMIT, "the external labels are too long");
	if (setting->query_log_file)
		s->query_log_file = arena_strdup(&s->arena, setting->query_log_file);
	return RC_OK;
}

enum rc rule_runner_declare(struct rule_runner *r, const struct rule_setting *setting,
	struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(ruleset_free) struct ruleset *s = must_alloc(sizeof *s);
	enum rc rc;

	arena_init(&s->arena, RULE_FILE_BYTES_MAX);
	rc = metrics_rules(setting->declared, &s->files, &findings, e);
	if (rc != RC_OK)
		log_findings(&findings);
	if (rc == RC_OK)
		rc = fill(r, s, setting, e);
	if (rc != RC_OK)
		return rc;
	ruleset_free(r->next);
	r->next = TAKE(s);
	atomic_store(&r->is_hurried, r->n_running > 0);
	look(r);
	return RC_OK;
}

const struct rules *rule_runner_rules(const struct rule_runner *r)
{
	return r->rules;
}

const struct rules_outside *rule_runner_outside(const struct rule_runner *r)
{
	return &r->set->config.outside;
}

/* ---- life cycle */

struct rule_runner *rule_runner_new(const struct rule_runner_wish *wish)
{
	struct rule_runner *r = must_alloc(sizeof *r);

	r->wish = *wish;
	r->past = (struct past){ .path = wish->past_path ? must_strdup(wish->past_path) : NULL,
		.old = { NEVER_MS } };
	r->history = (struct series_source){ .self = r,
		.open = history_open,
		.next = history_next,
		.read = history_read,
		.close = history_close };
	if (wish->outside)
		r->asking = rules_asking_new(wish->loop, wish->outside);
	uv_timer_init(wish->loop, &r->timer);
	r->timer.data = r;
	return r;
}

void rule_runner_stop(struct rule_runner *r, void (*stopped)(void *ctx), void *ctx)
{
	r->stopped = stopped;
	r->ctx = ctx;
	r->is_stopping = true;
	r->past.due.ms = 0;
	if (r->past.old.ms != NEVER_MS)
		r->past.old.ms = 0;
	atomic_store(&r->is_hurried, true);
	rules_asking_stop(r->asking);
	look(r);
}

void rule_runner_free(struct rule_runner *r)
{
	if (!r)
		return;
	rules_asking_free(r->asking);
	rules_free(r->rules);
	ruleset_free(r->set);
	ruleset_free(r->next);
	free(r->past.path);
	free(r);
}

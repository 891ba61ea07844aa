/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/copies.h"

#include "api/prometheus/samples.h"
#include "base/log.h"
#include "core/peer/copying.h"
#include "daemon/chores.h"
#include "daemon/serve_private.h"
#include "port/blockfiles/blockfiles.h"

#define TIMEOUT_MS MINUTE_MS

struct copy {
	struct serve *s;
	char name[NAME_BYTES_MAX + 1]; /* of the site that is copied */
	uint8_t site;                  /* NO_SITE: the lab has it no more */
	char what[NAME_BYTES_MAX + 16];
	struct blockfiles *files;
	struct store *store;
	struct chores *chores;
	struct copying copying;
	uint32_t n_left_out;
	uint64_t n_samples, n_refused, n_failures;
	bool is_failing;   /* and that was said */
	bool is_unwritten; /* and that, too */
};

struct copies {
	struct copy *v[SITES_MAX];
	uint32_t n;
	struct arena arena; /* of the selectors */
	struct copy_selectors selectors;
	uv_timer_t timer;
	bool is_stopping;
};

static void ask(struct copy *c, const struct copying_question *q);

static void look(uv_timer_t *timer)
{
	copies_look(timer->data);
}

static bool is_connected(const struct copy *c)
{
	const struct link *l = c->site == NO_SITE ? NULL : site_link(c->s->site, c->site);

	return l && link_is_current(l, l->connection);
}

static void look_at(struct copy *c)
{
	struct now now = daemon_now();
	struct copying_question q;

	copying_connected(&c->copying, now, is_connected(c));
	if (copying_next(&c->copying, now, &q))
		ask(c, &q);
}

void copies_look(struct serve *s)
{
	struct copies *all = s->copies;
	int64_t wake_ms = NEVER_MS, now_ms = daemon_now().mono.ms;

	if (!all || all->is_stopping)
		return;
	for (uint32_t i = 0; i < all->n; i++) {
		int64_t ms;

		look_at(all->v[i]);
		ms = copying_wake(&all->v[i]->copying).ms;
		wake_ms = ms < wake_ms ? ms : wake_ms;
	}
	if (wake_ms == NEVER_MS)
		uv_timer_stop(&all->timer);
	else
		uv_timer_start(&all->timer, look,
			wake_ms > now_ms ? (uint64_t)(wake_ms - now_ms) : 1, 0);
}

/* ---- asking */

static void say_failed(struct copy *c, const char *why)
{
	c->n_failures++;
	if (!c->is_failing)
		log_warning("%s: nothing was copied, it is tried again: %s", c->what, why);
	c->is_failing = true;
}

static void fail(struct copy *c, const char *why)
{
	say_failed(c, why);
	copying_failed(&c->copying, daemon_now());
}

static void say_left_out(struct copy *c, const struct samples_got *got)
{
	if (got->n_left_out > c->n_left_out)
		log_warning("%s: %u series are beyond the %d that are copied: let metrics.copy "
			    "match fewer",
			c->what, got->n_left_out, COPY_SERIES_MAX);
	c->n_left_out = got->n_left_out;
}

/* The store, for samples of the time that was asked for. */
static enum rc sink_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	const struct series_sink *store = store_sink(((struct copy *)self)->store);

	return store->series(store->self, l, ret, e);
}

static enum series_verdict sink_sample(void *self, series_ref ref, int64_t t_ms, double v)
{
	const struct copy *c = self;
	const struct series_sink *store = store_sink(c->store);

	return copying_is_wanted(&c->copying, t_ms) ? store->append(store->self, ref, t_ms, v)
						    : SERIES_UNSUPPORTED;
}

static enum series_verdict sink_histogram(void *self, series_ref ref, int64_t t_ms,
	const struct histogram *h)
{
	const struct copy *c = self;
	const struct series_sink *store = store_sink(c->store);

	return copying_is_wanted(&c->copying, t_ms)
		       ? store->append_histogram(store->self, ref, t_ms, h)
		       : SERIES_UNSUPPORTED;
}

/* It goes on: what couldn't be written is in memory, and is asked for again if that is lost. */
static void commit(struct copy *c)
{
	const struct series_sink *store = store_sink(c->store);
	struct err e = { 0 };
	bool is_kept = store->commit(store->self, &e) == RC_OK;

	if (!is_kept && !c->is_unwritten)
		log_warning("%s: %s", c->what, e.text);
	if (is_kept && c->is_unwritten)
		log_info("%s: can be written again", c->what);
	c->is_unwritten = !is_kept;
}

/* All that an answer brings is kept together, or nothing. */
static void take(struct copy *c, const struct str *body)
{
	const struct series_sink sink = { .self = c,
		.series = sink_series,
		.append = sink_sample,
		.append_histogram = sink_histogram };
	struct samples_got got;
	struct err e = { 0 };

	if (samples_take(body->s, body->len, &sink, &got, &e) != RC_OK) {
		fail(c, e.text);
		return;
	}
	commit(c);
	say_left_out(c, &got);
	c->n_samples += got.n_samples;
	c->n_refused += got.n_refused;
	if (c->is_failing)
		log_info("%s: goes on", c->what);
	c->is_failing = false;
	copying_taken(&c->copying, daemon_now(), got.until_ms, body->len);
	chores_look(c->chores);
}

static void on_answer(void *ctx, struct api_site_answer *a)
{
	struct copy *c = ctx;
	char text[64];

	if (c->s->copies->is_stopping)
		return;
	if (a->status == 200)
		take(c, &a->body);
	else if (a->status == 422) {
		if (!copying_refused(&c->copying, daemon_now()))
			say_failed(c, "the least that can be asked for is too much for it: let "
				      "metrics.copy match fewer series");
	} else {
		snprintf(text, sizeof text, "it answers with status %u", a->status);
		fail(c, a->status ? text : a->why);
	}
	copies_look(c->s);
}

static void ask(struct copy *c, const struct copying_question *asked)
{
	const int64_t every_ms = c->copying.every_ms;
	const struct copy_selectors *selectors = &c->s->copies->selectors;
	const struct series_query query = { .min_ms = asked->from_ms + 1,
		.max_ms = asked->until_ms,
		.first_ms = asked->from_ms + every_ms,
		.step_ms = every_ms,
		.range_ms = every_ms,
		.function = "" };
	const struct samples_wish wish = { &query, COPYING_SETTLED_MS, COPY_SERIES_MAX };
	scoped(str_fini) struct str form = STR_EMPTY;
	struct api_question q = { ASKING_SAMPLES, "", NULL, TIMEOUT_MS };
	struct err e = { 0 };

	samples_ask(&form, &wish);
	for (uint32_t i = 0; i < selectors->n; i++)
		samples_ask_of(&form, selectors->v[i]);
	q.form = str_c(&form);
	if (questions_ask(c->s, c->site, &q, on_answer, c, &e) != RC_OK)
		fail(c, e.text);
}

/* ---- what is declared */

static enum rc read_selectors(struct copies *all, const struct lab_metrics *m, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	struct copy_selectors selectors;
	struct arena a;
	enum rc rc;

	arena_init(&a, LAB_FILE_BYTES_MAX);
	rc = metrics_copy(m, &a, &selectors, &findings, e);
	for (uint32_t i = 0; rc == RC_OK && i < selectors.n; i++) {
		selectors.v[i] = arena_strdup(&a, selectors.v[i]);
		if (!selectors.v[i])
			rc = err_set(e, RC_LIMIT, "metrics.copy: selectors are too long");
	}
	if (rc != RC_OK) {
		arena_fini(&a);
		return rc;
	}
	arena_fini(&all->arena);
	all->arena = a;
	all->selectors = selectors;
	return RC_OK;
}

static void free_copy(struct copy *c)
{
	chores_free(c->chores);
	store_close(c->store);
	blockfiles_close(c->files);
	free(c);
}

static struct store_settings settings_of(const struct lab_copy *declared)
{
	return (struct store_settings){ .retention_ms = declared->retention_ms,
		.retention_bytes = COPY_DISK_BYTES_MAX,
		.memory_bytes_max = COPY_MEMORY_BYTES_MAX,
		.series_max = COPY_SERIES_MAX,
		.exemplars_max = -1 };
}

static enum rc open_copy(struct copy *c, const struct lab_copy *declared, struct err *e)
{
	const struct store_settings settings = settings_of(declared);
	scoped(str_fini) struct str folder = STR_EMPTY;
	struct store_stats stats;
	enum rc rc;

	str_addf(&folder, "%s/metrics-of-%s", c->s->state_dir, c->name);
	rc = blockfiles_open(&c->files, str_c(&folder), e);
	if (rc == RC_OK)
		rc = store_open(&c->store, blockfiles_port(c->files), &settings, daemon_now(), e);
	if (rc != RC_OK)
		return err_in(e, rc, "metrics in %s", str_c(&folder));
	c->chores = chores_new(&c->s->loop, c->store,
		&(struct chores_wish){ .name = c->what, .tick_ms = NEVER_MS });
	store_stats(c->store, &stats);
	copying_init(&c->copying, stats.min_ms > stats.max_ms ? INT64_MIN : stats.max_ms);
	return RC_OK;
}

static enum rc find_or_open(struct copies *all, struct serve *s, uint8_t site, struct err *e)
{
	const char *name = s->lab->sites[site].name;
	struct copy *c;
	enum rc rc;

	for (uint32_t i = 0; i < all->n; i++)
		if (str_eq(all->v[i]->name, name)) {
			all->v[i]->site = site;
			return RC_OK;
		}
	if (all->n == SITES_MAX)
		return err_set(e, RC_LIMIT, "%d copies are open: a restart closes those of old",
			SITES_MAX);
	c = must_alloc(sizeof *c);
	c->s = s;
	c->site = site;
	str_copy(c->name, sizeof c->name, name);
	snprintf(c->what, sizeof c->what, "copy of %s", name);
	rc = open_copy(c, &s->lab->metrics.copy, e);
	if (rc != RC_OK) {
		free_copy(c);
		return rc;
	}
	all->v[all->n++] = c;
	return RC_OK;
}

/* One that can't be opened doesn't end the others; what was wrong with the first is told. */
static enum rc find_or_open_all(struct copies *all, struct serve *s, struct err *e)
{
	enum rc first = RC_OK;

	for (uint8_t i = 0; i < s->lab->n_sites; i++) {
		enum rc rc =
			i == s->self ? RC_OK : find_or_open(all, s, i, first == RC_OK ? e : NULL);

		first = first == RC_OK ? rc : first;
	}
	return first;
}

static struct copies *new_copies(struct serve *s)
{
	struct copies *all = must_alloc(sizeof *all);

	arena_init(&all->arena, LAB_FILE_BYTES_MAX);
	uv_timer_init(&s->loop, &all->timer);
	all->timer.data = s;
	return all;
}

/* Samples of a site that isn't copied any more stay as long as they were to. */
static void declare(struct copy *c, const struct lab_copy *declared, int64_t every_ms)
{
	const struct store_settings settings = settings_of(declared);

	copying_declare(&c->copying, every_ms, declared->retention_ms);
	if (!every_ms)
		return;
	store_keep(c->store, &settings);
	chores_look(c->chores);
}

enum rc copies_declare(struct serve *s, struct err *e)
{
	const struct lab_copy *declared = &s->lab->metrics.copy;
	int64_t every_ms = declared->match ? declared->every_ms : 0;
	enum rc rc;

	if (!s->copies && !every_ms)
		return RC_OK;
	if (!s->copies)
		s->copies = new_copies(s);
	rc = read_selectors(s->copies, &s->lab->metrics, e);
	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < s->copies->n; i++)
		s->copies->v[i]->site = NO_SITE;
	if (every_ms)
		rc = find_or_open_all(s->copies, s, e);
	for (uint32_t i = 0; i < s->copies->n; i++)
		declare(s->copies->v[i], declared, every_ms);
	copies_look(s);
	return rc;
}

/* ---- what there is */

static int64_t newest_ms(const struct copy *c)
{
	struct store_stats stats;

	store_stats(c->store, &stats);
	return stats.min_ms > stats.max_ms ? INT64_MIN : stats.max_ms;
}

bool copies_of(void *serve, uint8_t site, struct api_copy *ret)
{
	const struct serve *s = serve;

	for (uint32_t i = 0; s->copies && i < s->copies->n; i++) {
		const struct copy *c = s->copies->v[i];

		if (c->site != site)
			continue;
		*ret = (struct api_copy){ c->store, newest_ms(c), c->copying.every_ms };
		return true;
	}
	return false;
}

static double newest_seconds(const struct copy *c)
{
	int64_t ms = newest_ms(c);

	return ms == INT64_MIN ? 0 : (double)ms / 1000;
}

static double left_out(const struct copy *c)
{
	return c->n_left_out;
}

static double samples(const struct copy *c)
{
	return (double)c->n_samples;
}

static double refused(const struct copy *c)
{
	return (double)c->n_refused;
}

static double failures(const struct copy *c)
{
	return (double)c->n_failures;
}

static const struct {
	const char *name, *type, *help;
	double (*of)(const struct copy *c);
} figures[] = {
	{ "diarchy_copy_newest_timestamp_seconds", "gauge",
		"time of the newest sample that is copied from another site; 0: none",
		newest_seconds },
	{ "diarchy_copy_series_left_out", "gauge",
		"series that match, and are too many to be copied", left_out },
	{ "diarchy_copy_samples_total", "counter", "samples copied since the start", samples },
	{ "diarchy_copy_samples_refused_total", "counter",
		"samples that were copied and could not be kept", refused },
	{ "diarchy_copy_failures_total", "counter", "questions for samples that failed", failures },
};

void copies_write_metrics(const struct serve *s, struct str *out)
{
	for (size_t f = 0; s->copies && s->copies->n && f < COUNT(figures); f++) {
		str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", figures[f].name, figures[f].help,
			figures[f].name, figures[f].type);
		for (uint32_t i = 0; i < s->copies->n; i++)
			str_addf(out, "%s{peer=\"%s\"} %.17g\n", figures[f].name,
				s->copies->v[i]->name, figures[f].of(s->copies->v[i]));
	}
}

/* ---- the end */

int copies_open(const struct serve *s)
{
	return s->copies ? (int)s->copies->n : 0;
}

void copies_stop(struct serve *s, void (*stopped)(void *ctx), void *ctx)
{
	if (!s->copies)
		return;
	s->copies->is_stopping = true;
	uv_timer_stop(&s->copies->timer);
	for (uint32_t i = 0; i < s->copies->n; i++)
		chores_stop(s->copies->v[i]->chores, stopped, ctx);
}

void copies_free(struct serve *s)
{
	struct copies *all = TAKE(s->copies);

	if (!all)
		return;
	for (uint32_t i = 0; i < all->n; i++)
		free_copy(all->v[i]);
	arena_fini(&all->arena);
	free(all);
}

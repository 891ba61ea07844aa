/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/sites.h"

#include "api/prometheus/gone.h"
#include "api/prometheus/samples.h"
#include "core/promql/engine.h"
#include "core/promql/memory_source.h"
#include "core/promql/print.h"

#include <stdio.h>
#include <uv.h>

#define TIME_TEXT_MAX 48
#define ASKED_AT_ONCE 4 /* of ASKINGS_MAX: others ask, too */
#define TIMEOUT_MS    (2 * MINUTE_MS)
#define LOOKBACK_MS   (5 * MINUTE_MS) /* of a query that says nothing of it */

/* Samples of a peer that a run looked for. */
struct want {
	uint8_t site;
	struct series_query query; /* its matchers live as long as the job */
	bool is_asked;
	struct str answer;          /* as it came */
	struct memory_source *here; /* unpacked; NULL: not yet */
};

/* A peer that a job goes on without. */
struct gone {
	bool is_gone;
	char why[REASON_BYTES_MAX];
	struct store_view *copy; /* NULL: there is none */
	struct series_source source;
	int64_t heard_ms; /* wall time; 0: never */
	char heard[TIME_TEXT_MAX];
	int64_t newest_ms, every_ms; /* of the copy */
};

struct sites {
	struct api *api;
	struct site_names names;
	uint32_t others; /* that may be asked, or their copies */
	uint32_t named;  /* by the question; 0: none */
	const struct series_source *own;
	struct arena *arena;
	int64_t now_ms;
	uv_mutex_t lock; /* of what follows, and the arena, while the pool runs */
	struct want wants[SITE_WANTS_MAX];
	uint32_t n_wants, n_asked;   /* asked, and not answered yet */
	uint64_t n_bytes, n_samples; /* of answers, packed; of what they held */
	uint64_t n_unpacked;         /* bytes of that */
	bool is_wanting;             /* this run found a new want */
	bool has_part;               /* something of what was asked for could be had */
	struct gone gone[SITES_MAX];
	const char **strange; /* selectors that no series of a copy matches */
	uint32_t n_strange, cap_strange;
	enum rc rc; /* of fetching */
	struct err e;
	void (*fetched)(void *ctx, enum rc rc, const struct err *e);
	void *ctx;
};

enum rc sites_new(struct sites **ret, struct call *c, const struct series_source *own,
	struct arena *a, struct err *e)
{
	struct sites *s = must_alloc(sizeof *s);

	s->api = c->api;
	s->own = own;
	s->arena = a;
	s->now_ms = c->now.wall.ms;
	uv_mutex_init(&s->lock);
	if (!whose_names(c->api, a, &s->names)) {
		sites_free(s);
		return err_set(e, RC_LIMIT, "too many parameters");
	}
	if (!c->site_answered && c->api->setup.ask_site)
		s->others = ((1u << s->names.n) - 1) & ~(1u << s->names.self);
	*ret = s;
	return RC_OK;
}

void sites_free(struct sites *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n_wants; i++) {
		str_fini(&s->wants[i].answer);
		memory_source_free(s->wants[i].here);
	}
	for (uint32_t i = 0; i < SITES_MAX; i++)
		store_view_free(s->gone[i].copy);
	uv_mutex_destroy(&s->lock);
	free(s->strange);
	free(s);
}

const struct site_names *sites_names(const struct sites *s)
{
	return &s->names;
}

/* ---- reading */

struct part {
	uint8_t site;
	bool is_copy, was_looked_at;
	const struct series_source *source;
	struct series_source held; /* `source` may point here */
	struct series_cursor *cursor;
	uint64_t n_series;
};

struct series_cursor {
	struct sites *sites;
	struct own_matchers wanted;
	struct part parts[SITES_MAX];
	uint32_t n, at;
	struct label *labels; /* of the series that is shown, if one was added */
	uint32_t cap;
};

static void close_parts(struct series_cursor *c);

static struct part *add_part(struct series_cursor *c, uint8_t site,
	const struct series_source *source)
{
	struct part *p = &c->parts[c->n];

	*p = (struct part){ .site = site, .source = source };
	return p;
}

/* What a site keeps: this one, or a copy of another's. */
static enum rc open_kept(struct series_cursor *c, uint8_t site, const struct series_source *source,
	const struct series_query *q, struct err *e)
{
	struct part *p = add_part(c, site, source);
	struct series_query own = *q;
	struct own_matchers matchers;
	enum rc rc;

	uv_mutex_lock(&c->sites->lock);
	rc = whose_own(&c->wanted, c->sites->arena, &matchers, e);
	__atomic_store_n(&c->sites->has_part, true, __ATOMIC_RELAXED);
	uv_mutex_unlock(&c->sites->lock);
	if (rc != RC_OK)
		return rc;
	own.matchers = matchers.v;
	own.n_matchers = matchers.n;
	rc = source->open(source->self, &own, &p->cursor, e);
	if (rc != RC_OK)
		return rc;
	c->n++;
	return RC_OK;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && str_eq(a, b));
}

static bool same_query(const struct series_query *a, const struct series_query *b)
{
	return a->matchers == b->matchers && a->min_ms == b->min_ms && a->max_ms == b->max_ms &&
	       a->first_ms == b->first_ms && a->step_ms == b->step_ms &&
	       a->range_ms == b->range_ms && same_text(a->function, b->function);
}

/* With the lock.  NULL: there is no room for another. */
static struct want *find_want(struct sites *s, uint8_t site, const struct series_query *q)
{
	for (uint32_t i = 0; i < s->n_wants; i++)
		if (s->wants[i].site == site && same_query(&s->wants[i].query, q))
			return &s->wants[i];
	if (s->n_wants == SITE_WANTS_MAX)
		return NULL;
	s->wants[s->n_wants] = (struct want){ .site = site, .query = *q };
	__atomic_store_n(&s->is_wanting, true, __ATOMIC_RELAXED);
	return &s->wants[s->n_wants++];
}

static enum rc open_fetched(struct series_cursor *c, uint8_t site, const struct series_query *q,
	struct err *e)
{
	struct sites *s = c->sites;
	struct series_query all = *q;
	struct memory_source *here = NULL;
	const struct want *want;
	struct part *p;
	enum rc rc;

	uv_mutex_lock(&s->lock);
	want = find_want(s, site, q);
	if (want)
		here = want->here;
	if (here)
		__atomic_store_n(&s->has_part, true, __ATOMIC_RELAXED);
	uv_mutex_unlock(&s->lock);
	if (!want)
		return err_set(e, RC_LIMIT, "a query has at most %d selectors of other sites",
			SITE_WANTS_MAX);
	if (!here)
		return RC_OK;
	p = add_part(c, site, NULL);
	p->held = memory_source_source(here);
	p->source = &p->held;
	all.n_matchers = 0;
	rc = p->source->open(p->source->self, &all, &p->cursor, e);
	c->n += rc == RC_OK;
	return rc;
}

static enum rc open_part(struct series_cursor *c, uint8_t site, const struct series_query *q,
	struct err *e)
{
	struct sites *s = c->sites;
	struct gone *gone = &s->gone[site];
	enum rc rc;

	if (site == s->names.self)
		return open_kept(c, site, s->own, q, e);
	if (!(s->others & 1u << site))
		return RC_OK;
	if (!gone->is_gone)
		return open_fetched(c, site, q, e);
	if (!gone->copy)
		return RC_OK;
	rc = open_kept(c, site, &gone->source, q, e);
	if (rc == RC_OK)
		c->parts[c->n - 1].is_copy = true;
	return rc;
}

static enum rc open_cursor(void *self, const struct series_query *q, struct series_cursor **ret,
	struct err *e)
{
	struct sites *s = self;
	struct selector_sites named = whose_selector(&s->names, q->matchers, q->n_matchers);
	struct series_cursor *c = must_alloc(sizeof *c);
	enum rc rc = RC_OK;

	c->sites = s;
	c->wanted = (struct own_matchers){ q->matchers, q->n_matchers };
	if (!named.is_named) {
		__atomic_store_n(&s->has_part, true, __ATOMIC_RELAXED);
		rc = s->own->open(s->own->self, q, &add_part(c, NO_SITE, s->own)->cursor, e);
		c->n += rc == RC_OK;
	}
	for (uint8_t i = 0; rc == RC_OK && named.is_named && i < s->names.n; i++)
		if (named.sites & 1u << i)
			rc = open_part(c, i, q, e);
	if (rc != RC_OK) {
		close_parts(c);
		return rc;
	}
	*ret = c;
	return RC_OK;
}

/* With the label `site`, where that was asked by. */
static void show_site(struct series_cursor *c, const char *name, struct labels *l)
{
	uint32_t n = 0;

	if (l->n + 1 > c->cap) {
		c->cap = l->n + 32;
		c->labels = must_realloc(c->labels, c->cap * sizeof *c->labels);
	}
	for (; n < l->n && strcmp(l->v[n].name, SITE_LABEL) < 0; n++)
		c->labels[n] = l->v[n];
	c->labels[n] =
		(struct label){ SITE_LABEL, name, strlen(SITE_LABEL), (uint32_t)strlen(name) };
	for (uint32_t i = n; i < l->n; i++)
		c->labels[i + 1] = l->v[i];
	*l = (struct labels){ c->labels, l->n + 1 };
}

/* It says to be of another site of the lab: that has it itself. */
static bool is_of_another(const struct sites *s, const struct part *p, const struct labels *l)
{
	const char *value = labels_get(l, SITE_LABEL);

	for (uint8_t i = 0; i < s->names.n; i++)
		if (i != p->site && str_eq(value, s->names.v[i]))
			return true;
	return false;
}

static enum rc next_of_part(struct series_cursor *c, struct part *p, struct labels *ret,
	bool *ret_has, struct err *e)
{
	const char *name = p->site == NO_SITE ? NULL : c->sites->names.v[p->site];
	enum rc rc;

	p->was_looked_at = true;
	do {
		rc = p->source->next(p->cursor, ret, ret_has, e);
		if (rc != RC_OK || !*ret_has || !name)
			return rc;
	} while (!whose_is_kept(&c->wanted, ret, name) || is_of_another(c->sites, p, ret));
	p->n_series++;
	if (!labels_find(ret, SITE_LABEL))
		show_site(c, name, ret);
	return RC_OK;
}

static enum rc next_series(struct series_cursor *c, struct labels *ret, bool *ret_has,
	struct err *e)
{
	*ret_has = false;
	if (__atomic_load_n(&c->sites->is_wanting, __ATOMIC_RELAXED))
		return RC_OK; /* this run is in vain */
	for (; c->at < c->n; c->at++) {
		enum rc rc = next_of_part(c, &c->parts[c->at], ret, ret_has, e);

		if (rc != RC_OK || *ret_has)
			return rc;
	}
	return RC_OK;
}

static enum rc read_samples(struct series_cursor *c, struct series_column *column, struct err *e)
{
	struct part *p = &c->parts[c->at];

	return p->source->read(p->cursor, column, e);
}

static void print_selector(const struct own_matchers *m, struct str *out)
{
	const struct promql_node node = { .kind = PROMQL_SELECTOR,
		.type = PROMQL_VECTOR,
		.selector = { .matchers = m->v, .n_matchers = m->n } };

	promql_print(&node, out);
}

static void note_strange(struct sites *s, const struct own_matchers *wanted)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	const char *kept;

	text.limit_bytes = 200;
	print_selector(wanted, &text);
	uv_mutex_lock(&s->lock);
	kept = arena_strdup(s->arena, str_c(&text));
	for (uint32_t i = 0; kept && i < s->n_strange; i++)
		if (str_eq(s->strange[i], kept))
			kept = NULL;
	if (kept) {
		must_grow(s->strange, s->n_strange, s->cap_strange);
		s->strange[s->n_strange++] = kept;
	}
	uv_mutex_unlock(&s->lock);
}

static void close_parts(struct series_cursor *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct part *p = &c->parts[i];

		p->source->close(p->cursor);
		if (p->is_copy && p->was_looked_at && !p->n_series)
			note_strange(c->sites, &c->wanted);
	}
	free(c->labels);
	free(c);
}

struct series_source sites_source(struct sites *s)
{
	return (struct series_source){ .self = s,
		.open = open_cursor,
		.next = next_series,
		.read = read_samples,
		.close = close_parts };
}

/* ---- fetching */

bool sites_wants(const struct sites *s)
{
	return s->is_wanting;
}

enum rc sites_unpack(struct sites *s, struct err *e)
{
	if (s->rc != RC_OK)
		return err_set(e, s->rc, "%s", s->e.text);
	s->is_wanting = s->has_part = false;
	for (uint32_t i = 0; i < s->n_wants; i++) {
		struct want *w = &s->wants[i];
		struct memory_source *here;
		struct series_sink sink;
		struct samples_got got;
		enum rc rc;

		if (w->here || !w->answer.len)
			continue;
		here = memory_source_new();
		sink = memory_source_sink(here);
		rc = samples_take(w->answer.s, w->answer.len, &sink, &got, e);
		str_fini(&w->answer);
		w->here = here;
		if (rc != RC_OK)
			return err_in(e, rc, "what %s answered", s->names.v[w->site]);
		s->n_samples += got.n_samples;
		s->n_unpacked += got.n_bytes;
		if (s->n_unpacked > SITE_QUERY_BYTES_MAX)
			return err_set(e, RC_LIMIT,
				"other sites answer with more than %d bytes of series: ask more "
				"narrowly, or of one site",
				SITE_QUERY_BYTES_MAX);
		if (s->n_samples > SITE_QUERY_SAMPLES_MAX)
			return err_set(e, RC_LIMIT,
				"the query reads more than %d samples of other sites: ask for less "
				"time, or for one site",
				SITE_QUERY_SAMPLES_MAX);
	}
	return RC_OK;
}

/* NULL: the lab is another one by now. */
static const struct link *link_to(const struct sites *s, uint8_t site)
{
	const struct lab *lab = site_lab(s->api->setup.site);

	return site < lab->n_sites && str_eq(lab->sites[site].name, s->names.v[site])
		       ? site_link(s->api->setup.site, site)
		       : NULL;
}

static void note_heard(struct sites *s, struct gone *gone, const struct link *l)
{
	struct now now = s->api->setup.now(s->api->setup.ctx);
	const struct tz *zone = site_lab(s->api->setup.site)->notify.reader_zone;

	if (!l->peer[0])
		return;
	gone->heard_ms = s->now_ms - (now.mono.ms - l->heard.ms);
	tz_text(zone, (struct wall){ gone->heard_ms }, (struct wall){ s->now_ms }, gone->heard,
		sizeof gone->heard);
}

void sites_go_without(struct sites *s, uint8_t site, const char *why)
{
	struct gone *gone = &s->gone[site];
	const struct link *l = link_to(s, site);
	struct api_copy copy;

	if (gone->is_gone)
		return;
	gone->is_gone = true;
	str_copy(gone->why, sizeof gone->why, why);
	if (!l)
		return;
	note_heard(s, gone, l);
	if (!s->api->setup.copy_of || !s->api->setup.copy_of(s->api->setup.ctx, site, &copy))
		return;
	gone->copy = store_view_new(copy.store);
	gone->source = *store_view_source(gone->copy);
	gone->newest_ms = copy.newest_ms;
	gone->every_ms = copy.every_ms;
}

void sites_fail(struct sites *s, enum rc rc, const char *why)
{
	if (s->rc == RC_OK)
		s->rc = err_set(&s->e, rc, "%s", why);
}

static bool is_reachable(const struct sites *s, uint8_t site)
{
	const struct link *l = link_to(s, site);

	return l && link_is_current(l, l->connection);
}

struct asked { /* of one want; the job waits for it */
	struct sites *sites;
	uint32_t want;
};

static void go_on(struct sites *s);

static void refuse(struct sites *s, uint8_t site, const struct api_site_answer *a)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	json_t *said = json_loadb(str_c(&a->body), a->body.len, 0, NULL);
	const char *why = json_string_value(json_object_get(said, "error"));

	str_addf(&text, "%s answers: %s", s->names.v[site],
		why ? why : "something that is no answer");
	sites_fail(s, RC_LIMIT, str_c(&text));
	json_decref(said);
}

static void on_answer(void *ctx, struct api_site_answer *a)
{
	struct asked *asked = ctx;
	struct sites *s = asked->sites;
	struct want *w = &s->wants[asked->want];

	free(asked);
	s->n_asked--;
	if (!a->status)
		sites_go_without(s, w->site, a->why);
	else if (a->status != 200)
		refuse(s, w->site, a);
	else {
		w->answer = a->body;
		a->body = STR_EMPTY;
		s->n_bytes += w->answer.len;
	}
	if (s->n_bytes > ASKING_ANSWER_BYTES_MAX)
		sites_fail(s, RC_LIMIT,
			"other sites answer too much for this query: ask for less time, or for one "
			"site");
	go_on(s);
}

static enum rc ask(struct sites *s, uint32_t i, struct err *e)
{
	const struct want *w = &s->wants[i];
	const struct samples_wish wish = { .query = &w->query };
	const struct own_matchers matchers = { w->query.matchers, w->query.n_matchers };
	scoped(str_fini) struct str form = STR_EMPTY, selector = STR_EMPTY;
	struct api_question q = { ASKING_SAMPLES, "", NULL, TIMEOUT_MS };
	struct asked *asked = must_alloc(sizeof *asked);
	enum rc rc;

	*asked = (struct asked){ s, i };
	print_selector(&matchers, &selector);
	samples_ask(&form, &wish);
	samples_ask_of(&form, str_c(&selector));
	q.form = str_c(&form);
	rc = s->api->setup.ask_site(s->api->setup.ctx, w->site, &q, on_answer, asked, e);
	if (rc != RC_OK)
		free(asked);
	else
		s->n_asked++;
	return rc;
}

static void ask_or_go_without(struct sites *s, uint32_t i)
{
	uint8_t site = s->wants[i].site;
	const struct link *l = link_to(s, site);
	struct err e = { 0 };
	enum rc rc;

	s->wants[i].is_asked = true;
	if (s->gone[site].is_gone)
		return;
	if (!is_reachable(s, site)) {
		sites_go_without(s, site, l ? l->why : "");
		return;
	}
	rc = ask(s, i, &e);
	if (rc == RC_OFFLINE)
		sites_go_without(s, site, e.text);
	else if (rc != RC_OK)
		sites_fail(s, rc, e.text);
}

/* Ask for more, or be done. */
static void go_on(struct sites *s)
{
	for (uint32_t i = 0; i < s->n_wants && s->n_asked < ASKED_AT_ONCE && s->rc == RC_OK; i++)
		if (!s->wants[i].is_asked)
			ask_or_go_without(s, i);
	if (!s->n_asked)
		s->fetched(s->ctx, s->rc, &s->e);
}

void sites_fetch(struct sites *s, void (*fetched)(void *ctx, enum rc rc, const struct err *e),
	void *ctx)
{
	s->fetched = fetched;
	s->ctx = ctx;
	go_on(s);
}

uint8_t sites_alone(struct sites *s, uint32_t named)
{
	s->named = named;
	for (uint8_t i = 0; i < s->names.n; i++)
		if (named == 1u << i && named & s->others && is_reachable(s, i))
			return i;
	return NO_SITE;
}

/* ---- what is said of it */

static const struct gone *only_gone(const struct sites *s)
{
	const struct gone *only = NULL;

	for (uint32_t i = 0; i < SITES_MAX; i++)
		if (s->gone[i].is_gone)
			only = &s->gone[i];
	return only;
}

enum rc sites_verdict(const struct sites *s, struct err *e)
{
	const struct gone *gone = only_gone(s);
	scoped(str_fini) struct str text = STR_EMPTY;
	struct gone_peer peer;

	if (!gone || s->has_part)
		return RC_OK;
	peer = (struct gone_peer){ .name = s->names.v[gone - s->gone],
		.silent_ms = gone->heard_ms ? s->now_ms - gone->heard_ms : GONE_NEVER_MS,
		.why = gone->why,
		.advice = "its samples are kept there, ask again when the link is up (`diarchy "
			  "status`), or let the sites keep a copy of each other's (metrics.copy)" };
	gone_write(&peer, &text);
	return err_set(e, RC_OFFLINE, "%s", str_c(&text));
}

static void say_since(const struct sites *s, const struct gone *gone, struct str *out)
{
	str_add(out, s->names.v[gone - s->gone]);
	if (gone->heard_ms)
		str_addf(out, " was heard at %s for the last time", gone->heard);
	else
		str_add(out, " has not been heard since this site started");
	if (gone->why[0])
		str_addf(out, " (%s)", gone->why);
}

static void say_gone(const struct sites *s, const struct gone *gone, struct str *out)
{
	int64_t age_ms = gone->newest_ms < s->now_ms ? s->now_ms - gone->newest_ms : 0;
	char ago[DURATION_TEXT_MAX];

	say_since(s, gone, out);
	if (!gone->copy)
		str_add(out, ": its series are missing here");
	else if (gone->newest_ms == INT64_MIN)
		str_add(out, ": its copy at this site is empty");
	else
		str_addf(out,
			": its series are from the copy at this site, whose newest sample is %s "
			"old",
			duration_text(distance_ms(age_ms), ago));
}

static void add_warning(struct sites *s, struct sites_warnings *w, const struct str *text)
{
	const char *kept = arena_strdup(s->arena, str_c(text));

	if (kept)
		w->v[w->n++] = kept;
}

struct sites_warnings sites_warnings(struct sites *s)
{
	struct sites_warnings w = { arena_alloc(s->arena, (SITES_MAX + s->n_strange) * sizeof *w.v),
		0 };
	scoped(str_fini) struct str text = STR_EMPTY;

	for (uint32_t i = 0; w.v && i < SITES_MAX; i++) {
		if (!s->gone[i].is_gone)
			continue;
		str_clear(&text);
		say_gone(s, &s->gone[i], &text);
		add_warning(s, &w, &text);
	}
	for (uint32_t i = 0; w.v && i < s->n_strange; i++) {
		str_clear(&text);
		str_addf(&text,
			"%s: no series in the copy matches; metrics.copy says what is copied",
			s->strange[i]);
		add_warning(s, &w, &text);
	}
	return w;
}

void sites_fit(const struct sites *s, struct promql_query *q)
{
	const struct gone *gone = only_gone(s);

	if (!gone || !gone->copy || s->named != 1u << (gone - s->gone) ||
		gone->newest_ms == INT64_MIN)
		return;
	if (!q->step_ms && q->start_ms > gone->newest_ms)
		q->start_ms = q->end_ms = gone->newest_ms;
	if (!q->lookback_ms && 2 * gone->every_ms > LOOKBACK_MS)
		q->lookback_ms = 2 * gone->every_ms;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulers: each site evaluates rules over a metric that goes away and comes back.
 *
 * Rules and what outlives a start are the real ones; expressions are a model: the name of what they
 * read, and "or 0" behind it where they provide for its not being there.  That file is written as
 * whole as the real one, and no fault takes it.
 */
#include "sim/rulers.h"

#include "core/rules/past.h"
#include "port/yaml/yaml.h"

#define LOOK_MS (15 * SECOND_MS)

static const char text[] = "groups:\n"
			   "- name: g\n"
			   "  interval: 1m\n"
			   "  rules:\n"
			   "  - {record: total, expr: used}\n"
			   "  - {alert: NoDisk, expr: used or 0}\n";

struct ruler {
	struct world *w;
	uint8_t site;
	bool is_gone; /* what the rules read */
	struct rule_file *file;
	struct rules *rules; /* of the process of this generation */
	uint64_t generation;
	struct str past; /* on its disk */
	uint64_t stamp;
};

struct rulers {
	struct ruler v[SIM_SITES];
};

/* ---- the world of the rules */

static enum rc parse(void *ctx, const char *expression, struct arena *a, const void **ret,
	struct err *e)
{
	(void)ctx;
	(void)e;
	*ret = arena_strdup(a, expression);
	return RC_OK;
}

static enum rc reads(void *ctx, const void *expression, struct arena *a, struct rules_reads *ret)
{
	static const char *const metrics[] = { "used" };

	(void)ctx;
	(void)a;
	*ret = (struct rules_reads){ metrics, 1, strstr(expression, " or 0") != NULL };
	return RC_OK;
}

static enum rc query(void *ctx, const void *expression, int64_t at_ms, struct arena *a,
	struct rules_vector *ret, struct err *e)
{
	const struct ruler *r = ctx;

	(void)expression;
	(void)at_ms;
	(void)a;
	(void)e;
	*ret = (struct rules_vector){ .series_read = !r->is_gone };
	return RC_OK;
}

static struct rules_world world_of(struct ruler *r)
{
	return (struct rules_world){ .ctx = r, .parse = parse, .reads = reads, .query = query };
}

static enum rc sink_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	(void)self;
	(void)l;
	(void)e;
	*ret = 1;
	return RC_OK;
}

static enum rc sink_commit(void *self, struct err *e)
{
	(void)self;
	(void)e;
	return RC_OK;
}

/* ---- a site's */

static struct rule_file *read_file(struct ruler *r)
{
	struct str yaml = { .s = (char *)(uintptr_t)text, .len = strlen(text) };
	const struct rules_world world = world_of(r);
	scoped(findings_fini) struct findings findings = { 0 };
	struct rule_file *file = NULL;
	struct doc doc;

	must(yaml_parse(&doc, "r.yml", &yaml, &findings, NULL) == RC_OK);
	must(rule_file_read(&file, &doc, &world, &findings, NULL) == RC_OK);
	doc_fini(&doc);
	return file;
}

static void start(struct ruler *r, struct wall now)
{
	const struct rules_config c = { .files = (const struct rule_file *const *)&r->file,
		.n_files = 1,
		.sink = { .self = r, .series = sink_series, .commit = sink_commit },
		.outside = { .external_url = "" },
		.interval_ms = MINUTE_MS,
		.blind_after_ms = RULER_BLIND_MS };

	rules_free(r->rules);
	r->rules = rules_new(&c, now);
	r->generation = r->w->sites[r->site].generation;
	if (r->past.len && rules_past_read(r->rules, now, &r->past, NULL) != RC_OK)
		world_breach(r->w, "site%u can't read what its rules knew", r->site);
	r->stamp = rules_past_stamp(r->rules);
}

static void tell(struct ruler *r, const struct rules_job *job)
{
	struct world *w = r->w;
	struct now now = world_now(w, r->site);
	struct rule_word word;
	uint32_t at = 0;

	while (rules_word(r->rules, job, &at, &word)) {
		const struct posted_alert posted = { .labels = word.alert->labels,
			.annotations = word.alert->annotations,
			.starts = { word.starts_ms },
			.ends = { word.ends_ms } };

		if (word.rule->reads.is_ready_for_none)
			world_breach(w, "oracle 2: %s provides for nothing, and is told as blind",
				word.rule->name);
		if (site_alerts(w->sites[r->site].site, now, &posted, 1, NULL) != RC_OK)
			world_breach(w, "site%u refuses its own rule's alert", r->site);
	}
}

static void keep(struct ruler *r, struct wall now)
{
	if (r->stamp == rules_past_stamp(r->rules))
		return;
	r->stamp = rules_past_stamp(r->rules);
	str_clear(&r->past);
	rules_past_write(r->rules, now, &r->past);
}

static void evaluate(struct ruler *r)
{
	struct wall now = world_now(r->w, r->site).wall;
	const struct rules_outside outside = { .external_url = "" };
	const struct rules_world world = world_of(r);
	struct rules_job job;
	uint32_t n;

	if (!r->rules || r->generation != r->w->sites[r->site].generation)
		start(r, now);
	while (rules_begin(r->rules, now, &job)) {
		scoped(rule_outcome_fini) struct rule_outcome o;

		rule_evaluate(&job, &world, &outside, &o);
		rules_end(r->rules, now, &job, &o, &n);
		keep(r, now);
		tell(r, &job);
	}
	world_drain(r->w, r->site);
}

static void look(struct world *w, void *arg)
{
	struct ruler *r = arg;

	world_later(w, LOOK_MS, look, arg, NULL);
	if (w->sites[r->site].site)
		evaluate(r);
}

/* ---- all of them */

void rulers_start(struct world *w)
{
	w->rulers = must_alloc(sizeof *w->rulers);
	for (uint8_t i = 0; i < SIM_SITES; i++) {
		struct ruler *r = &w->rulers->v[i];

		*r = (struct ruler){ .w = w, .site = i };
		r->file = read_file(r);
		world_later(w, LOOK_MS + i, look, r, NULL);
	}
}

void rulers_set(struct world *w, uint8_t site, bool is_gone)
{
	w->rulers->v[site].is_gone = is_gone;
}

void rulers_fini(struct world *w)
{
	for (uint8_t i = 0; w->rulers && i < SIM_SITES; i++) {
		rules_free(w->rulers->v[i].rules);
		rule_file_free(w->rulers->v[i].file);
		str_fini(&w->rulers->v[i].past);
	}
	free(w->rulers);
}

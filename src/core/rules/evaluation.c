/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/evaluation.h"

#include "base/limits.h"

#define ALERT_NAME "alertname"

struct evaluation {
	const struct rules_job *job;
	const struct rules_world *world;
	const struct rules_outside *outside;
	struct rule_outcome *o;
};

/* Labels under construction. */
struct builder {
	struct label *v;
	uint32_t n;
};

void rule_outcome_fini(struct rule_outcome *o)
{
	arena_fini(&o->arena);
}

static enum rc fail(struct evaluation *ev, enum rc rc, const char *text)
{
	ev->o->rc = rc;
	return err_set(&ev->o->error, rc, "%s", text);
}

static enum rc fail_full(struct evaluation *ev)
{
	ev->o->rc = RC_LIMIT;
	return err_set(&ev->o->error, RC_LIMIT, "what the rule gives takes more than %d bytes",
		RULE_RESULT_BYTES_MAX);
}

/* An empty value takes the label away (labels_sort drops it). */
static void set(struct builder *b, const char *name, const char *value)
{
	struct label l = { name, value, (uint32_t)strlen(name), (uint32_t)strlen(value) };

	for (uint32_t i = 0; i < b->n; i++)
		if (str_eq(b->v[i].name, name)) {
			b->v[i] = l;
			return;
		}
	b->v[b->n++] = l;
}

static const char *kept(struct evaluation *ev, const struct str *s)
{
	return arena_strndup(&ev->o->arena, str_c(s), s->len);
}

/* NULL: no memory. */
static const char *expanded(struct evaluation *ev, const struct rule_text *t,
	const struct rules_template_data *d)
{
	const struct rules_world *w = ev->world;
	scoped(str_fini) struct str out = STR_EMPTY, why = STR_EMPTY;

	if (!t->template)
		return t->text;
	if (w->expand(w->ctx, t->template, d, &out, &why) == RC_OK)
		return kept(ev, &out);
	str_addf(&out, "<error expanding template: error executing template __alert_%s: %s>",
		ev->job->rule->name, str_c(&why));
	if (ev->o->n_warnings++ == 0)
		ev->o->warning = kept(ev, &why);
	return kept(ev, &out);
}

static enum rc add_texts(struct evaluation *ev, const struct rule_texts *texts,
	const struct rules_template_data *d, struct builder *b)
{
	for (uint32_t i = 0; i < texts->n; i++) {
		const char *value = expanded(ev, &texts->v[i], d);

		if (!value)
			return fail_full(ev);
		set(b, texts->v[i].name, value);
	}
	return RC_OK;
}

static enum rc make_annotations(struct evaluation *ev, const struct rules_template_data *d,
	struct rule_found *f)
{
	const struct rule_texts *texts = &ev->job->rule->annotations;
	struct builder b = { arena_alloc(&ev->o->arena, (texts->n + 1) * sizeof *b.v), 0 };

	if (!b.v)
		return fail_full(ev);
	if (add_texts(ev, texts, d, &b) != RC_OK)
		return ev->o->rc;
	f->annotations = (struct labels){ b.v, b.n }; /* they were in order */
	return RC_OK;
}

static enum rc make_labels(struct evaluation *ev, const struct rules_sample *s,
	const struct rules_template_data *d, struct rule_found *f)
{
	const struct rule *rule = ev->job->rule;
	uint32_t most = s->labels.n + rule->labels.n + 1;
	struct builder b = { arena_alloc(&ev->o->arena, most * sizeof *b.v), 0 };

	if (!b.v)
		return fail_full(ev);
	for (uint32_t i = 0; i < s->labels.n; i++)
		if (!str_eq(s->labels.v[i].name, METRIC_NAME))
			b.v[b.n++] = s->labels.v[i];
	if (!rule->is_alert)
		set(&b, METRIC_NAME, rule->name);
	if (add_texts(ev, &rule->labels, d, &b) != RC_OK)
		return ev->o->rc;
	if (rule->is_alert)
		set(&b, ALERT_NAME, rule->name);
	return labels_sort(b.v, b.n, &f->labels, &ev->o->error);
}

static enum rc take_sample(struct evaluation *ev, const struct rules_sample *s,
	struct rule_found *f)
{
	const struct rules_template_data d = {
		.labels = s->labels,
		.external_labels = ev->outside->external_labels,
		.external_url = ev->outside->external_url,
		.v = s->v,
		.h = s->h,
		.at_ms = ev->job->at_ms,
	};

	f->v = s->v;
	f->h = s->h;
	if (make_labels(ev, s, &d, f) != RC_OK)
		return ev->o->rc;
	return ev->job->rule->is_alert ? make_annotations(ev, &d, f) : RC_OK;
}

static int compare_found(const void *a, const void *b)
{
	return labels_compare(&((const struct rule_found *)a)->labels,
		&((const struct rule_found *)b)->labels);
}

static enum rc sort_found(struct evaluation *ev)
{
	struct rule_outcome *o = ev->o;

	if (o->n > 1)
		qsort(o->found, o->n, sizeof *o->found, compare_found);
	for (uint32_t i = 1; i < o->n; i++)
		if (labels_equal(&o->found[i - 1].labels, &o->found[i].labels))
			return fail(ev, RC_INPUT,
				ev->job->rule->is_alert
					? "vector contains metrics with the same labelset after "
					  "applying alert labels"
					: "vector contains metrics with the same labelset after "
					  "applying rule labels");
	return RC_OK;
}

static enum rc run(struct evaluation *ev)
{
	const struct rules_world *w = ev->world;
	struct rule_outcome *o = ev->o;
	struct rules_vector vector = { 0 };

	o->rc = w->query(w->ctx, ev->job->rule->parsed, ev->job->sample_ms, &o->arena, &vector,
		&o->error);
	if (o->rc != RC_OK)
		return o->rc;
	o->series_read = vector.series_read;
	if (vector.n > RULE_RESULTS_MAX) {
		o->rc = RC_LIMIT;
		return err_set(&o->error, RC_LIMIT, "it gives %u series, more than %d", vector.n,
			RULE_RESULTS_MAX);
	}
	o->found = arena_alloc(&o->arena, (vector.n + 1) * sizeof *o->found);
	if (!o->found)
		return fail_full(ev);
	for (uint32_t i = 0; i < vector.n; i++)
		if (take_sample(ev, &vector.v[i], &o->found[i]) != RC_OK)
			return o->rc;
	o->n = vector.n;
	return sort_found(ev);
}

void rule_evaluate(const struct rules_job *job, const struct rules_world *world,
	const struct rules_outside *outside, struct rule_outcome *ret)
{
	struct evaluation ev = { job, world, outside, ret };

	*ret = (struct rule_outcome){ .warning = "" };
	arena_init(&ret->arena, RULE_RESULT_BYTES_MAX);
	if (run(&ev) != RC_OK)
		ret->n = 0;
}

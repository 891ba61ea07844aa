/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/rules_fixture.h"

#include "base/doc_fixture.h"

#include <stdio.h>

static enum rc parse(void *ctx, const char *expression, struct arena *a, const void **ret,
	struct err *e)
{
	(void)ctx;
	if (strstr(expression, "bad"))
		return err_set(e, RC_INPUT, "1:1: parse error: it is bad");
	*ret = arena_strdup(a, expression);
	return RC_OK;
}

/* An expression is the name of the metric that it reads, "or 0" behind it for what is ready for none. */
static enum rc reads(void *ctx, const void *expression, struct arena *a, struct rules_reads *ret)
{
	const char **name = arena_alloc(a, sizeof *name);

	(void)ctx;
	*name = expression;
	*ret = (struct rules_reads){ name, 1, strstr(expression, " or 0") != NULL };
	return RC_OK;
}

/* A template is "{{name}}": the label of that name; "{{!}}" fails, "{{" alone is refused. */
static enum rc parse_template(void *ctx, const char *name, const char *text, struct arena *a,
	const void **ret, struct str *why)
{
	(void)ctx;
	if (!strstr(text, "}}")) {
		str_addf(why, "template: %s:1: unclosed action", name);
		return RC_INPUT;
	}
	*ret = arena_strdup(a, text);
	return RC_OK;
}

static enum rc expand(void *ctx, const void *template, const struct rules_template_data *d,
	struct str *out, struct str *why)
{
	const char *open = strstr(template, "{{"), *close = strstr(template, "}}");
	char name[64];

	(void)ctx;
	snprintf(name, sizeof name, "%.*s", (int)(close - open) - 2, open + 2);
	if (str_eq(name, "!")) {
		str_add(why, "it failed");
		return RC_INPUT;
	}
	str_addn(out, template, (size_t)(open - (const char *)template));
	if (str_eq(name, "value"))
		str_addf(out, "%g", d->v);
	else
		str_add(out, labels_get(&d->labels, name));
	str_add(out, close + 2);
	return RC_OK;
}

/* "a=1,b=2" into labels. */
static struct labels labels_from(char *text, struct arena *a)
{
	struct label *v = arena_alloc(a, 16 * sizeof *v);
	struct labels l;
	uint32_t n = 0;
	char *save;

	for (char *it = strtok_r(text, ",", &save); it; it = strtok_r(NULL, ",", &save)) {
		char *value = strchr(it, '=');

		*value++ = '\0';
		v[n++] = (struct label){ it, value, (uint32_t)strlen(it), (uint32_t)strlen(value) };
	}
	must(labels_sort(v, n, &l, NULL) == RC_OK);
	return l;
}

static void read_answer(char *text, struct arena *a, struct rules_vector *ret)
{
	struct rules_sample *v = arena_alloc(a, 16 * sizeof *v);
	char *save;

	for (char *it = strtok_r(text, ";", &save); it; it = strtok_r(NULL, ";", &save)) {
		char *space;

		it += strspn(it, " ");
		space = strchr(it, ' ');
		*space = '\0';
		v[ret->n].v = atof(space + 1);
		v[ret->n++].labels = labels_from(it, a);
	}
	ret->v = v;
	ret->series_read = ret->n;
}

static enum rc query(void *ctx, const void *expression, int64_t at_ms, struct arena *a,
	struct rules_vector *ret, struct err *e)
{
	const struct fixture *f = ctx;
	const char *answer = map_get(&f->answers, expression);

	(void)at_ms;
	*ret = (struct rules_vector){ 0 };
	if (!answer || str_eq(answer, "blind"))
		return RC_OK;
	if (str_starts(answer, "error: "))
		return err_set(e, RC_INPUT, "%s", answer + strlen("error: "));
	if (str_eq(answer, "seen"))
		ret->series_read = 1;
	else
		read_answer(arena_strdup(a, answer), a, ret);
	return RC_OK;
}

/* The sink */

static void add_labels(const struct labels *l, struct str *out)
{
	const char *between = "";

	str_addf(out, "%s{", labels_get(l, METRIC_NAME));
	for (uint32_t i = 0; i < l->n; i++) {
		if (str_eq(l->v[i].name, METRIC_NAME))
			continue;
		str_addf(out, "%s%s=\"%s\"", between, l->v[i].name, l->v[i].value);
		between = ",";
	}
	str_addc(out, '}');
}

static enum rc sink_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	struct fixture *f = self;
	struct str text = STR_EMPTY;
	uintptr_t known;

	(void)e;
	add_labels(l, &text);
	known = (uintptr_t)map_get(&f->series, str_c(&text));
	if (known == 0) {
		must_grow(f->texts, f->n_texts, f->cap_texts);
		f->texts[f->n_texts++] = text;
		known = f->n_texts;
		map_put(&f->series, str_c(&text), (void *)known);
	} else {
		str_fini(&text);
	}
	*ret = (series_ref)known;
	return RC_OK;
}

static enum series_verdict sink_append(void *self, series_ref ref, int64_t t_ms, double v)
{
	struct fixture *f = self;

	if (f->verdict != SERIES_TAKEN)
		return f->verdict;
	str_addf(&f->written, "%s ", str_c(&f->texts[ref - 1]));
	if (is_stale(v))
		str_add(&f->written, "stale");
	else
		str_addf(&f->written, "%g", v);
	str_addf(&f->written, " @%lld\n", (long long)(t_ms / 1000));
	return SERIES_TAKEN;
}

static enum rc sink_commit(void *self, struct err *e)
{
	(void)self;
	(void)e;
	return RC_OK;
}

/* Life */

void fixture_init(struct fixture *f)
{
	*f = (struct fixture){ .verdict = SERIES_TAKEN };
	f->world = (struct rules_world){ f, parse, reads, parse_template, query, expand };
}

void fixture_fini(struct fixture *f)
{
	rules_free(f->rules);
	rule_file_free(f->file);
	map_each (&f->answers, it)
		free(it->value);
	map_fini(&f->answers);
	map_fini(&f->series);
	for (uint32_t i = 0; i < f->n_texts; i++)
		str_fini(&f->texts[i]);
	free(f->texts);
	str_fini(&f->written);
	str_fini(&f->news);
}

static enum rc read_rules(struct fixture *f, const char *text, struct rule_file **ret,
	struct str *complaints)
{
	scoped(doc_fixture_free) struct doc *doc = doc_fixture(text);
	scoped(findings_fini) struct findings findings = { 0 };
	enum rc rc;

	doc->file = "rules.yaml";
	rc = rule_file_read(ret, doc, &f->world, &findings, NULL);
	if (rc == RC_OK)
		rule_file_warn_repeated(*ret, &findings);
	for (uint32_t i = 0; i < findings.n; i++)
		str_addf(complaints, "%u:%u: %s\n", findings.items[i].line,
			findings.items[i].column, findings.items[i].text);
	return rc;
}

void fixture_complaints(struct fixture *f, const char *text, struct str *ret)
{
	scoped(rule_file_free) struct rule_file *file = NULL;

	if (read_rules(f, text, &file, ret) != RC_OK)
		must(ret->len > 0);
}

void fixture_load(struct fixture *f, const char *text)
{
	scoped(str_fini) struct str complaints = STR_EMPTY;
	struct rule_file *old = f->file;
	struct rules_config c = { .files = (const struct rule_file *const *)&f->file,
		.n_files = 1,
		.sink = { f, sink_series, sink_append, NULL, NULL, NULL, sink_commit },
		.history = f->history,
		.outside = { .external_url = "" },
		.interval_ms = MINUTE_MS,
		.blind_after_ms = 15 * MINUTE_MS };

	if (read_rules(f, text, &f->file, &complaints) != RC_OK)
		fprintf(stderr, "%s", str_c(&complaints));
	must(f->file != old);
	if (f->rules)
		f->rules = rules_renew(&c, f->rules, (struct wall){ 0 });
	else
		f->rules = rules_new(&c, (struct wall){ 0 });
	rule_file_free(old);
}

void fixture_answer(struct fixture *f, const char *expression, const char *answer)
{
	free(map_put(&f->answers, expression, must_strdup(answer)));
}

static void add_alert(const struct rule_alert *a, struct str *out)
{
	const char *between = "";

	str_addf(out, "%s ", rule_alert_state_name(a->state));
	for (uint32_t i = 0; i < a->labels.n; i++) {
		if (str_eq(a->labels.v[i].name, "alertname"))
			continue;
		str_addf(out, "%s%s=%s", between, a->labels.v[i].name, a->labels.v[i].value);
		between = ",";
	}
	for (uint32_t i = 0; i < a->annotations.n; i++)
		str_addf(out, " (%s=%s)", a->annotations.v[i].name, a->annotations.v[i].value);
	str_addc(out, '\n');
}

void fixture_alerts(const struct fixture *f, uint32_t group, uint32_t index, struct str *ret)
{
	struct rule_view v = rules_rule(f->rules, group, index);

	for (uint32_t i = 0; i < v.n_alerts; i++)
		add_alert(&v.alerts[i], ret);
}

static void add_news(struct fixture *f, const struct rules_job *job, const struct rule_news *n)
{
	static const char *const words[] = {
		[RULE_NEWS_PENDING] = "pending",
		[RULE_NEWS_FIRING] = "firing",
		[RULE_NEWS_CHANGED] = "changed",
		[RULE_NEWS_RESOLVED] = "resolved",
		[RULE_NEWS_BLIND] = "blind",
		[RULE_NEWS_SEES] = "sees",
		[RULE_NEWS_FAILED] = "failed",
		[RULE_NEWS_WORKS] = "works",
		[RULE_NEWS_TEMPLATE] = "template",
	};
	struct rule_view v = rules_rule(f->rules, job->group, job->index);

	str_addf(&f->news, "%s: %s", n->rule->name, words[n->kind]);
	if (n->kind <= RULE_NEWS_RESOLVED) {
		str_addc(&f->news, ' ');
		add_alert(&v.alerts[n->alert], &f->news);
	} else if (n->kind == RULE_NEWS_FAILED || n->kind == RULE_NEWS_TEMPLATE) {
		str_addf(&f->news, ": %s\n", n->text);
	} else {
		str_addc(&f->news, '\n');
	}
}

void fixture_evaluate(struct fixture *f, int64_t at_s)
{
	const struct rules_outside outside = { .external_url = "" };

	str_clear(&f->written);
	str_clear(&f->news);
	for (uint32_t g = 0; g < rules_group_count(f->rules); g++)
		for (uint32_t i = 0; i < rules_group(f->rules, g).n_rules; i++) {
			struct rules_job job = rules_job(f->rules, g, i, at_s * 1000);
			scoped(rule_outcome_fini) struct rule_outcome o;
			const struct rule_news *news;
			uint32_t n;

			rule_evaluate(&job, &f->world, &outside, &o);
			news = rules_end(f->rules, (struct wall){ at_s * 1000 }, &job, &o, &n);
			for (uint32_t k = 0; k < n; k++)
				add_news(f, &job, &news[k]);
		}
}

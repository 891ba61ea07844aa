/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/sink_fixture.h"

#include "base/histogram.h"
#include "base/mem.h"

#include <math.h>

static void add_name(struct str *out, const struct labels *l)
{
	const char *comma = "{";

	str_add(out, labels_get(l, METRIC_NAME));
	for (uint32_t i = 0; i < l->n; i++) {
		if (str_eq(l->v[i].name, METRIC_NAME))
			continue;
		str_addf(out, "%s%s=\"%s\"", comma, l->v[i].name, l->v[i].value);
		comma = ",";
	}
	str_add(out, *comma == ',' ? "}" : "");
}

static enum rc series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	struct sink_fixture *f = self;
	scoped(str_fini) struct str name = STR_EMPTY;

	add_name(&name, l);
	for (uint32_t i = 1; i <= f->n_series; i++) {
		if (f->series[i].is_gone || !str_eq(f->series[i].name, str_c(&name)))
			continue;
		*ret = i;
		return RC_OK;
	}
	if (f->n_series == f->max_series)
		return err_set(e, RC_LIMIT, "too many series");
	*ret = ++f->n_series;
	f->series[*ret].name = must_strdup(str_c(&name));
	f->series[*ret].newest_ms = INT64_MIN;
	return RC_OK;
}

static bool is_hidden(const struct sink_fixture *f, const char *name)
{
	return f->hides_reports &&
	       (str_starts(name, "up{") || str_eq(name, "up") || str_starts(name, "scrape_"));
}

static enum series_verdict append(void *self, series_ref ref, int64_t t_ms, double v)
{
	struct sink_fixture *f = self;

	must(ref > 0 && ref <= f->n_series);
	if (f->series[ref].is_gone)
		return SERIES_GONE;
	if (t_ms < f->series[ref].newest_ms)
		return SERIES_OUT_OF_ORDER;
	if (t_ms == f->series[ref].newest_ms)
		return double_bits(v) == double_bits(f->series[ref].newest) ? SERIES_SAME
									    : SERIES_DUPLICATE;
	f->series[ref].newest_ms = t_ms;
	f->series[ref].newest = v;
	if (is_hidden(f, f->series[ref].name))
		return SERIES_TAKEN;
	if (is_stale(v))
		str_addf(&f->pending, "%s stale@%lld\n", f->series[ref].name, (long long)t_ms);
	else
		str_addf(&f->pending, "%s %g@%lld\n", f->series[ref].name, v, (long long)t_ms);
	return SERIES_TAKEN;
}

static enum series_verdict append_histogram(void *self, series_ref ref, int64_t t_ms,
	const struct histogram *h)
{
	struct sink_fixture *f = self;

	str_addf(&f->pending, "%s ", f->series[ref].name);
	histogram_notation(h, &f->pending);
	str_addf(&f->pending, "@%lld\n", (long long)t_ms);
	return SERIES_TAKEN;
}

static void exemplar(void *self, series_ref ref, const struct exemplar *x)
{
	struct sink_fixture *f = self;

	str_addf(&f->pending, "%s exemplar %s=%s %g@%lld\n", f->series[ref].name,
		x->labels.n ? x->labels.v[0].name : "", x->labels.n ? x->labels.v[0].value : "",
		x->v, (long long)x->t_ms);
}

static void metadata(void *self, const char *metric, const struct metric_metadata *m)
{
	struct sink_fixture *f = self;

	str_addf(&f->pending, "# %s type=%s help=%s unit=%s\n", metric, m->type, m->help, m->unit);
}

static enum rc commit(void *self, struct err *e)
{
	struct sink_fixture *f = self;

	(void)e;
	str_clear(&f->log);
	str_add(&f->log, str_c(&f->pending));
	str_clear(&f->pending);
	f->n_commits++;
	return RC_OK;
}

void sink_fixture_init(struct sink_fixture *f)
{
	*f = (struct sink_fixture){ .max_series = SINK_SERIES_MAX, .hides_reports = true };
	f->sink = (struct series_sink){ .self = f,
		.series = series,
		.append = append,
		.append_histogram = append_histogram,
		.exemplar = exemplar,
		.metadata = metadata,
		.commit = commit };
}

void sink_fixture_fini(struct sink_fixture *f)
{
	for (uint32_t i = 1; i <= f->n_series; i++)
		free(f->series[i].name);
	str_fini(&f->pending);
	str_fini(&f->log);
}

double sink_fixture_value(const struct sink_fixture *f, const char *name)
{
	for (uint32_t i = f->n_series; i > 0; i--)
		if (str_eq(f->series[i].name, name))
			return f->series[i].newest;
	return NAN;
}

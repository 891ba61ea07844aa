/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/import.h"

#include "base/limits.h"

#include <xxhash.h>

struct import {
	const struct import_text *text;
	struct series_batch *batch;
	struct exposition x;
	uint32_t *follows; /* by series: which one stood behind it last; itself at first */
	uint32_t n_follows, cap_follows;
	uint32_t *slots; /* by hash: series + 1, 0 empty */
	uint32_t cap_slots;
	uint32_t last; /* series of the last sample; UINT32_MAX: there was none */
};

static void import_fini(struct import *m)
{
	free(m->follows);
	free(m->slots);
}
SCOPED_FINI(import_fini, struct import)

/* ---- which series a text is */

static void put_slot(struct import *m, uint32_t series)
{
	uint32_t i = (uint32_t)m->batch->series[series].hash & (m->cap_slots - 1);

	while (m->slots[i])
		i = (i + 1) & (m->cap_slots - 1);
	m->slots[i] = series + 1;
}

static void widen(struct import *m)
{
	if (2 * ((uint64_t)m->batch->n_series + 1) <= m->cap_slots)
		return;
	free(m->slots);
	m->cap_slots = m->cap_slots ? 2 * m->cap_slots : 1024;
	m->slots = must_alloc(m->cap_slots * sizeof *m->slots);
	for (uint32_t i = 0; i < m->batch->n_series; i++)
		put_slot(m, i);
}

static uint32_t find_series(const struct import *m, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (m->cap_slots - 1);

	for (; m->slots[i]; i = (i + 1) & (m->cap_slots - 1))
		if (m->batch->series[m->slots[i] - 1].hash == hash)
			return m->slots[i] - 1;
	return UINT32_MAX;
}

/* "le" and "quantile" are read by the type that stands above. */
static uint64_t hash_of(const struct import *m, struct piece text)
{
	bool is_special = m->x.type == METRIC_HISTOGRAM || m->x.type == METRIC_SUMMARY ||
			  m->x.type == METRIC_GAUGEHISTOGRAM;

	return XXH3_64bits_withSeed(text.s, text.n,
		m->batch->seed + (is_special ? (uint64_t)m->x.type + 1 : 0));
}

static uint32_t series_of(struct import *m, struct piece text)
{
	uint64_t hash = hash_of(m, text);
	uint32_t i;

	widen(m);
	i = find_series(m, hash);
	if (i != UINT32_MAX)
		return i;
	i = m->batch->n_series;
	series_batch_add_series(m->batch, hash, text.s, text.n)->kind = m->x.type;
	put_slot(m, i);
	must_grow(m->follows, m->n_follows, m->cap_follows);
	m->follows[m->n_follows++] = i;
	return i;
}

/* ---- labels */

static bool is_extra(const struct labels *extra, const char *name)
{
	return labels_find(extra, name) != NULL;
}

static enum rc put_extra(const struct labels *own, const struct labels *extra, struct arena *a,
	struct labels *ret, struct err *e)
{
	struct label *v = arena_alloc(a, (own->n + extra->n + 1) * sizeof *v);
	uint32_t n = 0;

	if (!v)
		return err_set(e, RC_LIMIT, "too many labels");
	for (uint32_t i = 0; i < own->n; i++)
		if (!is_extra(extra, own->v[i].name))
			v[n++] = own->v[i];
	for (uint32_t i = 0; i < extra->n; i++)
		v[n++] = extra->v[i];
	return labels_sort(v, n, ret, e);
}

static enum rc read_labels(const struct series_batch *b, uint32_t series, struct arena *a,
	struct labels *ret, struct err *e)
{
	const struct import_text *text = b->of;
	const struct batch_series *s = &b->series[series];
	struct exposition x = { .format = text->format, .type = s->kind };
	struct labels own;
	enum rc rc = exposition_labels(&x, (struct piece){ s->text, s->n }, a, &own, e);

	if (rc == RC_OK && text->extra.n)
		return put_extra(&own, &text->extra, a, ret, e);
	if (rc == RC_OK)
		*ret = own;
	return rc;
}

/* ---- lines */

static enum rc add_sample(struct import *m, uint32_t series, const struct exposition_entry *entry,
	struct err *e)
{
	struct series_batch *b = m->batch;

	if (b->n_samples >= b->samples_max)
		return err_set(e, RC_LIMIT, "more than %u samples at once: send them in pieces",
			b->samples_max);
	series_batch_add(b, series, entry->has_time ? entry->t_ms : m->text->t_ms, entry->v);
	if (m->last != UINT32_MAX)
		m->follows[m->last] = series;
	m->last = series;
	return RC_OK;
}

/* The line that is expected here is that of the series which stood behind the last one before.  False:
 * it isn't. */
static bool take_expected(struct import *m, enum rc *ret, struct err *e)
{
	const struct batch_series *s;
	struct exposition_entry entry;
	uint32_t series;

	if (m->last == UINT32_MAX)
		return false;
	series = m->follows[m->last];
	s = &m->batch->series[series];
	if ((size_t)(m->x.end - m->x.at) <= s->n || s->kind != m->x.type ||
		memcmp(m->x.at, s->text, s->n) != 0)
		return false;
	if (s->text[s->n - 1] != '}' && m->x.at[s->n] != ' ')
		return false;
	if (!exposition_rest(&m->x, m->x.at + s->n, &entry))
		return false;
	*ret = add_sample(m, series, &entry, e);
	return true;
}

static enum rc take_metadata(struct import *m, const struct exposition_entry *entry, struct err *e)
{
	struct metric_metadata meta = { "", "", "" };
	char *name, *said = NULL;

	if (series_batch_is_full(m->batch))
		return err_set(e, RC_LIMIT,
			"more than %u series and # lines at once: send them in pieces",
			m->batch->samples_max);
	name = exposition_unescape(entry->name, &m->batch->arena);
	if (entry->kind == EXPOSITION_TYPE) {
		meta.type = metric_type_name(m->x.type);
	} else {
		said = exposition_saying(&m->x, entry->value, &m->batch->arena);
		if (!said)
			return err_set(e, RC_LIMIT, "more of # HELP than is taken at once");
		*(entry->kind == EXPOSITION_HELP ? &meta.help : &meta.unit) = said;
	}
	if (!name)
		return err_set(e, RC_LIMIT, "more of # TYPE than is taken at once");
	series_batch_add_metadata(m->batch, name, &meta);
	return RC_OK;
}

static enum rc take_line(struct import *m, bool *ret_is_over, struct err *e)
{
	struct exposition_entry entry;
	enum rc rc = RC_OK;

	if (take_expected(m, &rc, e))
		return rc;
	rc = exposition_next(&m->x, &entry, e);
	if (rc != RC_OK)
		return rc;
	if (entry.kind == EXPOSITION_SERIES)
		return add_sample(m, series_of(m, entry.text), &entry, e);
	*ret_is_over = entry.kind == EXPOSITION_END;
	if (entry.kind == EXPOSITION_COMMENT || *ret_is_over)
		return RC_OK;
	return take_metadata(m, &entry, e);
}

static uint64_t line_number(const struct import *m)
{
	uint64_t n = 1;

	for (const char *s = m->text->s; (s = memchr(s, '\n', (size_t)(m->x.at - s))); s++)
		n++;
	return n;
}

enum rc import_parse(const struct import_text *text, struct series_batch *ret, struct err *e)
{
	scoped(import_fini) struct import m = { .text = text, .batch = ret, .last = UINT32_MAX };
	bool is_over = false;
	enum rc rc = RC_OK;

	ret->of = text;
	ret->labels = read_labels;
	if (text->extra.n)
		ret->seed += labels_hash(&text->extra);
	m.x = (struct exposition){ .format = text->format,
		.at = text->s,
		.end = text->s + text->n,
		.is_last = true,
		.is_cut = text->is_cut };
	while (rc == RC_OK && !is_over)
		rc = take_line(&m, &is_over, e);
	if (rc != RC_OK)
		err_in(e, rc, "line %llu", (unsigned long long)line_number(&m));
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: samples of any time, as a text.
 *
 * POST /api/v1/import/prometheus, VictoriaMetrics' own: https://docs.victoriametrics.com/#how-to-import-data-in-prometheus-exposition-format
 *
 * What is newer than RECENT_MS goes the way of all samples, and is there at once; the rest is past.
 */
#include "core/scrape/import.h"
#include "api/receive/arrival.h"

#define RECENT_MS (10 * MINUTE_MS)
#define AHEAD_MS  (10 * MINUTE_MS)

static enum rc decode(struct arrival *d, struct err *e)
{
	struct import_text *text = d->of;
	enum rc rc = arrival_unzip(d, &text->s, &text->n, e);

	if (rc != RC_OK)
		return rc;
	text->is_cut = !text->n || text->s[text->n - 1] != '\n';
	if (text->is_cut) {
		if (!d->plain.len)
			str_addn(&d->plain, text->s, text->n);
		str_addc(&d->plain, '\n');
		text->s = str_c(&d->plain);
		text->n = d->plain.len;
	}
	return import_parse(text, &d->batch, e);
}

/* Whether a sample of just now is taken the usual way. */
static bool is_taken_live(struct arrival *d, const struct series_sample *s)
{
	const struct series_sink *sink = store_sink(d->api->setup.metrics);

	if (s->t_ms < d->now_ms - RECENT_MS)
		return false;
	return sink->append(sink->self, d->batch.series[s->series].ref, s->t_ms, s->v) <=
	       SERIES_DUPLICATE;
}

static enum rc find(struct arrival *d, struct batch_series *s, struct err *e)
{
	if (!s->ref)
		s->ref = arrival_known(d, s->hash);
	return s->ref ? RC_OK
		      : arrival_find(d, (uint32_t)(s - d->batch.series), store_past_series, e);
}

/* Those of [d->next, end) that aren't live go to `past`, of the store's series. */
static enum rc pick_past(struct arrival *d, uint32_t end, struct series_sample *past,
	uint32_t *ret_n, struct err *e)
{
	int64_t oldest_ms = d->now_ms - store_retention_ms(d->api->setup.metrics);
	struct series_batch *b = &d->batch;
	enum rc rc = RC_OK;

	for (; rc == RC_OK && d->next < end; d->next++) {
		const struct series_sample *s = &b->samples[d->next];

		rc = find(d, &b->series[s->series], e);
		if (rc != RC_OK)
			break;
		if (s->t_ms < oldest_ms) {
			arrival_leave_out(d, s, &d->n_left_out[SERIES_TOO_OLD]);
		} else if (s->t_ms > d->now_ms + AHEAD_MS) {
			arrival_leave_out(d, s, &d->n_ahead);
		} else {
			d->n_taken++;
			if (is_taken_live(d, s))
				continue;
			past[*ret_n] = *s;
			past[(*ret_n)++].series = b->series[s->series].ref;
		}
	}
	return rc;
}

static uint32_t slice_end(const struct arrival *d)
{
	uint32_t left = d->batch.n_samples - d->next;

	return d->next + (left < ARRIVAL_SLICE ? left : ARRIVAL_SLICE);
}

/* The store takes what was picked, and series that were found before one could not be are in the log's
 * next record. */
static enum rc commit(struct arrival *d, struct err *e)
{
	struct store *store = d->api->setup.metrics;
	const struct series_sink *sink = store_sink(store);
	uint32_t end = slice_end(d), n = 0;
	struct series_sample *past = must_alloc((end - d->next + 1) * sizeof *past);
	enum rc rc = pick_past(d, end, past, &n, e), committed;

	d->has_past |= n > 0 || d->is_impatient;
	d->ticket = store_past_add(store, past, n);
	if (rc == RC_OK && end == d->batch.n_samples)
		for (uint32_t i = 0; i < d->batch.n_metadata; i++)
			sink->metadata(sink->self, d->batch.metadata[i].metric,
				&d->batch.metadata[i].m);
	committed = sink->commit(sink->self, rc == RC_OK ? e : NULL);
	if (rc == RC_OK)
		rc = committed;
	d->is_stored = rc == RC_OK && end == d->batch.n_samples;
	return rc;
}

static void write_left_out(struct arrival *d, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_int(&w, "taken", (int64_t)d->n_taken);
	json_int(&w, "tooOld", (int64_t)d->n_left_out[SERIES_TOO_OLD]);
	json_int(&w, "tooFarAhead", (int64_t)d->n_ahead);
	json_text(&w, "first", d->offender);
	json_close(&w);
}

static void answer(struct arrival *d, enum rc rc, const struct err *e)
{
	struct http_reply r = { .status = 204 };

	if (rc != RC_OK) {
		http_reply_error(d->exchange, rc, e->text, NULL, 0);
		return;
	}
	if (d->n_left_out[SERIES_TOO_OLD] || d->n_ahead) {
		r.status = 200;
		r.type = "application/json";
		write_left_out(d, &r.body);
	}
	http_reply(d->exchange, &r);
}

static const struct arrival_kind import_kind = { RECEIVE_IMPORT, "import", true, decode, commit,
	answer };

/* extra_label=NAME=VALUE */
static enum rc take_extra(struct arrival *d, struct import_text *text, const char *pair,
	struct err *e)
{
	const char *equals = strchr(pair, '=');
	struct label *l = &((struct label *)(uintptr_t)text->extra.v)[text->extra.n];

	if (!equals || equals == pair)
		return err_set(e, RC_INPUT, "extra_label is NAME=VALUE, not '%.100s'", pair);
	l->name_len = (uint32_t)(equals - pair);
	l->name = arena_strndup(&d->arena, pair, l->name_len);
	l->value = equals + 1;
	l->value_len = (uint32_t)strlen(l->value);
	text->extra.n++;
	return l->name ? RC_OK : err_set(e, RC_LIMIT, "too many labels");
}

static enum rc take_parameters(struct arrival *d, struct err *e)
{
	const char *type = http_ask_header(d->ask, "Content-Type"), *t;
	struct import_text *text = arena_alloc(&d->arena, sizeof *text);
	struct label *extra = arena_alloc(&d->arena, URI_PAIRS_MAX * sizeof *extra);
	enum rc rc = RC_OK;

	if (!text || !extra)
		return err_set(e, RC_LIMIT, "too many parameters");
	d->of = text;
	text->t_ms = d->now_ms;
	text->extra.v = extra;
	if (type && str_starts(type, "application/openmetrics-text"))
		text->format = EXPOSITION_OPENMETRICS;
	t = uri_pair(&d->pairs, "timestamp");
	if (t && *t) {
		char *end;

		text->t_ms = strtoll(t, &end, 10);
		if (*end)
			return err_set(e, RC_INPUT,
				"timestamp is milliseconds since 1970, not '%.40s'", t);
	}
	for (uint32_t i = 0; rc == RC_OK && i < d->pairs.n; i++)
		if (str_eq(d->pairs.items[i].name, "extra_label"))
			rc = take_extra(d, text, d->pairs.items[i].value, e);
	return rc == RC_OK && text->extra.n ? labels_sort(extra, text->extra.n, &text->extra, e)
					    : rc;
}

enum rc receive_import(struct call *c, struct answer *out, struct err *e)
{
	scoped(arrival_free) struct arrival *d = NULL;
	enum rc rc = arrival_new(c, &import_kind, &d, e);

	if (rc == RC_OK)
		rc = take_parameters(d, e);
	if (rc != RC_OK)
		return rc;
	out->is_taken = true;
	arrival_start(TAKE(d));
	return RC_OK;
}

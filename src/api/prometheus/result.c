/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/result.h"

#include "base/json.h"
#include "base/number_text.h"
#include "core/promql/histogram_sum.h"

#include <inttypes.h>
#include <stdatomic.h>

void result_write_text(struct str *out, const char *s, uint32_t n)
{
	struct json_out w;

	if (ascii_plain(s, n) == n) {
		str_addc(out, '"');
		str_addn(out, s, n);
		str_addc(out, '"');
		return;
	}
	json_begin(&w, out);
	json_textn(&w, NULL, s, n);
}

void result_write_labels(struct str *out, const struct labels *l)
{
	str_addc(out, '{');
	for (uint32_t i = 0; i < l->n; i++) {
		if (i)
			str_addc(out, ',');
		result_write_text(out, l->v[i].name, l->v[i].name_len);
		str_addc(out, ':');
		result_write_text(out, l->v[i].value, l->v[i].value_len);
	}
	str_addc(out, '}');
}

#define TIME_TEXT_MAX (NUMBER_WHOLE_MAX + 8)

static size_t time_text(int64_t t_ms, char ret[TIME_TEXT_MAX])
{
	uint64_t rest = t_ms < 0 ? 0 - (uint64_t)t_ms : (uint64_t)t_ms;
	unsigned fraction = (unsigned)(rest % 1000);
	size_t n = 0;

	if (t_ms < 0)
		ret[n++] = '-';
	n += number_text_whole(rest / 1000, ret + n);
	if (!fraction)
		return n;
	ret[n++] = '.';
	ret[n++] = (char)('0' + fraction / 100);
	ret[n++] = (char)('0' + fraction / 10 % 10);
	ret[n++] = (char)('0' + fraction % 10);
	return n;
}

void result_write_time(struct str *out, int64_t t_ms)
{
	char text[TIME_TEXT_MAX];

	str_addn(out, text, time_text(t_ms, text));
}

void result_write_number(struct str *out, double v)
{
	char text[NUMBER_TEXT_MAX + 2];
	size_t n = number_text(v, NUMBER_SAMPLE, text + 1);

	text[0] = text[n + 1] = '"';
	str_addn(out, text, n + 2);
}

/* ---- points */

/* Which of a bucket's bounds belong to it, as the API has it: 0 the upper one, 1 the lower one, 2 none,
 * 3 both. */
static int boundaries_of(const struct histogram_bucket *b)
{
	if (b->has_lower)
		return b->has_upper ? 3 : 1;
	return b->has_upper ? 0 : 2;
}

static void write_bucket(struct str *out, const struct histogram_bucket *b)
{
	str_addf(out, "[%d,", boundaries_of(b));
	result_write_number(out, b->lower);
	str_addc(out, ',');
	result_write_number(out, b->upper);
	str_addc(out, ',');
	result_write_number(out, b->count);
	str_addc(out, ']');
}

static void write_histogram(struct str *out, const struct histogram *h)
{
	scoped(histogram_buckets_fini) struct histogram_buckets buckets = { 0 };

	histogram_buckets_load(&buckets, h);
	str_add(out, "{\"count\":");
	result_write_number(out, h->count);
	str_add(out, ",\"sum\":");
	result_write_number(out, h->sum);
	for (uint32_t i = 0; i < buckets.n; i++) {
		str_add(out, i ? "," : ",\"buckets\":[");
		write_bucket(out, &buckets.v[i]);
	}
	str_add(out, buckets.n ? "]}" : "}");
}

#define FLOAT_TEXT_MAX    64 /* an exponent or 21 digits, and its time */
#define FLOATS_AT_ONCE    64
#define CLOCK_SECONDS     10000
#define CLOCK_DIGITS      4
#define POINT_BYTES_USUAL 32

/* The times of an answer differ in the last digits for the most part. */
struct clock {
	int64_t turn;             /* CLOCK_SECONDS each */
	char text[TIME_TEXT_MAX]; /* of that; 0: none */
	size_t n;
};

static size_t clock_text(struct clock *c, int64_t t_ms, char *to)
{
	int64_t seconds = t_ms / 1000, turn = seconds / CLOCK_SECONDS;
	unsigned rest = (unsigned)(seconds % CLOCK_SECONDS);

	if (turn <= 0 || t_ms % 1000)
		return time_text(t_ms, to);
	if (turn != c->turn) {
		c->turn = turn;
		c->n = number_text_whole((uint64_t)turn, c->text);
	}
	memcpy(to, c->text, NUMBER_WHOLE_MAX);
	to += c->n;
	to[0] = (char)('0' + rest / 1000);
	to[1] = (char)('0' + rest / 100 % 10);
	to[2] = (char)('0' + rest / 10 % 10);
	to[3] = (char)('0' + rest % 10);
	return c->n + CLOCK_DIGITS;
}

static size_t float_text(struct clock *c, const struct promql_point *p, char *to)
{
	char *at = to;

	*at++ = '[';
	at += clock_text(c, p->t_ms, at);
	*at++ = ',';
	*at++ = '"';
	at += number_text(p->v, NUMBER_SAMPLE, at);
	*at++ = '"';
	*at++ = ']';
	return (size_t)(at - to);
}

/* Straight into the text: an answer has some hundred thousand of them.  With a comma before each. */
static void write_floats(struct str *out, const struct promql_point *p, uint32_t n)
{
	struct clock clock = { 0 };

	for (uint32_t i = 0, end; i < n; i = end) {
		char *begin = str_room(out, FLOATS_AT_ONCE * FLOAT_TEXT_MAX + NUMBER_TEXT_MAX);
		char *at = begin;

		end = n - i < FLOATS_AT_ONCE ? n : i + FLOATS_AT_ONCE;
		for (uint32_t k = i; k < end; k++) {
			if (p[k].h)
				continue;
			*at++ = ',';
			at += float_text(&clock, &p[k], at);
		}
		str_wrote(out, (size_t)(at - begin));
	}
}

static void write_point(struct str *out, const struct promql_point *p)
{
	char text[FLOAT_TEXT_MAX + NUMBER_TEXT_MAX];

	if (!p->h) {
		str_addn(out, text, float_text(&(struct clock){ 0 }, p, text));
		return;
	}
	str_addc(out, '[');
	result_write_time(out, p->t_ms);
	str_addc(out, ',');
	write_histogram(out, p->h);
	str_addc(out, ']');
}

/* The index of the first that is one, or isn't; `n_points`: none. */
static uint32_t find_kind(const struct promql_series *s, bool is_histogram)
{
	uint32_t i = 0;

	while (i < s->n_points && !s->points[i].h == is_histogram)
		i++;
	return i;
}

static void write_histograms(struct str *out, const struct promql_series *s, uint32_t first)
{
	for (uint32_t i = first; i < s->n_points; i++) {
		if (!s->points[i].h)
			continue;
		if (i > first)
			str_addc(out, ',');
		write_point(out, &s->points[i]);
	}
}

/* Floats and histograms of a series stand in lists of their own. */
static void write_points(struct str *out, const struct promql_series *s)
{
	uint32_t number = find_kind(s, false), histogram = find_kind(s, true);

	if (number < s->n_points) {
		str_add(out, ",\"values\":[");
		write_point(out, &s->points[number]);
		write_floats(out, s->points + number + 1, s->n_points - number - 1);
		str_addc(out, ']');
	}
	if (histogram < s->n_points) {
		str_add(out, ",\"histograms\":[");
		write_histograms(out, s, histogram);
		str_addc(out, ']');
	}
}

static void write_series(struct str *out, const struct promql_series *s, enum promql_type type)
{
	str_add(out, "{\"metric\":");
	result_write_labels(out, &s->labels);
	if (type == PROMQL_VECTOR) {
		str_add(out, s->points[0].h ? ",\"histogram\":" : ",\"value\":");
		write_point(out, &s->points[0]);
	} else {
		write_points(out, s);
	}
	str_addc(out, '}');
}

/* Of a range of series, commas between them. */
static void write_range(struct str *out, const struct promql_result *r, uint32_t first,
	uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		if (i)
			str_addc(out, ',');
		write_series(out, &r->series[i], r->type);
	}
}

/* Prometheus never gives a scalar an exponent, as it does the values of series. */
static void write_single(struct str *out, const struct promql_result *r)
{
	char scalar[NUMBER_TEXT_MAX];
	const char *text = r->text;

	if (r->type == PROMQL_SCALAR) {
		number_text(r->scalar.v, NUMBER_PLAIN, scalar);
		text = scalar;
	}
	str_addc(out, '[');
	result_write_time(out, r->scalar.t_ms);
	str_addc(out, ',');
	result_write_text(out, text, (uint32_t)strlen(text));
	str_addc(out, ']');
}

/* ---- several threads */

#define PIECE_POINTS_LEAST 4096 /* fewer are written before anybody has woken up */
#define PIECE_POINTS_AWAKE 512  /* if somebody is */
#define PIECES_A_THREAD    4    /* since not everybody has time at once */

struct piece {
	uint32_t first, end; /* series */
	uint64_t points;
	struct str *text;
};

struct pieces {
	const struct promql_result *r;
	struct piece *v;
	uint32_t n;
	size_t bytes_max;
	atomic_size_t bytes; /* of all, so far */
};

static void write_piece(void *pieces, unsigned i)
{
	struct pieces *all = pieces;
	const struct piece *p = &all->v[i];
	struct str *text = p->text;

	text->limit_bytes = all->bytes_max;
	str_room(text, (size_t)p->points * POINT_BYTES_USUAL);
	for (uint32_t k = p->first; k < p->end && !text->is_cut; k++) {
		size_t before = text->len;

		write_range(text, all->r, k, k + 1);
		before = atomic_fetch_add(&all->bytes, text->len - before);
		text->is_cut |= before > all->bytes_max;
	}
}

static uint64_t count_points(const struct promql_result *r, uint32_t n)
{
	uint64_t points = 0;

	for (uint32_t i = 0; i < n; i++)
		points += r->series[i].n_points;
	return points;
}

/* Series one after the other, until each piece has its share of points. */
static void cut(struct pieces *all, uint32_t n, uint64_t share)
{
	struct piece p = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		p.points += all->r->series[i].n_points;
		p.end = i + 1;
		if (p.points < share && p.end < n)
			continue;
		all->v[all->n++] = p;
		p = (struct piece){ .first = p.end };
	}
}

static void write_pieces(struct str_pieces *ret, const struct promql_result *r,
	const struct result_options *o, uint32_t n, uint64_t least)
{
	uint64_t points = count_points(r, n);
	uint64_t share = points / (crowd_threads(o->crowd) * PIECES_A_THREAD);
	struct pieces all = { .r = r, .bytes_max = o->bytes_max };

	share = share > least ? share : least;
	all.v = must_alloc((size_t)(points / share + 1) * sizeof *all.v);
	cut(&all, n, share);
	*ret = (struct str_pieces){ must_alloc(all.n * sizeof *ret->v), all.n };
	for (uint32_t i = 0; i < all.n; i++)
		all.v[i].text = &ret->v[i];
	crowd_spread(o->crowd, all.n, write_piece, &all);
	free(all.v);
}

/* ---- the envelope */

struct notes {
	struct str *out;
	const char *key;
	uint32_t n; /* written so far */
};

static void write_note(struct notes *notes, const char *text)
{
	if (notes->n++)
		str_addc(notes->out, ',');
	else
		str_addf(notes->out, ",\"%s\":[", notes->key);
	result_write_text(notes->out, text, (uint32_t)strlen(text));
}

static void write_notes(struct notes *notes, const char *const *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		write_note(notes, v[i]);
}

static void end_notes(struct notes *notes)
{
	if (notes->n)
		str_addc(notes->out, ']');
}

/* Parsing and sorting aren't measured apart: they are part of what is. */
static void write_timings(struct str *out, const struct result_options *o)
{
	double waited = (double)o->waited_ns / 1e9, evaluated = (double)o->evaluated_ns / 1e9;

	str_addf(out,
		",\"stats\":{\"timings\":{\"evalTotalTime\":%.9f,\"resultSortTime\":0"
		",\"queryPreparationTime\":0,\"innerEvalTime\":%.9f,\"execQueueTime\":%.9f"
		",\"execTotalTime\":%.9f}",
		evaluated, evaluated, waited, waited + evaluated);
}

static void write_stats(struct str *out, const struct promql_stats *s)
{
	str_addf(out,
		",\"samples\":{\"totalQueryableSamples\":%" PRIu64 ",\"peakSamples\":%" PRIu64 "}}",
		s->samples_read, s->peak_bytes / sizeof(struct promql_point));
}

static const char *type_name(enum promql_type type)
{
	static const char *const names[] = { [PROMQL_SCALAR] = "scalar",
		[PROMQL_VECTOR] = "vector",
		[PROMQL_MATRIX] = "matrix",
		[PROMQL_STRING] = "string" };

	return names[type];
}

static void write_end(struct str *out, const struct promql_result *r,
	const struct result_options *o, bool is_cut)
{
	struct notes warnings = { out, "warnings", 0 }, infos = { out, "infos", 0 };

	if (o->with_stats) {
		write_timings(out, o);
		write_stats(out, &r->stats);
	}
	str_addc(out, '}');
	write_notes(&warnings, o->warnings, o->n_warnings);
	write_notes(&warnings, r->warnings, r->n_warnings);
	if (is_cut)
		write_note(&warnings, "results truncated due to limit");
	end_notes(&warnings);
	write_notes(&infos, r->infos, r->n_infos);
	end_notes(&infos);
	str_addc(out, '}');
}

/* All series; returns where it goes on. */
static struct str *write_list(struct str *out, struct str_pieces *ret_more,
	const struct promql_result *r, const struct result_options *o, uint32_t n)
{
	uint64_t points = count_points(r, n);
	uint64_t least =
		o->crowd && crowd_is_awake(o->crowd) ? PIECE_POINTS_AWAKE : PIECE_POINTS_LEAST;

	str_addc(out, '[');
	if (o->crowd && crowd_threads(o->crowd) > 1 && n > 1 && points >= 2 * least) {
		write_pieces(ret_more, r, o, n, least);
		out = &ret_more->v[ret_more->n - 1];
	} else {
		str_room(out, (size_t)points * POINT_BYTES_USUAL);
		write_range(out, r, 0, n);
	}
	str_addc(out, ']');
	return out;
}

/* All of it is at most so long. */
static bool fits(const struct str *out, const struct str_pieces *more, size_t bytes_max)
{
	size_t bytes = out->len;
	bool is_cut = out->is_cut;

	for (uint32_t i = 0; i < more->n; i++) {
		bytes += more->v[i].len;
		is_cut |= more->v[i].is_cut;
	}
	return !is_cut && bytes <= bytes_max;
}

bool result_write(struct str *out, struct str_pieces *ret_more, const struct promql_result *r,
	const struct result_options *o)
{
	bool is_cut = o->series_max && r->n_series > o->series_max;
	struct str *last = out;

	out->limit_bytes = o->bytes_max;
	str_add(out, "{\"status\":\"success\",\"data\":{\"resultType\":\"");
	str_add(out, type_name(r->type));
	str_add(out, "\",\"result\":");
	if (r->type == PROMQL_SCALAR || r->type == PROMQL_STRING)
		write_single(out, r);
	else
		last = write_list(out, ret_more, r, o,
			is_cut ? (uint32_t)o->series_max : r->n_series);
	write_end(last, r, o, is_cut);
	return fits(out, ret_more, o->bytes_max);
}

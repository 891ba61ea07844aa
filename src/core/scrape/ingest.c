/* SPDX-License-Identifier: Apache-2.0 */
/* A body from its first byte to its last: what of it may be read yet, and how it ends. */
#include "base/mem.h"
#include "base/time.h"
#include "core/scrape/ingest_private.h"
#include "core/scrape/media_type.h"

#include <stdio.h>

#define SPARE_BYTES_MAX 1048576 /* of room for samples that is kept for the next body */

void ingest_memory_init(struct ingest_memory *m)
{
	*m = (struct ingest_memory){ .new_series_left = SCRAPE_NEW_SERIES_MAX };
}

void ingest_memory_fini(struct ingest_memory *m)
{
	lines_fini(&m->lines);
}

void ingest_tools_init(struct ingest_tools *t, const struct series_sink *sink, uint64_t seed)
{
	*t = (struct ingest_tools){ .sink = sink, .seed = seed };
	labelling_init(&t->labelling);
	sayings_init(&t->sayings, seed);
}

void ingest_tools_fini(struct ingest_tools *t)
{
	labelling_fini(&t->labelling);
	sayings_fini(&t->sayings);
	free(t->spare);
}

/* What an hour allows comes in as it passes. */
static void allow_new_series(struct ingest_memory *m, int64_t now_ms)
{
	int64_t passed_ms = now_ms - m->new_series_ms;
	uint64_t earned;

	if (m->new_series_ms == 0 || passed_ms < 0) {
		m->new_series_ms = now_ms;
		return;
	}
	if (passed_ms > DAY_MS)
		passed_ms = DAY_MS;
	earned = (uint64_t)passed_ms * SCRAPE_NEW_SERIES_HOURLY / (uint64_t)HOUR_MS;
	if (earned == 0)
		return;
	earned += m->new_series_left;
	m->new_series_left =
		earned < SCRAPE_NEW_SERIES_MAX ? (uint32_t)earned : SCRAPE_NEW_SERIES_MAX;
	m->new_series_ms = now_ms;
}

struct ingest *ingest_begin(const struct ingest_wish *w)
{
	struct ingest *g = must_alloc(sizeof *g);

	g->tools = w->tools;
	g->memory = w->memory;
	g->config = w->config;
	g->target = w->target;
	g->t_ms = w->t_ms;
	g->now_ms = w->now_ms;
	g->tail.limit_bytes = 2 * SCRAPE_LINE_BYTES_MAX;
	arena_init(&g->exemplar_arena, SCRAPE_EXEMPLARS_BYTES_MAX);
	arena_init(&g->histogram_arena, SCRAPE_HISTOGRAMS_BYTES_MAX);
	if (w->config->terms.convert_classic == SCRAPE_YES) {
		g->classic = must_alloc(sizeof *g->classic);
		classic_init(g->classic);
	}
	line_pass_begin(&g->pass, &w->memory->lines, w->tools->seed);
	allow_new_series(w->memory, w->now_ms);
	g->samples = TAKE(w->tools->spare);
	g->cap_samples = g->samples ? w->tools->cap_spare : 0;
	return g;
}

/* The room for samples goes to the next body, of whatever target, while it is in the cache. */
static void give_back(struct ingest *g)
{
	if (g->tools->spare || g->cap_samples * sizeof *g->samples > SPARE_BYTES_MAX) {
		free(g->samples);
		return;
	}
	g->tools->spare = g->samples;
	g->tools->cap_spare = g->cap_samples;
}

void ingest_drop(struct ingest *g)
{
	if (!g)
		return;
	line_pass_fini(&g->pass);
	str_fini(&g->tail);
	arena_fini(&g->exemplar_arena);
	arena_fini(&g->histogram_arena);
	free(g->histograms);
	if (g->classic)
		classic_fini(g->classic);
	free(g->classic);
	str_fini(&g->classic_text);
	give_back(g);
	free(g->exemplars);
	free(g);
}

void ingest_mark_sayings(const struct ingest *g)
{
	sayings_mark(&g->tools->sayings, g->pass.next, g->pass.next ? g->pass.n_next : 0);
}

void ingest_content_type(struct ingest *g, const char *content_type)
{
	g->media.rc = media_type_choose(content_type, g->config->fallback_protocol, &g->x.format,
		&g->media);
	g->is_protobuf = g->media.rc == RC_OK && g->x.format == EXPOSITION_PROTOBUF;
	if (!g->is_protobuf)
		return;
	g->x.format = EXPOSITION_TEXT; /* as which it is told */
	g->tail.limit_bytes = 2ull * SCRAPE_FAMILY_BYTES_MAX;
}

/* ---- text */

/* What of the tail is whole; the rest stays. */
static enum rc take_tail(struct ingest *g, struct err *e)
{
	size_t n = g->tail.len;
	enum rc rc;

	while (n && g->tail.s[n - 1] != '\n')
		n--;
	if (n == 0)
		return RC_OK;
	rc = ingest_take_portion(g, g->tail.s, n, e);
	if (rc == RC_OK)
		str_consume(&g->tail, (size_t)(g->x.at - g->tail.s));
	return rc;
}

static size_t first_line(const char *s, size_t n)
{
	const char *end = memchr(s, '\n', n);

	return end ? (size_t)(end - s) + 1 : n;
}

static size_t whole_lines(const char *s, size_t n)
{
	const char *end = memrchr(s, '\n', n);

	return end ? (size_t)(end - s) + 1 : 0;
}

/* A line that was begun is finished in the tail; others are read where they lie. */
static enum rc take_bytes(struct ingest *g, const char *s, size_t n, struct err *e)
{
	size_t used = g->tail.len ? first_line(s, n) : 0, whole;
	enum rc rc = RC_OK;

	if (used) {
		str_addn(&g->tail, s, used);
		rc = take_tail(g, e);
	}
	if (rc == RC_OK && used && g->tail.len) { /* a line break within quotes */
		str_addn(&g->tail, s + used, n - used);
		used = n;
		rc = take_tail(g, e);
	}
	if (rc != RC_OK)
		return rc;
	whole = whole_lines(s + used, n - used);
	if (whole) {
		rc = ingest_take_portion(g, s + used, whole, e);
		if (rc != RC_OK)
			return rc;
		used = (size_t)(g->x.at - s);
	}
	str_addn(&g->tail, s + used, n - used);
	if (g->tail.len > SCRAPE_LINE_BYTES_MAX)
		return err_set(e, RC_LIMIT, "a line is over %d bytes", SCRAPE_LINE_BYTES_MAX);
	return RC_OK;
}

/* The last line of a text may do without its end. */
static enum rc take_last(struct ingest *g, struct err *e)
{
	g->x.is_last = true;
	g->x.is_cut = g->tail.len && g->tail.s[g->tail.len - 1] != '\n';
	if (g->x.is_cut)
		str_addc(&g->tail, '\n');
	if (g->tail.len == 0)
		return ingest_take_portion(g, "\n", 0, e);
	return ingest_take_portion(g, g->tail.s, g->tail.len, e);
}

/* ---- bytes of any kind */

static enum rc check_size(struct ingest *g, struct err *e)
{
	uint64_t limit = g->config->terms.body_size_limit_bytes;

	if ((limit == 0 || g->result.n_bytes < limit) && g->result.n_bytes < SCRAPE_BODY_BYTES_MAX)
		return RC_OK;
	g->is_unread = true;
	return err_set(e, RC_LIMIT, "body size limit exceeded");
}

enum rc ingest_feed(struct ingest *g, const char *bytes, size_t n, struct err *e)
{
	enum rc rc = g->failure.rc;

	if (n == 0)
		return RC_OK;
	if (rc == RC_OK) {
		g->result.n_bytes += n;
		rc = check_size(g, &g->failure);
	}
	if (rc == RC_OK && g->media.rc != RC_OK) {
		g->failure = g->media;
		rc = g->media.rc;
	}
	if (rc == RC_OK)
		rc = g->is_protobuf ? ingest_take_messages(g, bytes, n, &g->failure)
				    : take_bytes(g, bytes, n, &g->failure);
	g->failure.rc = rc;
	return rc == RC_OK ? RC_OK : err_set(e, rc, "%s", g->failure.text);
}

static struct ingest_result finish_failed(struct ingest *g, const char *why, double took_s)
{
	snprintf(g->result.error, sizeof g->result.error, "%s", why);
	line_pass_fail(&g->pass, ingest_mark_stale, g);
	return ingest_finish(g, took_s);
}

struct ingest_result ingest_fail(struct ingest *g, const char *why, double took_s)
{
	struct lines *lines = g->pass.lines;

	line_pass_fini(&g->pass);
	line_pass_begin(&g->pass, lines, g->tools->seed);
	g->result = (struct ingest_result){ .is_unread = true, .n_bytes = g->result.n_bytes };
	return finish_failed(g, why, took_s);
}

struct ingest_result ingest_end(struct ingest *g, double took_s)
{
	if (g->failure.rc == RC_OK && g->result.n_bytes)
		g->failure.rc = g->is_protobuf ? ingest_end_messages(g, &g->failure)
					       : take_last(g, &g->failure);
	if (g->failure.rc != RC_OK && g->is_unread)
		return ingest_fail(g, g->failure.text, took_s);
	if (g->failure.rc == RC_OK)
		g->failure.rc = ingest_end_classic(g, &g->failure);
	if (g->failure.rc == RC_OK && g->is_over_limit)
		g->failure.rc = err_set(&g->failure, RC_LIMIT, "sample limit exceeded");
	if (g->failure.rc != RC_OK)
		return finish_failed(g, g->failure.text, took_s);
	g->result.is_ok = true;
	ingest_append(g);
	if (g->result.n_bytes)
		line_pass_keep(&g->pass, ingest_mark_stale, g);
	else
		line_pass_fail(&g->pass, ingest_mark_stale, g);
	return ingest_finish(g, took_s);
}

enum rc ingest_farewell(struct ingest_tools *tools, const struct ingest_memory *m, int64_t t_ms,
	struct err *e)
{
	const struct series_sink *sink = tools->sink;
	double stale = double_of_bits(STALE_NAN_BITS);

	for (uint32_t i = 0; i < m->lines.n; i++)
		if (m->lines.v[i].is_tracked)
			(void)sink->append(sink->self, m->lines.v[i].ref, t_ms, stale);
	for (int r = 0; r < SCRAPE_REPORTS; r++)
		if (m->reports[r])
			(void)sink->append(sink->self, m->reports[r], t_ms, stale);
	return sink->commit(sink->self, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usual line costs a hash, a number and 24 bytes; whatever isn't usual falls through to
 * exposition_next() and what follows it here.  All that is called for each line stands in this
 * unit, so that it can be inlined.
 */
#include "base/histogram.h"
#include "base/mem.h"
#include "core/scrape/ingest_private.h"

#include <stdio.h>

_Static_assert(SCRAPE_LINE_BYTES_MAX <= LINE_BYTES_KNOWN_MAX, "each line may be remembered");

void ingest_lose(struct ingest *g, enum scrape_loss why, struct piece text)
{
	struct ingest_result *r = &g->result;

	r->losses[why]++;
	if (!r->offender[0] && text.n)
		snprintf(r->offender, sizeof r->offender, "%.*s",
			(int)utf8_cut(text.s,
				text.n < sizeof r->offender - 1 ? text.n : sizeof r->offender - 1),
			text.s);
}

static enum rc push(struct ingest *g, const struct pending *p, struct err *e)
{
	if (g->n_samples == SCRAPE_SAMPLES_MAX)
		return err_set(e, RC_LIMIT, "more than %d samples in one body", SCRAPE_SAMPLES_MAX);
	if (g->n_samples == g->cap_samples) {
		uint32_t expected = g->memory->lines.n + 16;

		g->cap_samples = g->cap_samples ? 2 * g->cap_samples : expected;
		g->samples = must_realloc(g->samples, g->cap_samples * sizeof *g->samples);
	}
	g->samples[g->n_samples++] = *p;
	return RC_OK;
}

void ingest_push_exemplar(struct ingest *g, const struct exposition_entry *entry)
{
	struct pending_exemplar p = { .sample = g->n_samples - 1,
		.exemplar = { .v = entry->exemplar_v,
			.t_ms = entry->exemplar_t_ms,
			.has_time = entry->exemplar_has_time } };

	if (!entry->exemplar.n || !g->tools->sink->exemplar)
		return;
	if (exposition_exemplar_labels(&g->x, entry->exemplar, &g->exemplar_arena,
		    &p.exemplar.labels, NULL) != RC_OK) {
		ingest_lose(g, LOSS_EXEMPLAR, entry->text);
		return;
	}
	must_grow(g->exemplars, g->n_exemplars, g->cap_exemplars);
	g->exemplars[g->n_exemplars++] = p;
}

static bool has_time(const struct ingest *g, const struct exposition_entry *entry)
{
	return entry->has_time && g->config->honor_timestamps;
}

/* Whether the series ends when it isn't in the next body. */
static bool is_to_be_tracked(const struct ingest *g, const struct exposition_entry *entry)
{
	return !has_time(g, entry) || g->config->track_timestamps_staleness;
}

/* sample_limit, and no time of next year.  False: not this one, and it is counted. */
static bool is_welcome(struct ingest *g, const struct exposition_entry *entry)
{
	uint64_t limit = g->config->terms.sample_limit;

	g->n_counted++;
	if (limit && g->n_counted > limit) {
		g->is_over_limit = true;
		return false;
	}
	if (has_time(g, entry) && entry->t_ms > g->now_ms + SCRAPE_AHEAD_MAX_MS) {
		ingest_lose(g, LOSS_OUT_OF_BOUNDS, entry->text);
		return false;
	}
	return true;
}

static bool keep_histogram(struct ingest *g, const struct histogram *h, struct pending *p)
{
	const struct histogram *copy = histogram_copy(h, &g->histogram_arena);

	if (!copy)
		return false;
	must_grow(g->histograms, g->n_histograms, g->cap_histograms);
	p->v = g->n_histograms;
	p->is_histogram = true;
	g->histograms[g->n_histograms++] = copy;
	return true;
}

static enum rc push_sample(struct ingest *g, const struct exposition_entry *entry, struct pending p,
	struct err *e)
{
	enum rc rc;

	if (entry->h && !keep_histogram(g, entry->h, &p))
		return err_set(e, RC_LIMIT, "native histograms of more than %d bytes in one body",
			SCRAPE_HISTOGRAMS_BYTES_MAX);
	if (!entry->h)
		p.v = entry->v;
	p.t_ms = has_time(g, entry) ? entry->t_ms : g->t_ms;
	rc = push(g, &p, e);
	if (rc == RC_OK)
		ingest_push_exemplar(g, entry);
	return rc;
}

/* A sample of the line at `place`. */
static enum rc take_sample(struct ingest *g, uint32_t place, const struct exposition_entry *entry,
	struct err *e)
{
	const struct line *line = line_pass_get(&g->pass, place);
	bool is_tracked = is_welcome(g, entry);
	enum rc rc = RC_OK;

	g->result.n_relabelled++;
	if (is_tracked)
		rc = push_sample(g, entry, (struct pending){ .ref = line->ref, .place = place }, e);
	is_tracked = is_tracked && is_to_be_tracked(g, entry);
	if (line->is_tracked != is_tracked)
		line_pass_edit(&g->pass, place)->is_tracked = is_tracked;
	return rc;
}

/* Its labels after all rules; none: dropped. */
static enum rc label(struct ingest *g, struct piece text, struct labels *ret, struct err *e)
{
	struct labelling *l = &g->tools->labelling;

	l->config = g->config;
	l->target = g->target;
	return labelling_apply(l, &g->x, text, ret, e);
}

/* *ret 0: the store has no room for one more, which is counted. */
static enum rc find_series(struct ingest *g, const struct labels *labels, struct piece text,
	series_ref *ret, struct err *e)
{
	const struct series_sink *sink = g->tools->sink;
	enum rc rc = sink->series(sink->self, labels, ret, e);

	if (rc != RC_LIMIT)
		return rc;
	*ret = 0;
	ingest_lose(g, LOSS_NEW_SERIES, text);
	return RC_OK;
}

/* A line that wasn't in the last body. */
static enum rc take_new(struct ingest *g, uint64_t hash, const struct exposition_entry *entry,
	struct err *e)
{
	struct line line = { .hash = hash,
		.n = entry->text.n & LINE_BYTES_KNOWN_MAX,
		.kind = LINE_SERIES,
		.is_tracked = is_to_be_tracked(g, entry) };
	struct labels labels;
	enum rc rc;

	if (g->memory->new_series_left == 0) {
		g->result.n_relabelled++;
		ingest_lose(g, LOSS_NEW_SERIES, entry->text);
		return RC_OK;
	}
	rc = label(g, entry->text, &labels, e);
	if (rc != RC_OK)
		return rc;
	if (labels.n == 0) {
		line.kind = LINE_DROPPED;
		line.is_tracked = false;
		line_pass_add(&g->pass, &line);
		return RC_OK;
	}
	g->result.n_relabelled++;
	if (!is_welcome(g, entry))
		return RC_OK;
	rc = find_series(g, &labels, entry->text, &line.ref, e);
	if (rc != RC_OK || line.ref == 0)
		return rc;
	g->memory->new_series_left--;
	g->result.n_added++;
	return push_sample(g, entry,
		(struct pending){ .ref = line.ref,
			.place = line_pass_add(&g->pass, &line) & NO_PLACE,
			.is_new = true },
		e);
}

/* A line that some bodies did without: its series may be gone.  *ret false: so is its sample. */
static enum rc renew(struct ingest *g, uint32_t place, struct piece text, bool *ret, struct err *e)
{
	struct line *line = line_pass_edit(&g->pass, place);
	struct labels labels;
	enum rc rc = label(g, text, &labels, e);

	if (rc == RC_OK && labels.n)
		rc = find_series(g, &labels, text, &line->ref, e);
	if (rc != RC_OK)
		return rc;
	line->is_doubtful = false;
	line->is_void = labels.n && line->ref == 0;
	if (labels.n == 0)
		line->kind = LINE_DROPPED;
	*ret = line->kind == LINE_SERIES && !line->is_void;
	return RC_OK;
}

/* A line that this body said before. */
static enum rc take_repeat(struct ingest *g, const struct line *line,
	const struct exposition_entry *entry, struct err *e)
{
	if (line->kind == LINE_DROPPED)
		return RC_OK;
	g->result.n_relabelled++;
	if (!has_time(g, entry)) {
		ingest_lose(g, LOSS_DUPLICATE, entry->text);
		return RC_OK;
	}
	if (!is_welcome(g, entry))
		return RC_OK;
	return push_sample(g, entry, (struct pending){ .ref = line->ref, .place = NO_PLACE }, e);
}

static enum rc take_series(struct ingest *g, const struct exposition_entry *entry, struct err *e)
{
	uint64_t hash = line_hash(&g->pass, entry->text.s, entry->text.n);
	struct line_found found = line_pass_find(&g->pass, hash, entry->text.n);
	bool has_series = true;
	enum rc rc = RC_OK;

	g->result.n_scraped++;
	if (found.what == LINE_NEW)
		return take_new(g, hash, entry, e);
	if (found.what == LINE_REPEAT)
		return take_repeat(g, &found.line, entry, e);
	if (found.line.kind == LINE_DROPPED)
		return RC_OK;
	if (found.line.is_doubtful)
		rc = renew(g, found.place, entry->text, &has_series, e);
	return rc == RC_OK && has_series ? take_sample(g, found.place, entry, e) : rc;
}

/* Metadata reaches the sink when it is new, one word of it at a time: what isn't said here stays
 * as it was. */
static void tell_metadata(const struct ingest *g, const char *metric,
	const struct metric_metadata *m)
{
	const struct series_sink *sink = g->tools->sink;

	if (sink->metadata)
		sink->metadata(sink->self, metric, m);
}

/* What a new comment says goes to the sink, and is remembered as this target's. */
static enum rc take_saying(struct ingest *g, const struct exposition_entry *entry,
	struct line *line, struct err *e)
{
	struct metric_metadata m = { .type = "", .help = "", .unit = "" };
	struct sayings *sayings = &g->tools->sayings;
	struct arena *a = &g->tools->labelling.arena;
	const char *metric, *saying;

	arena_reset(a);
	metric = exposition_unescape(entry->name, a);
	saying = exposition_saying(&g->x, entry->value, a);
	if (!metric || !saying)
		return err_set(e, RC_LIMIT, "the help of a metric takes too much memory");
	if (entry->kind == EXPOSITION_TYPE) {
		line->kind = LINE_TYPE;
		line->ref = sayings_put(sayings, metric, "", g->x.type);
		m.type = metric_type_name(g->x.type);
	} else if (entry->kind == EXPOSITION_HELP) {
		line->ref = sayings_put(sayings, metric, saying, SAYING_HELP);
		m.help = saying;
	} else {
		line->ref = sayings_put(sayings, metric, saying, SAYING_UNIT);
		m.unit = saying;
	}
	tell_metadata(g, metric, &m);
	return RC_OK;
}

static enum rc take_metadata(struct ingest *g, const struct exposition_entry *entry, struct err *e)
{
	uint64_t hash = line_hash(&g->pass, entry->text.s, entry->text.n);
	struct line_found found = line_pass_find(&g->pass, hash, entry->text.n);
	struct line line = { .hash = hash,
		.n = entry->text.n & LINE_BYTES_KNOWN_MAX,
		.kind = LINE_OTHER };
	enum rc rc;

	if (found.what != LINE_NEW)
		return RC_OK;
	rc = take_saying(g, entry, &line, e);
	if (rc == RC_OK)
		line_pass_add(&g->pass, &line);
	return rc;
}

/* A comment that was there before. */
static bool take_known_comment(struct ingest *g, const struct line *line, const char *end)
{
	if (*end != '\n')
		return false;
	if (line->kind == LINE_TYPE)
		g->x.type = (enum metric_type)saying_what(line->ref);
	g->x.at = end + 1;
	line_pass_step(&g->pass);
	return true;
}

/* The usual case of take_known(), as short as it can be: nothing about the line has changed. */
static bool take_usual(struct ingest *g, const struct line *line, const char *end)
{
	struct pending p = { .t_ms = g->t_ms, .ref = line->ref };

	if (!line->is_tracked || g->config->terms.sample_limit || g->n_samples == g->cap_samples ||
		!exposition_value(&g->x, end, &p.v))
		return false;
	p.place = line_pass_step(&g->pass) & NO_PLACE;
	g->samples[g->n_samples++] = p;
	g->result.n_scraped++;
	g->result.n_relabelled++;
	return true;
}

/* When the next line is the one that is expected here: take it without looking at its labels.
 * False: nothing was taken. */
static bool take_known(struct ingest *g, enum rc *ret, struct err *e)
{
	const struct line *line = line_pass_at(&g->pass);
	const char *s = g->x.at, *end;
	struct exposition_entry entry;

	if (!line || (size_t)(g->x.end - s) <= line->n)
		return false;
	end = s + line->n;
	if (line_hash(&g->pass, s, line->n) != line->hash)
		return false;
	if (line->kind == LINE_TYPE || line->kind == LINE_OTHER)
		return take_known_comment(g, line, end);
	/* a{b="c"} is all of a name wherever it stands; but "foo" is also how "foobar" begins. */
	if (end[-1] != '}' && *end != ' ')
		return false;
	if (take_usual(g, line, end))
		return true;
	if (line->is_doubtful || !exposition_rest(&g->x, end, &entry))
		return false;
	entry.text = (struct piece){ s, line->n };
	g->result.n_scraped++;
	if (line->kind == LINE_DROPPED)
		line_pass_step(&g->pass);
	else
		*ret = take_sample(g, line_pass_step(&g->pass), &entry, e);
	return true;
}

enum rc ingest_take_entry(struct ingest *g, const struct exposition_entry *entry, struct err *e)
{
	if (entry->kind == EXPOSITION_SERIES)
		return take_series(g, entry, e);
	if (entry->kind == EXPOSITION_COMMENT)
		return RC_OK;
	return take_metadata(g, entry, e);
}

static enum rc convert_and_take(struct ingest *g, struct exposition_entry *entry, struct err *e)
{
	bool is_done = false;
	enum rc rc = ingest_convert(g, entry, &is_done, e);

	return rc != RC_OK || is_done ? rc : ingest_take_entry(g, entry, e);
}

/* Whether a line may be taken without a look at what it says. */
static bool may_be_known(const struct ingest *g)
{
	const struct line *line;

	if (g->x.is_ended || g->x.is_cut)
		return false;
	if (__builtin_expect(!g->classic, 1))
		return true;
	line = line_pass_at(&g->pass);
	return g->x.type != METRIC_HISTOGRAM && !g->classic->is_gathering && line &&
	       (line->kind == LINE_SERIES || line->kind == LINE_DROPPED);
}

enum rc ingest_take_portion(struct ingest *g, const char *s, size_t n, struct err *e)
{
	struct exposition_entry entry;
	enum rc rc = RC_OK;

	g->x.at = s;
	g->x.end = s + n;
	while (rc == RC_OK) {
		if (may_be_known(g) && take_known(g, &rc, e))
			continue;
		rc = exposition_next(&g->x, &entry, e);
		if (rc != RC_OK || entry.kind == EXPOSITION_MORE || entry.kind == EXPOSITION_END)
			return rc;
		rc = convert_and_take(g, &entry, e);
	}
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usual line costs a hash, a number and 24 bytes; whatever isn't usual falls through to
 * exposition_next() and what follows it here.
 */
#include "core/scrape/ingest.h"

#include "base/histogram.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "core/scrape/classic.h"
#include "core/scrape/families.h"
#include "core/scrape/media_type.h"

#include <stdio.h>

#define NO_PLACE        ((1u << 30) - 1)
#define SAID_TWICE_NEAR 1000    /* lines back where the other is looked for */
#define SPARE_BYTES_MAX 1048576 /* of room for samples that is kept for the next body */
_Static_assert(SCRAPE_SAMPLES_MAX < NO_PLACE, "places of samples fit into 30 bits");
_Static_assert(SCRAPE_LINE_BYTES_MAX <= LINE_BYTES_KNOWN_MAX, "each line may be remembered");

struct pending {
	double v; /* of a histogram: its number among these */
	int64_t t_ms;
	series_ref ref;
	uint32_t place : 30; /* of its line; NO_PLACE: of a line that was there before */
	bool is_new : 1;
	bool is_histogram : 1;
};
_Static_assert(sizeof(struct pending) == 24, "a sample waits in 24 bytes");

struct pending_exemplar {
	uint32_t sample; /* that it belongs to */
	struct exemplar exemplar;
};

struct ingest {
	struct ingest_tools *tools;
	struct ingest_memory *memory;
	const struct scrape_config *config;
	const struct labels *target;
	int64_t t_ms, now_ms;

	struct exposition x;
	struct line_pass pass;
	struct str tail; /* a line begun, or what of one goes on behind a line break */
	struct pending *samples;
	uint32_t n_samples, cap_samples;
	struct pending_exemplar *exemplars;
	uint32_t n_exemplars, cap_exemplars;
	struct arena exemplar_arena;
	const struct histogram **histograms;
	uint32_t n_histograms, cap_histograms;
	struct arena histogram_arena;
	struct classic *classic; /* NULL: the job leaves classic histograms as they are */
	struct str classic_text;

	uint64_t n_counted; /* against sample_limit */
	bool is_over_limit;
	uint64_t n_told_bytes; /* of texts that protobuf stands for */
	bool is_protobuf;
	bool is_unread;   /* its error came before the first line was looked at */
	struct err media; /* why the format isn't known */
	struct err failure;
	struct ingest_result result;
};

static const struct {
	const char *name, *text;
} losses[] = {
	[LOSS_OUT_OF_ORDER] = { "out_of_order", "out of order" },
	[LOSS_DUPLICATE] = { "duplicate", "twice, or with another value at the same time" },
	[LOSS_OUT_OF_BOUNDS] = { "out_of_bounds", "too old or too far in the future" },
	[LOSS_NEW_SERIES] = { "new_series", "of more new series than a target may begin" },
	[LOSS_FORGOTTEN] = { "forgotten", "of series that were dropped meanwhile" },
	[LOSS_EXEMPLAR] = { "exemplar", "exemplars that found no room" },
	[LOSS_UNSUPPORTED] = { "unsupported", "native histograms that can't be kept" },
};
_Static_assert(COUNT(losses) == SCRAPE_LOSSES, "every loss has words");

const char *scrape_loss_name(enum scrape_loss l)
{
	return losses[l].name;
}

const char *scrape_loss_text(enum scrape_loss l)
{
	return losses[l].text;
}

void ingest_memory_init(struct ingest_memory *m)
{
	*m = (struct ingest_memory){ .new_series_left = SCRAPE_NEW_SERIES_MAX };
}

void ingest_memory_fini(struct ingest_memory *m)
{
	lines_fini(&m->lines);
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

void ingest_tools_init(struct ingest_tools *t, const struct series_sink *sink, uint64_t seed)
{
	*t = (struct ingest_tools){ .sink = sink, .seed = seed };
	labelling_init(&t->labelling);
}

void ingest_tools_fini(struct ingest_tools *t)
{
	labelling_fini(&t->labelling);
	free(t->spare);
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

static void lose(struct ingest *g, enum scrape_loss why, struct piece text)
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

/* Exemplars are an extra: one that is malformed or too long is left out. */
static void push_exemplar(struct ingest *g, const struct exposition_entry *entry)
{
	struct pending_exemplar p = { .sample = g->n_samples - 1,
		.exemplar = { .v = entry->exemplar_v,
			.t_ms = entry->exemplar_t_ms,
			.has_time = entry->exemplar_has_time } };

	if (!entry->exemplar.n || !g->tools->sink->exemplar)
		return;
	if (exposition_exemplar_labels(&g->x, entry->exemplar, &g->exemplar_arena,
		    &p.exemplar.labels, NULL) != RC_OK) {
		lose(g, LOSS_EXEMPLAR, entry->text);
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
		lose(g, LOSS_OUT_OF_BOUNDS, entry->text);
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
		push_exemplar(g, entry);
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
	lose(g, LOSS_NEW_SERIES, text);
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
		lose(g, LOSS_NEW_SERIES, entry->text);
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
		lose(g, LOSS_DUPLICATE, entry->text);
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
static enum rc tell_metadata(struct ingest *g, const struct exposition_entry *entry, struct err *e)
{
	const struct series_sink *sink = g->tools->sink;
	struct metric_metadata m = { .type = "", .help = "", .unit = "" };
	struct arena *a = &g->tools->labelling.arena;
	const char *metric, *saying;

	if (!sink->metadata)
		return RC_OK;
	arena_reset(a);
	metric = exposition_unescape(entry->name, a);
	saying = exposition_saying(&g->x, entry->value, a);
	if (!metric || !saying)
		return err_set(e, RC_LIMIT, "the help of a metric takes too much memory");
	if (entry->kind == EXPOSITION_TYPE)
		m.type = metric_type_name(g->x.type);
	else if (entry->kind == EXPOSITION_HELP)
		m.help = saying;
	else
		m.unit = saying;
	sink->metadata(sink->self, metric, &m);
	return RC_OK;
}

static enum rc take_metadata(struct ingest *g, const struct exposition_entry *entry, struct err *e)
{
	uint64_t hash = line_hash(&g->pass, entry->text.s, entry->text.n);
	struct line_found found = line_pass_find(&g->pass, hash, entry->text.n);
	struct line line = { .hash = hash,
		.n = entry->text.n & LINE_BYTES_KNOWN_MAX,
		.kind = LINE_OTHER };

	if (found.what != LINE_NEW)
		return RC_OK;
	if (entry->kind == EXPOSITION_TYPE) {
		line.kind = LINE_TYPE;
		line.ref = (series_ref)g->x.type;
	}
	line_pass_add(&g->pass, &line);
	return tell_metadata(g, entry, e);
}

/* A comment that was there before. */
static bool take_known_comment(struct ingest *g, const struct line *line, const char *end)
{
	if (*end != '\n')
		return false;
	if (line->kind == LINE_TYPE)
		g->x.type = (enum metric_type)line->ref;
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

static enum rc take_as_it_is(struct ingest *g, const struct exposition_entry *entry, struct err *e)
{
	if (entry->kind == EXPOSITION_SERIES)
		return take_series(g, entry, e);
	if (entry->kind == EXPOSITION_COMMENT)
		return RC_OK;
	return take_metadata(g, entry, e);
}

/* ---- classic histograms that become native ones */

static void push_classic_exemplars(struct ingest *g, struct exposition_entry *entry)
{
	for (uint32_t i = 0; i < g->classic->n_exemplars; i++) {
		const struct classic_exemplar *x = &g->classic->exemplars[i];

		entry->exemplar = x->labels;
		entry->exemplar_v = x->v;
		entry->exemplar_t_ms = x->t_ms;
		entry->exemplar_has_time = true;
		push_exemplar(g, entry);
	}
}

/* What was gathered is taken as if the target had sent it. */
static enum rc end_classic(struct ingest *g, struct err *e)
{
	enum metric_type type = g->x.type;
	uint32_t before = g->n_samples;
	uint64_t most = g->config->native_histogram_bucket_limit;
	struct exposition_entry entry;
	struct histogram h;
	bool has_one;
	enum rc rc;

	if (!g->classic)
		return RC_OK;
	rc = classic_end(g->classic, &g->classic_text, &h, &entry, &has_one, e);
	if (rc != RC_OK || !has_one)
		return rc;
	if (most && h.n_positive > most) /* its bounds are given: no resolution to give up */
		return err_set(e, RC_LIMIT, "histogram bucket limit exceeded");
	g->x.type = METRIC_HISTOGRAM;
	rc = take_series(g, &entry, e);
	if (rc == RC_OK && g->n_samples > before)
		push_classic_exemplars(g, &entry);
	g->x.type = type;
	return rc;
}

/* *ret_is_done: nothing else is made of the entry.  Of one that was gathered the exemplar is gone. */
static enum rc convert(struct ingest *g, struct exposition_entry *entry, bool *ret_is_done,
	struct err *e)
{
	enum classic_answer answer;
	enum rc rc;

	if (__builtin_expect(!g->classic, 1))
		return RC_OK;
	rc = classic_take(g->classic, &g->x, entry, &answer, e);
	if (rc == RC_OK && answer == CLASSIC_ENDS) {
		rc = end_classic(g, e);
		if (rc == RC_OK)
			rc = classic_take(g->classic, &g->x, entry, &answer, e);
	}
	if (rc == RC_OK && entry->kind == EXPOSITION_TYPE)
		rc = classic_type(g->classic, entry->name, e);
	if (answer == CLASSIC_GATHERED)
		entry->exemplar.n = 0;
	*ret_is_done =
		answer == CLASSIC_LEFT_OUT ||
		(answer == CLASSIC_GATHERED && g->config->terms.classic_histograms != SCRAPE_YES);
	return rc;
}

static enum rc take_entry(struct ingest *g, struct exposition_entry *entry, struct err *e)
{
	bool is_done = false;
	enum rc rc = convert(g, entry, &is_done, e);

	return rc != RC_OK || is_done ? rc : take_as_it_is(g, entry, e);
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

/* ---- protobuf */

static void set_exemplar(struct exposition_entry *entry, const struct family_exemplar *x)
{
	entry->exemplar = x->labels;
	entry->exemplar_v = x->v;
	entry->exemplar_t_ms = x->t_ms;
	entry->exemplar_has_time = x->has_time;
}

/* What was told of one series, or of a metric. */
static enum rc take_family(void *self, const struct family_entry *f, struct err *e)
{
	struct ingest *g = self;
	struct exposition_entry entry = f->entry;
	bool is_done = false;
	uint32_t before, n_exemplars;
	enum rc rc;

	g->x.type = f->type;
	/* The labels of a histogram stand there once, and are read with each of its buckets. */
	g->n_told_bytes += entry.text.n;
	if (g->n_told_bytes > SCRAPE_TOLD_BYTES_MAX)
		return err_set(e, RC_LIMIT, "body size limit exceeded by what it stands for");
	if (g->classic && f->n_exemplars)
		set_exemplar(&entry, &f->exemplars[0]);
	rc = convert(g, &entry, &is_done, e);
	if (rc != RC_OK || is_done)
		return rc;
	n_exemplars = g->classic && f->n_exemplars && !entry.exemplar.n ? 0 : f->n_exemplars;
	entry.exemplar.n = 0;
	before = g->n_samples;
	rc = take_as_it_is(g, &entry, e);
	if (rc != RC_OK || g->n_samples == before)
		return rc;
	for (uint32_t i = 0; i < n_exemplars; i++) {
		set_exemplar(&entry, &f->exemplars[i]);
		push_exemplar(g, &entry);
	}
	return RC_OK;
}

static enum rc take_messages(struct ingest *g, const char *s, size_t n, struct err *e)
{
	const struct scrape_config *c = g->config;
	const struct families_wish wish = {
		.has_native = c->terms.native_histograms != SCRAPE_NO,
		.has_classic = c->terms.classic_histograms == SCRAPE_YES,
		.buckets_max = c->native_histogram_bucket_limit,
		.bucket_factor_least = c->native_histogram_min_bucket_factor,
	};
	struct families_visitor visitor = { g, take_family };
	size_t used;
	enum rc rc;

	str_addn(&g->tail, s, n);
	if (g->tail.is_cut)
		return err_set(e, RC_LIMIT, "a protobuf message is over %d bytes",
			SCRAPE_FAMILY_BYTES_MAX);
	rc = families_read(str_c(&g->tail), g->tail.len, &wish, &visitor, &used, e);
	str_consume(&g->tail, used);
	return rc;
}

static enum rc end_messages(const struct ingest *g, struct err *e)
{
	return g->tail.len ? err_set(e, RC_INPUT, "unexpected EOF") : RC_OK;
}

/* ---- text */

/* All whole entries of the portion, which ends with a line's end. */
static enum rc take_portion(struct ingest *g, const char *s, size_t n, struct err *e)
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
		rc = take_entry(g, &entry, e);
	}
	return rc;
}

/* What of the tail is whole; the rest stays. */
static enum rc take_tail(struct ingest *g, struct err *e)
{
	size_t n = g->tail.len;
	enum rc rc;

	while (n && g->tail.s[n - 1] != '\n')
		n--;
	if (n == 0)
		return RC_OK;
	rc = take_portion(g, g->tail.s, n, e);
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
		rc = take_portion(g, s + used, whole, e);
		if (rc != RC_OK)
			return rc;
		used = (size_t)(g->x.at - s);
	}
	str_addn(&g->tail, s + used, n - used);
	if (g->tail.len > SCRAPE_LINE_BYTES_MAX)
		return err_set(e, RC_LIMIT, "a line is over %d bytes", SCRAPE_LINE_BYTES_MAX);
	return RC_OK;
}

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
		rc = g->is_protobuf ? take_messages(g, bytes, n, &g->failure)
				    : take_bytes(g, bytes, n, &g->failure);
	g->failure.rc = rc;
	return rc == RC_OK ? RC_OK : err_set(e, rc, "%s", g->failure.text);
}

/* The last line of a text may do without its end. */
static enum rc take_last(struct ingest *g, struct err *e)
{
	g->x.is_last = true;
	g->x.is_cut = g->tail.len && g->tail.s[g->tail.len - 1] != '\n';
	if (g->x.is_cut)
		str_addc(&g->tail, '\n');
	if (g->tail.len == 0)
		return take_portion(g, "\n", 0, e);
	return take_portion(g, g->tail.s, g->tail.len, e);
}

static const enum scrape_loss verdict_losses[SERIES_VERDICTS] = {
	[SERIES_DUPLICATE] = LOSS_DUPLICATE,
	[SERIES_OUT_OF_ORDER] = LOSS_OUT_OF_ORDER,
	[SERIES_TOO_OLD] = LOSS_OUT_OF_BOUNDS,
	[SERIES_GONE] = LOSS_FORGOTTEN,
	[SERIES_UNSUPPORTED] = LOSS_UNSUPPORTED,
};

/* A body that says a series in two ways: to Prometheus both lines are of a new series. */
static bool is_said_twice(const struct ingest *g, uint32_t sample)
{
	uint32_t from = sample > SAID_TWICE_NEAR ? sample - SAID_TWICE_NEAR : 0;

	for (uint32_t i = from; i < sample; i++)
		if (g->samples[i].ref == g->samples[sample].ref)
			return true;
	return false;
}

/* A sample that the sink didn't take: its series doesn't end by it. */
static void take_verdict(struct ingest *g, uint32_t sample, enum series_verdict verdict)
{
	const struct pending *p = &g->samples[sample];
	struct line *line;

	lose(g, verdict_losses[verdict], (struct piece){ 0 });
	if (p->place == NO_PLACE || (p->is_new && is_said_twice(g, sample)))
		return;
	line = line_pass_edit(&g->pass, p->place);
	line->is_tracked = false;
	line->is_doubtful = verdict == SERIES_GONE;
	line->is_void = p->is_new;
	g->result.n_added -= p->is_new;
}

static enum series_verdict append_histogram(const struct ingest *g, const struct pending *p)
{
	const struct series_sink *sink = g->tools->sink;

	if (!sink->append_histogram)
		return SERIES_UNSUPPORTED;
	return sink->append_histogram(sink->self, p->ref, p->t_ms, g->histograms[(uint32_t)p->v]);
}

static void append_samples(struct ingest *g)
{
	const struct series_sink *sink = g->tools->sink;

	for (uint32_t i = 0; i < g->n_samples; i++) {
		const struct pending *p = &g->samples[i];
		enum series_verdict verdict =
			__builtin_expect(p->is_histogram, 0)
				? append_histogram(g, p)
				: sink->append(sink->self, p->ref, p->t_ms, p->v);

		if (__builtin_expect(verdict > SERIES_SAME, 0))
			take_verdict(g, i, verdict);
	}
	for (uint32_t i = 0; i < g->n_exemplars; i++) {
		struct pending_exemplar *x = &g->exemplars[i];
		const struct pending *p = &g->samples[x->sample];

		if (!x->exemplar.has_time)
			x->exemplar.t_ms = p->t_ms;
		sink->exemplar(sink->self, p->ref, &x->exemplar);
	}
}

static void mark_stale(void *ctx, series_ref ref)
{
	const struct ingest *g = ctx;
	const struct series_sink *sink = g->tools->sink;

	/* Out of order: the series goes on through another target. */
	(void)sink->append(sink->self, ref, g->t_ms, double_of_bits(STALE_NAN_BITS));
}

static const char *const report_names[] = {
	[REPORT_UP] = "up",
	[REPORT_DURATION] = "scrape_duration_seconds",
	[REPORT_SCRAPED] = "scrape_samples_scraped",
	[REPORT_POST_RELABELING] = "scrape_samples_post_metric_relabeling",
	[REPORT_SERIES_ADDED] = "scrape_series_added",
};
_Static_assert(COUNT(report_names) == SCRAPE_REPORTS, "every report has a name");

static enum rc report_one(struct ingest *g, enum scrape_report r, double v, struct err *e)
{
	const struct series_sink *sink = g->tools->sink;
	series_ref *ref = &g->memory->reports[r];
	struct labels labels;
	enum rc rc;

	if (*ref && sink->append(sink->self, *ref, g->t_ms, v) != SERIES_GONE)
		return RC_OK;
	g->tools->labelling.target = g->target;
	rc = labelling_report(&g->tools->labelling, report_names[r], &labels, e);
	if (rc == RC_OK)
		rc = sink->series(sink->self, &labels, ref, e);
	if (rc == RC_OK)
		(void)sink->append(sink->self, *ref, g->t_ms, v);
	return rc;
}

static enum rc report(struct ingest *g, double took_s, struct err *e)
{
	const double values[] = {
		[REPORT_UP] = g->result.is_ok,
		[REPORT_DURATION] = took_s,
		[REPORT_SCRAPED] = g->result.n_scraped,
		[REPORT_POST_RELABELING] = g->result.n_relabelled,
		[REPORT_SERIES_ADDED] = g->result.n_added,
	};
	enum rc rc = RC_OK;

	for (int r = 0; r < SCRAPE_REPORTS && rc == RC_OK; r++)
		rc = report_one(g, (enum scrape_report)r, values[r], e);
	return rc;
}

/* Report, commit, and done. */
static struct ingest_result finish(struct ingest *g, double took_s)
{
	const struct series_sink *sink = g->tools->sink;
	struct ingest_result result;
	struct err e = { 0 };
	enum rc rc = report(g, took_s, &e);

	if (rc == RC_OK)
		rc = sink->commit(sink->self, &e);
	if (rc != RC_OK) {
		g->result.is_ok = false;
		snprintf(g->result.error, sizeof g->result.error, "storing: %.480s", e.text);
	}
	result = g->result;
	ingest_drop(g);
	return result;
}

static struct ingest_result finish_failed(struct ingest *g, const char *why, double took_s)
{
	snprintf(g->result.error, sizeof g->result.error, "%s", why);
	line_pass_fail(&g->pass, mark_stale, g);
	return finish(g, took_s);
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
		g->failure.rc =
			g->is_protobuf ? end_messages(g, &g->failure) : take_last(g, &g->failure);
	if (g->failure.rc != RC_OK && g->is_unread)
		return ingest_fail(g, g->failure.text, took_s);
	if (g->failure.rc == RC_OK)
		g->failure.rc = end_classic(g, &g->failure);
	if (g->failure.rc == RC_OK && g->is_over_limit)
		g->failure.rc = err_set(&g->failure, RC_LIMIT, "sample limit exceeded");
	if (g->failure.rc != RC_OK)
		return finish_failed(g, g->failure.text, took_s);
	g->result.is_ok = true;
	append_samples(g);
	if (g->result.n_bytes)
		line_pass_keep(&g->pass, mark_stale, g);
	else
		line_pass_fail(&g->pass, mark_stale, g);
	return finish(g, took_s);
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

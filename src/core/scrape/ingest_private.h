/* SPDX-License-Identifier: Apache-2.0 */
/* One body on its way, and what its units give each other.  Private to ingest*.c. */
#ifndef CORE_SCRAPE_INGEST_PRIVATE_H
#define CORE_SCRAPE_INGEST_PRIVATE_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "core/scrape/classic.h"
#include "core/scrape/ingest.h"

#define NO_PLACE ((1u << 30) - 1)
_Static_assert(SCRAPE_SAMPLES_MAX < NO_PLACE, "places of samples fit into 30 bits");

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

/* ---- ingest_entries.c */

/* All whole entries of a text's portion, which ends with a line's end. */
enum rc ingest_take_portion(struct ingest *g, const char *s, size_t n, struct err *e) MUST_USE;
/* One entry, as the target sent it or as it was converted. */
enum rc ingest_take_entry(struct ingest *g, const struct exposition_entry *entry,
	struct err *e) MUST_USE;
/* Of the sample that was pushed last.  Exemplars are an extra: one that is malformed or too long is
 * left out. */
void ingest_push_exemplar(struct ingest *g, const struct exposition_entry *entry);
/* Counts a sample that isn't taken; `text`, where it is known, is its line. */
void ingest_lose(struct ingest *g, enum scrape_loss why, struct piece text);

/* ---- ingest_classic.c: classic histograms that become native ones, where the job wants it */

/* *ret_is_done: nothing else is made of the entry.  Of one that was gathered the exemplar is gone.
 * Only where `classic` is set. */
enum rc ingest_convert_classic(struct ingest *g, struct exposition_entry *entry, bool *ret_is_done,
	struct err *e) MUST_USE;
/* What was gathered is taken as if the target had sent it. */
enum rc ingest_end_classic(struct ingest *g, struct err *e) MUST_USE;

/* Asked of each entry: most jobs leave classic histograms as they are. */
static inline enum rc ingest_convert(struct ingest *g, struct exposition_entry *entry,
	bool *ret_is_done, struct err *e)
{
	if (__builtin_expect(!g->classic, 1))
		return RC_OK;
	return ingest_convert_classic(g, entry, ret_is_done, e);
}

/* ---- ingest_protobuf.c */

/* All whole messages of what has come so far. */
enum rc ingest_take_messages(struct ingest *g, const char *s, size_t n, struct err *e) MUST_USE;
/* Whether the body ended with a message. */
enum rc ingest_end_messages(const struct ingest *g, struct err *e) MUST_USE;

/* ---- ingest_report.c */

/* What waited goes to the sink; what it doesn't take is counted. */
void ingest_append(struct ingest *g);
/* The series of `ref` ends.  `ctx`: the struct ingest. */
void ingest_mark_stale(void *ctx, series_ref ref);
/* Reports, commits, frees `g`. */
struct ingest_result ingest_finish(struct ingest *g, double took_s);

#endif

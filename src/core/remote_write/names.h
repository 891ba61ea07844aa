/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: the labels of the series that are sent, in the bytes that requests need, each text once.
 *
 * A series is a list of words.  For remote write 1.0 a word is a whole encoded label, name and value:
 * most are shared by all series of a target.  For 2.0 it is a symbol.  So a series costs some fifty
 * bytes, and a request is put together by copying words, without looking at labels.
 */
#ifndef CORE_REMOTE_WRITE_NAMES_H
#define CORE_REMOTE_WRITE_NAMES_H

#include "base/map.h"
#include "base/series.h"
#include "core/remote_write/config.h"

#define REMOTE_SERIES_UNKNOWN UINT32_MAX
#define REMOTE_SERIES_DROPPED (UINT32_MAX - 1) /* by write_relabel_configs */

struct remote_word {
	uint32_t at; /* its bytes, in `texts` */
	uint32_t n;  /* of these */
	uint32_t
		last; /* where it stands in the request that is being written, or its number there */
	uint32_t stamp; /* which request that was */
	uint32_t about; /* of a metric's name: 0, REMOTE_ABOUT_NOTHING, or 1 + its place in `abouts` */
};
#define REMOTE_ABOUT_NOTHING UINT32_MAX

/* Metadata of a metric. */
struct remote_about {
	uint32_t type;       /* as both protocols number it */
	uint32_t help, unit; /* words */
};

struct remote_series {
	uint32_t first;   /* of its words, in `refs` */
	uint32_t n;       /* words */
	uint32_t n_bytes; /* of all of them */
	uint32_t name;    /* 1 + the word of the metric's name, in 2.0; 0: it has none */
};

#define REMOTE_PAGE 256

struct remote_names {
	enum remote_protocol protocol;
	uint8_t *texts;
	uint32_t n_texts, cap_texts;
	struct remote_word *words;
	uint32_t n_words, cap_words;
	uint32_t *slots; /* open addressing by the text: word + 1 */
	uint32_t n_slots;
	uint32_t *refs;
	uint32_t n_refs, cap_refs;
	struct remote_series *series;
	uint32_t n_series, cap_series;
	uint32_t **pages; /* by id / REMOTE_PAGE: the complement of what find() answers */
	uint32_t n_pages;
	uint32_t n_known; /* ids, dropped ones included */
	uint32_t stamp;   /* of the request that was written last */
	const struct map *metadata; /* struct metric_metadata by metric, the owner's; NULL: none */
	struct remote_about *abouts;
	uint32_t n_abouts, cap_abouts;
};

void remote_names_init(struct remote_names *n, enum remote_protocol protocol);
void remote_names_fini(struct remote_names *n);
void remote_names_clear(struct remote_names *n); /* all series are unknown again */

static inline uint32_t remote_names_find(const struct remote_names *n, uint32_t id)
{
	const uint32_t *page = id / REMOTE_PAGE < n->n_pages ? n->pages[id / REMOTE_PAGE] : NULL;

	return page ? ~page[id % REMOTE_PAGE] : REMOTE_SERIES_UNKNOWN;
}
/* Of a series that isn't known yet; returns where it is from now on.  NULL: it is dropped. */
uint32_t remote_names_put(struct remote_names *n, uint32_t id, const struct labels *l);
/* The words of an exemplar's labels, for 2.0; they are appended to `ret`. */
struct remote_refs {
	uint32_t *v;
	uint32_t n, cap;
};
void remote_names_add_words(struct remote_names *n, const struct labels *l,
	struct remote_refs *ret);
/* What is known of metrics, from now on; of 2.0 only.  `metadata` must stay as it is until the next
 * call. */
void remote_names_set_metadata(struct remote_names *n, const struct map *metadata);
/* NULL: nothing is known. */
const struct remote_about *remote_names_about(struct remote_names *n,
	const struct remote_series *s);
/* "counter" is 1, as both protocols have it. */
uint32_t remote_metric_type(const char *text);
uint64_t remote_names_bytes(const struct remote_names *n); /* of memory */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checksum proves that the bytes are those that were written; every number is checked again where
 * it is used, so that even a file made by somebody else leads to RC_CORRUPT at worst.
 */
#include "core/metrics/index.h"

#include "base/limits.h"
#include "core/metrics/bytes.h"
#include "core/metrics/index_format.h"
#include "core/metrics/varint.h"

#include <stdio.h>
#include <xxhash.h>

struct index {
	uint32_t refs;
	const struct files *files; /* NULL: the bytes are somebody else's */
	struct files_map map;
	char name[FILES_NAME_MAX];
	struct index_header h;
	const uint8_t *parts[INDEX_PARTS];
};

#define PART(x, part, type, i) (((const type *)(const void *)(x)->parts[part])[i])

static enum rc damaged(const struct index *x, const char *what, struct err *e)
{
	return err_set(e, RC_CORRUPT, "%s: %s", x->name[0] ? x->name : "a segment", what);
}

/* Sections of the size that the header's numbers ask for; 0: any. */
static uint64_t size_wanted(const struct index_header *h, enum index_part part)
{
	const uint64_t sizes[INDEX_PARTS] = {
		[INDEX_PLACES] = 4 * (h->n_texts + 1ull),
		[INDEX_NAMES] = sizeof(struct index_name) * (h->n_names + 1ull),
		[INDEX_PAIRS] = sizeof(struct index_pair) * (uint64_t)h->n_pairs,
		[INDEX_SERIES] = 4 * (h->n_series + 1ull),
		[INDEX_HASH] = sizeof(struct index_slot) * (uint64_t)h->n_slots,
	};

	return sizes[part];
}

static enum rc check_section(struct index *x, enum index_part part, struct err *e)
{
	const struct index_section *s = &x->h.sections[part];
	uint64_t wanted = size_wanted(&x->h, part);

	if (s->at % 8 || s->at > x->map.n || s->n > x->map.n - s->at)
		return damaged(x, "a section lies outside of the file", e);
	if (wanted && s->n != wanted)
		return damaged(x, "a section isn't as long as it should be", e);
	x->parts[part] = x->map.p + s->at;
	if (XXH3_64bits(x->parts[part], s->n) != s->checksum)
		return damaged(x, "the checksum of a section is wrong", e);
	return RC_OK;
}

static enum rc check_header(struct index *x, struct err *e)
{
	struct index_header *h = &x->h;

	if (x->map.n < sizeof *h || memcmp(x->map.p, INDEX_MAGIC, 8) != 0)
		return damaged(x, "it isn't a segment of an index", e);
	memcpy(h, x->map.p, sizeof *h);
	if (XXH3_64bits(h, offsetof(struct index_header, checksum)) != h->checksum)
		return damaged(x, "the checksum of the header is wrong", e);
	if (!h->n_series || !h->first_id || h->last_id < h->first_id ||
		h->last_id - h->first_id < h->n_series - 1 || !h->n_slots ||
		h->n_slots & (h->n_slots - 1) || h->n_slots <= h->n_series)
		return damaged(x, "the numbers of its header don't fit together", e);
	return RC_OK;
}

static bool ids_are_dense(const struct index *x)
{
	return x->h.last_id - x->h.first_id == x->h.n_series - 1;
}

static enum rc check(struct index *x, struct err *e)
{
	enum rc rc = check_header(x, e);

	for (unsigned part = 0; rc == RC_OK && part < INDEX_PARTS; part++)
		rc = check_section(x, part, e);
	if (rc == RC_OK && !ids_are_dense(x) && x->h.sections[INDEX_IDS].n != 4ull * x->h.n_series)
		return damaged(x, "its ids aren't as many as its series", e);
	return rc;
}

enum rc index_open_bytes(struct index **ret, const uint8_t *p, size_t n, struct err *e)
{
	scoped(index_drop) struct index *x = must_alloc(sizeof *x);
	enum rc rc;

	x->refs = 1;
	x->map = (struct files_map){ p, n };
	rc = check(x, e);
	if (rc == RC_OK)
		*ret = TAKE(x);
	return rc;
}

enum rc index_open(struct index **ret, const struct files *files, const char *name, struct err *e)
{
	scoped(index_drop) struct index *x = must_alloc(sizeof *x);
	enum rc rc;

	x->refs = 1;
	rc = files->map(files->self, name, &x->map, e);
	if (rc != RC_OK)
		return rc;
	x->files = files;
	snprintf(x->name, sizeof x->name, "%s", name);
	rc = check(x, e);
	if (rc != RC_OK)
		return rc;
	files->release(files->self, &x->map);
	*ret = TAKE(x);
	return RC_OK;
}

struct index *index_hold(struct index *x)
{
	x->refs++;
	return x;
}

void index_drop(struct index *x)
{
	if (!x || --x->refs)
		return;
	if (x->files)
		x->files->unmap(x->files->self, &x->map);
	free(x);
}

const char *index_name(const struct index *x)
{
	return x->name;
}

uint64_t index_bytes(const struct index *x)
{
	return x->map.n;
}

uint32_t index_count(const struct index *x)
{
	return x->h.n_series;
}

uint32_t index_first_id(const struct index *x)
{
	return x->h.first_id;
}

uint32_t index_last_id(const struct index *x)
{
	return x->h.last_id;
}

uint32_t index_id(const struct index *x, uint32_t position)
{
	must(position < x->h.n_series);
	return ids_are_dense(x) ? x->h.first_id + position : PART(x, INDEX_IDS, uint32_t, position);
}

bool index_find_id(const struct index *x, uint32_t id, uint32_t *ret_position)
{
	uint32_t low = 0, high = x->h.n_series;

	if (id < x->h.first_id || id > x->h.last_id)
		return false;
	while (!ids_are_dense(x) && high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (index_id(x, mid) <= id)
			low = mid;
		else
			high = mid;
	}
	*ret_position = ids_are_dense(x) ? id - x->h.first_id : low;
	return ids_are_dense(x) || index_id(x, low) == id;
}

bool index_has_id(const struct index *x, uint32_t id)
{
	uint32_t position;

	return index_find_id(x, id, &position);
}

/* A text that isn't there is empty, so that whoever compares finds it different. */
static struct index_text text(const struct index *x, uint32_t i)
{
	uint64_t n_texts = x->h.sections[INDEX_TEXTS].n;
	uint32_t from, to;

	if (i >= x->h.n_texts)
		return (struct index_text){ "", 0 };
	from = PART(x, INDEX_PLACES, uint32_t, i);
	to = PART(x, INDEX_PLACES, uint32_t, i + 1);
	if (to <= from || to > n_texts || x->parts[INDEX_TEXTS][to - 1])
		return (struct index_text){ "", 0 };
	return (struct index_text){ (const char *)x->parts[INDEX_TEXTS] + from, to - from - 1 };
}

uint32_t index_n_names(const struct index *x)
{
	return x->h.n_names;
}

struct index_text index_label_name(const struct index *x, uint32_t name)
{
	must(name < x->h.n_names);
	return text(x, PART(x, INDEX_NAMES, struct index_name, name).text);
}

struct run index_pairs(const struct index *x, uint32_t name)
{
	uint32_t from, to;

	must(name < x->h.n_names);
	from = PART(x, INDEX_NAMES, struct index_name, name).first_pair;
	to = PART(x, INDEX_NAMES, struct index_name, name + 1).first_pair;
	if (to > x->h.n_pairs || from > to)
		return (struct run){ 0, 0 };
	return (struct run){ from, to };
}

struct index_text index_value(const struct index *x, uint32_t pair)
{
	must(pair < x->h.n_pairs);
	return text(x, PART(x, INDEX_PAIRS, struct index_pair, pair).text);
}

uint32_t index_pair_count(const struct index *x, uint32_t pair)
{
	must(pair < x->h.n_pairs);
	return PART(x, INDEX_PAIRS, struct index_pair, pair).n_series;
}

static int compare(struct index_text a, const char *s, size_t n)
{
	int order = memcmp(a.s, s, a.n < n ? a.n : n);

	return order ? order : (a.n > n) - (a.n < n);
}

bool index_find_name(const struct index *x, const char *name, uint32_t *ret)
{
	uint32_t low = 0, high = x->h.n_names;
	size_t n = strlen(name);

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = compare(index_label_name(x, mid), name, n);

		if (!order) {
			*ret = mid;
			return true;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* The first pair of those whose value isn't before the text. */
static uint32_t first_value(const struct index *x, struct run pairs, const char *s, size_t n)
{
	while (pairs.from < pairs.to) {
		uint32_t mid = pairs.from + (pairs.to - pairs.from) / 2;

		if (compare(index_value(x, mid), s, n) < 0)
			pairs.from = mid + 1;
		else
			pairs.to = mid;
	}
	return pairs.from;
}

/* Runs of a pair, one by one. */
struct postings {
	struct varint_bytes bytes;
	uint32_t end, n_series;
	bool is_damaged;
};

static struct postings postings_of(const struct index *x, uint32_t pair)
{
	const struct index_pair *p = &PART(x, INDEX_PAIRS, struct index_pair, pair);
	uint64_t n = x->h.sections[INDEX_POSTINGS].n;
	uint64_t to = pair + 1 < x->h.n_pairs ? p[1].postings_at : n;
	const uint8_t *at = x->parts[INDEX_POSTINGS];
	struct postings damage = { .is_damaged = true };

	if (p->postings_at > to || to > n)
		return damage;
	return (struct postings){ .bytes = { at + p->postings_at, at + to },
		.n_series = x->h.n_series };
}

/* False: there are no more, or they are damaged. */
static bool next_run(struct postings *p, struct run *ret)
{
	uint64_t gap, more;

	if (p->is_damaged || p->bytes.p == p->bytes.end)
		return false;
	if (!varint_get(&p->bytes, p->n_series - p->end, &gap) ||
		!varint_get(&p->bytes, p->n_series - p->end - gap, &more) ||
		p->end + gap + more + 1 > p->n_series) {
		p->is_damaged = true;
		return false;
	}
	ret->from = (uint32_t)(p->end + gap);
	ret->to = (uint32_t)(ret->from + more + 1);
	p->end = ret->to;
	return true;
}

enum rc index_postings(const struct index *x, uint32_t pair, struct runs *ret, struct err *e)
{
	struct postings p;
	struct run run;

	must(pair < x->h.n_pairs);
	p = postings_of(x, pair);
	ret->n = 0;
	while (next_run(&p, &run))
		runs_add(ret, run.from, run.to);
	return p.is_damaged ? damaged(x, "postings are malformed", e) : RC_OK;
}

static uint32_t name_of_pair(const struct index *x, uint32_t pair)
{
	uint32_t low = 0, high = x->h.n_names;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (PART(x, INDEX_NAMES, struct index_name, mid).first_pair <= pair)
			low = mid;
		else
			high = mid;
	}
	return low;
}

enum rc index_labels(const struct index *x, uint32_t position, struct label *v, struct labels *ret,
	struct err *e)
{
	uint64_t n = x->h.sections[INDEX_LABELS].n, pair;
	const uint8_t *labels = x->parts[INDEX_LABELS];
	struct varint_bytes bytes;
	uint32_t from, to, k = 0;

	must(position < x->h.n_series);
	from = PART(x, INDEX_SERIES, uint32_t, position);
	to = PART(x, INDEX_SERIES, uint32_t, position + 1);
	if (from > to || to > n)
		return damaged(x, "labels lie outside of their section", e);
	for (bytes = (struct varint_bytes){ labels + from, labels + to }; bytes.p < bytes.end;
		k++) {
		struct index_text name, value;

		if (k == SERIES_LABELS_MAX || !varint_get(&bytes, x->h.n_pairs - 1ull, &pair) ||
			!x->h.n_names || !x->h.n_pairs)
			return damaged(x, "labels are malformed", e);
		name = index_label_name(x, name_of_pair(x, (uint32_t)pair));
		value = index_value(x, (uint32_t)pair);
		v[k] = (struct label){ name.s, value.s, name.n, value.n };
	}
	*ret = (struct labels){ v, k };
	return RC_OK;
}

uint32_t index_find(const struct index *x, const struct labels *l, uint64_t hash)
{
	struct label v[SERIES_LABELS_MAX];
	uint32_t mask = x->h.n_slots - 1;

	for (uint32_t i = (uint32_t)hash & mask, n = 0; n <= mask; i = (i + 1) & mask, n++) {
		const struct index_slot *slot = &PART(x, INDEX_HASH, struct index_slot, i);
		struct labels other;

		if (!slot->position1)
			return 0;
		if (slot->hash_high != (uint32_t)(hash >> 32) || slot->position1 > x->h.n_series)
			continue;
		if (index_labels(x, slot->position1 - 1, v, &other, NULL) == RC_OK &&
			labels_equal(l, &other))
			return index_id(x, slot->position1 - 1);
	}
	return 0;
}

/* The positions of some of a name's values. */
struct picking {
	const struct index *x;
	struct run pairs;
	struct bits bits;
};

static enum rc pick(struct picking *p, uint32_t pair, struct err *e)
{
	struct postings postings = postings_of(p->x, pair);
	struct run run;

	while (next_run(&postings, &run))
		bits_add(&p->bits, run.from, run.to);
	return postings.is_damaged ? damaged(p->x, "postings are malformed", e) : RC_OK;
}

/* The few values that alone can match. */
static enum rc pick_few(struct picking *p, const char *const *values, uint32_t n, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < n; i++) {
		size_t len = strlen(values[i]);
		uint32_t pair = first_value(p->x, p->pairs, values[i], len);

		if (pair < p->pairs.to && !compare(index_value(p->x, pair), values[i], len))
			rc = pick(p, pair, e);
	}
	return rc;
}

static enum rc pick_matching(struct picking *p, const struct matcher *m, struct err *e)
{
	const char *prefix = matcher_prefix(m);
	size_t n_prefix = strlen(prefix);
	enum rc rc = RC_OK;

	for (uint32_t i = first_value(p->x, p->pairs, prefix, n_prefix); i < p->pairs.to; i++) {
		struct index_text value = index_value(p->x, i);

		if (value.n < n_prefix || memcmp(value.s, prefix, n_prefix) != 0)
			break;
		if (matcher_matches(m, value.s, value.n))
			rc = pick(p, i, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc pick_others(struct picking *p, const struct matcher *m, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = p->pairs.from; rc == RC_OK && i < p->pairs.to; i++) {
		struct index_text value = index_value(p->x, i);

		if (!matcher_matches(m, value.s, value.n))
			rc = pick(p, i, e);
	}
	return rc;
}

/* Series without the label match when the empty value does: then it is easier to say which values
 * don't. */
static enum rc narrow_by(struct picking *p, const struct matcher *m, struct runs *ret,
	struct err *e)
{
	bool empty_matches = matcher_matches(m, "", 0);
	scoped(runs_fini) struct runs picked = { 0 };
	uint32_t n;
	const char *const *values = matcher_values(m, &n);
	enum rc rc = empty_matches ? pick_others(p, m, e)
		     : values      ? pick_few(p, values, n, e)
				   : pick_matching(p, m, e);

	if (rc != RC_OK)
		return rc;
	bits_runs(&p->bits, &picked);
	if (empty_matches)
		runs_subtract(ret, &picked);
	else
		runs_intersect(ret, &picked);
	return RC_OK;
}

static enum rc narrow(const struct index *x, const struct matcher *m, struct runs *ret,
	struct err *e)
{
	struct picking p = { .x = x };
	uint32_t name;
	enum rc rc;

	if (!index_find_name(x, matcher_name(m), &name)) {
		ret->n = matcher_matches(m, "", 0) ? ret->n : 0;
		return RC_OK;
	}
	p.pairs = index_pairs(x, name);
	bits_init(&p.bits, x->h.n_series);
	rc = narrow_by(&p, m, ret, e);
	bits_fini(&p.bits);
	return rc;
}

enum rc index_select(const struct index *x, const struct matcher *const *matchers, uint32_t n,
	struct runs *ret, struct err *e)
{
	enum rc rc = RC_OK;

	ret->n = 0;
	runs_add(ret, 0, x->h.n_series);
	for (uint32_t i = 0; rc == RC_OK && ret->n && i < n; i++)
		rc = narrow(x, matchers[i], ret, e);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts and pairs get numbers as they come, series are lists of numbers; at the end everything is
 * sorted once and numbered anew.
 *
 * Whoever adds series has each text once, so that a pair mostly is where it was a moment ago: pairs
 * are looked up by their addresses first, and hashed only when that fails.
 */
#include "core/metrics/index.h"

#include "core/metrics/index_format.h"
#include "core/metrics/varint.h"

#include <stdio.h>
#include <xxhash.h>

struct text {
	const char *s;
	uint32_t n;
	uint32_t rank; /* its number in the file */
};
struct pair {
	uint32_t name, value; /* texts */
	uint32_t n_series, rank;
};
/* Open addressing: number + 1, 0 empty. */
struct numbers {
	uint32_t *slots;
	uint32_t cap;
};

#define RANK_BYTES_MAX 5 /* of a varint of 32 bits */

#define RECENT 1024 /* pairs that are known by where their texts lie */
struct recent {
	const char *name, *value; /* NULL: none */
	uint32_t name_len, value_len, pair;
};

struct index_builder {
	struct recent recent[RECENT];
	struct text *texts;
	struct pair *pairs;
	uint32_t n_texts, cap_texts, n_pairs, cap_pairs;
	struct numbers text_numbers, pair_numbers;
	struct {
		uint32_t *v; /* pairs of all series */
		uint32_t n, cap;
	} labels;
	struct member {
		uint64_t hash;
		uint32_t id, first_label;
	} * series;
	uint32_t n_series, cap_series;
};

struct index_builder *index_builder_new(void)
{
	return must_alloc(sizeof(struct index_builder));
}

static void clear(struct index_builder *b)
{
	free(b->texts);
	free(b->pairs);
	free(b->text_numbers.slots);
	free(b->pair_numbers.slots);
	free(b->labels.v);
	free(b->series);
	memset(b, 0, sizeof *b);
}

void index_builder_free(struct index_builder *b)
{
	if (!b)
		return;
	clear(b);
	free(b);
}

uint32_t index_builder_count(const struct index_builder *b)
{
	return b->n_series;
}

static uint32_t text_hash(const char *s, uint32_t n)
{
	return (uint32_t)XXH3_64bits(s, n);
}

static uint32_t pair_hash(uint32_t name, uint32_t value)
{
	return (uint32_t)((((uint64_t)name << 32 | value) * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static void put_number(struct numbers *t, uint32_t hash, uint32_t number)
{
	uint32_t i = hash & (t->cap - 1);

	while (t->slots[i])
		i = (i + 1) & (t->cap - 1);
	t->slots[i] = number + 1;
}

/* Twice the room, empty, when it is full. */
static bool make_room(struct numbers *t, uint32_t n)
{
	if (4 * ((uint64_t)n + 1) <= 3 * (uint64_t)t->cap)
		return false;
	free(t->slots);
	t->cap = t->cap ? 2 * t->cap : 256;
	t->slots = must_alloc(t->cap * sizeof *t->slots);
	return true;
}

static uint32_t text_number(struct index_builder *b, const char *s, uint32_t n)
{
	struct numbers *t = &b->text_numbers;
	uint32_t hash = text_hash(s, n);

	if (make_room(t, b->n_texts))
		for (uint32_t i = 0; i < b->n_texts; i++)
			put_number(t, text_hash(b->texts[i].s, b->texts[i].n), i);
	for (uint32_t i = hash & (t->cap - 1); t->slots[i]; i = (i + 1) & (t->cap - 1)) {
		const struct text *other = &b->texts[t->slots[i] - 1];

		if (other->n == n && memcmp(other->s, s, n) == 0)
			return t->slots[i] - 1;
	}
	put_number(t, hash, b->n_texts);
	must_grow(b->texts, b->n_texts, b->cap_texts);
	b->texts[b->n_texts] = (struct text){ .s = s, .n = n };
	return b->n_texts++;
}

static uint32_t pair_number(struct index_builder *b, uint32_t name, uint32_t value)
{
	struct numbers *t = &b->pair_numbers;
	uint32_t hash = pair_hash(name, value);

	if (make_room(t, b->n_pairs))
		for (uint32_t i = 0; i < b->n_pairs; i++)
			put_number(t, pair_hash(b->pairs[i].name, b->pairs[i].value), i);
	for (uint32_t i = hash & (t->cap - 1); t->slots[i]; i = (i + 1) & (t->cap - 1)) {
		const struct pair *other = &b->pairs[t->slots[i] - 1];

		if (other->name == name && other->value == value)
			return t->slots[i] - 1;
	}
	put_number(t, hash, b->n_pairs);
	must_grow(b->pairs, b->n_pairs, b->cap_pairs);
	b->pairs[b->n_pairs] = (struct pair){ .name = name, .value = value };
	return b->n_pairs++;
}

/* Texts may lie within each other: where one begins and how long it is says which it is. */
static uint32_t label_pair(struct index_builder *b, const struct label *l)
{
	uint32_t hash = pair_hash((uint32_t)(uintptr_t)l->name, (uint32_t)(uintptr_t)l->value);
	struct recent *r = &b->recent[hash % RECENT];

	if (r->name == l->name && r->value == l->value && r->value_len == l->value_len &&
		r->name_len == l->name_len)
		return r->pair;
	*r = (struct recent){ l->name, l->value, l->name_len, l->value_len, 0 };
	r->pair = pair_number(b, text_number(b, l->name, l->name_len),
		text_number(b, l->value, l->value_len));
	return r->pair;
}

void index_builder_add(struct index_builder *b, uint32_t id, const struct labels *l, uint64_t hash)
{
	must(!b->n_series || id > b->series[b->n_series - 1].id);
	must_grow(b->series, b->n_series, b->cap_series);
	b->series[b->n_series++] =
		(struct member){ .hash = hash, .id = id, .first_label = b->labels.n };
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t pair = label_pair(b, &l->v[i]);

		b->pairs[pair].n_series++;
		must_grow(b->labels.v, b->labels.n, b->labels.cap);
		b->labels.v[b->labels.n++] = pair;
	}
}

static int by_text(const void *a, const void *b, void *builder)
{
	const struct text *texts = ((struct index_builder *)builder)->texts;
	const struct text *x = &texts[*(const uint32_t *)a], *y = &texts[*(const uint32_t *)b];
	int order = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);

	return order ? order : (x->n > y->n) - (x->n < y->n);
}

static uint64_t pair_key(const struct index_builder *b, uint32_t pair)
{
	const struct pair *p = &b->pairs[pair];

	return (uint64_t)b->texts[p->name].rank << 32 | b->texts[p->value].rank;
}

static int by_pair(const void *a, const void *b, void *builder)
{
	uint64_t x = pair_key(builder, *(const uint32_t *)a);
	uint64_t y = pair_key(builder, *(const uint32_t *)b);

	return (x > y) - (x < y);
}

/* The numbers 0 ... n - 1 in order. */
static uint32_t *sorted(struct index_builder *b, uint32_t n,
	int (*compare)(const void *, const void *, void *))
{
	uint32_t *order = must_alloc((n + 1) * sizeof *order);

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof *order, compare, b);
	return order;
}

/* The file as it grows. */
struct image {
	struct index_builder *b;
	struct str *out;
	size_t start;
	struct index_header header;
	uint32_t *texts, *pairs; /* in order */
};

static void begin_section(struct image *m, enum index_part part)
{
	while ((m->out->len - m->start) % 8)
		str_addc(m->out, 0);
	m->header.sections[part].at = m->out->len - m->start;
}

static void end_section(struct image *m, enum index_part part)
{
	struct index_section *s = &m->header.sections[part];

	s->n = m->out->len - m->start - s->at;
	s->checksum = XXH3_64bits(m->out->s + m->start + s->at, s->n);
}

static void add_u32(struct str *s, uint32_t v)
{
	str_addn(s, &v, sizeof v);
}

static void put_texts(struct image *m)
{
	uint32_t place = 0;

	begin_section(m, INDEX_PLACES);
	for (uint32_t i = 0; i < m->b->n_texts; i++) {
		add_u32(m->out, place);
		place += m->b->texts[m->texts[i]].n + 1;
	}
	add_u32(m->out, place);
	end_section(m, INDEX_PLACES);
	begin_section(m, INDEX_TEXTS);
	for (uint32_t i = 0; i < m->b->n_texts; i++) {
		const struct text *t = &m->b->texts[m->texts[i]];

		str_addn(m->out, t->s, t->n);
		str_addc(m->out, 0);
	}
	end_section(m, INDEX_TEXTS);
}

static void put_names(struct image *m)
{
	struct index_name name = { 0 };

	begin_section(m, INDEX_NAMES);
	for (uint32_t i = 0; i < m->b->n_pairs; i++) {
		uint32_t text = m->b->texts[m->b->pairs[m->pairs[i]].name].rank;

		if (i && text == name.text)
			continue;
		name = (struct index_name){ .text = text, .first_pair = i };
		str_addn(m->out, &name, sizeof name);
		m->header.n_names++;
	}
	name = (struct index_name){ .first_pair = m->b->n_pairs };
	str_addn(m->out, &name, sizeof name);
	end_section(m, INDEX_NAMES);
}

/* Positions of each pair, in order of the pairs' ranks; the list of pair r begins at starts[r]. */
static uint32_t *positions(const struct image *m, const uint32_t *starts)
{
	const struct index_builder *b = m->b;
	uint32_t *v = must_alloc((b->labels.n + 1) * sizeof *v);
	uint32_t *at = must_alloc((b->n_pairs + 1) * sizeof *at);

	memcpy(at, starts, b->n_pairs * sizeof *at);
	for (uint32_t i = 0; i < b->n_series; i++) {
		uint32_t end = i + 1 < b->n_series ? b->series[i + 1].first_label : b->labels.n;

		for (uint32_t k = b->series[i].first_label; k < end; k++)
			v[at[b->pairs[b->labels.v[k]].rank]++] = i;
	}
	free(at);
	return v;
}

static void put_runs(struct str *out, const uint32_t *v, uint32_t n)
{
	uint32_t end = 0;

	for (uint32_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && v[k] == v[k - 1] + 1;)
			k++;
		varint_add(out, v[i] - end);
		varint_add(out, k - i - 1);
		end = v[k - 1] + 1;
	}
}

static void put_pairs(struct image *m)
{
	const struct index_builder *b = m->b;
	uint32_t *starts = must_alloc((b->n_pairs + 1) * sizeof *starts);
	scoped(str_fini) struct str postings = STR_EMPTY;
	uint32_t *v;

	for (uint32_t r = 0; r < b->n_pairs; r++)
		starts[r + 1] = starts[r] + b->pairs[m->pairs[r]].n_series;
	v = positions(m, starts);
	begin_section(m, INDEX_PAIRS);
	for (uint32_t r = 0; r < b->n_pairs; r++) {
		const struct pair *p = &b->pairs[m->pairs[r]];
		struct index_pair pair = { .text = b->texts[p->value].rank,
			.n_series = p->n_series,
			.postings_at = postings.len };

		put_runs(&postings, v + starts[r], p->n_series);
		str_addn(m->out, &pair, sizeof pair);
	}
	end_section(m, INDEX_PAIRS);
	begin_section(m, INDEX_POSTINGS);
	str_addn(m->out, str_c(&postings), postings.len);
	end_section(m, INDEX_POSTINGS);
	free(starts);
	free(v);
}

static void put_ids(struct image *m)
{
	const struct index_builder *b = m->b;

	begin_section(m, INDEX_IDS);
	if (m->header.last_id - m->header.first_id != b->n_series - 1)
		for (uint32_t i = 0; i < b->n_series; i++)
			add_u32(m->out, b->series[i].id);
	end_section(m, INDEX_IDS);
}

static void put_series(struct image *m)
{
	const struct index_builder *b = m->b;
	uint8_t *labels = must_alloc(RANK_BYTES_MAX * (size_t)b->labels.n + 1), *p = labels;
	uint32_t *places, i, k = 0;

	begin_section(m, INDEX_SERIES);
	places = (void *)str_add_zeros(m->out, (b->n_series + 1) * sizeof *places);
	for (i = 0; i < b->n_series; i++) {
		uint32_t end = i + 1 < b->n_series ? b->series[i + 1].first_label : b->labels.n;

		places[i] = (uint32_t)(p - labels);
		while (k < end)
			p = put_varint(p, b->pairs[b->labels.v[k++]].rank);
	}
	places[i] = (uint32_t)(p - labels);
	end_section(m, INDEX_SERIES);
	begin_section(m, INDEX_LABELS);
	str_addn(m->out, labels, (size_t)(p - labels));
	end_section(m, INDEX_LABELS);
	free(labels);
}

/* Made where it stays: this is half of the file. */
static void put_hash(struct image *m)
{
	const struct index_builder *b = m->b;
	uint32_t cap = 4;
	struct index_slot *slots;

	while (2 * (uint64_t)cap < 3 * (uint64_t)b->n_series)
		cap *= 2;
	m->header.n_slots = cap;
	begin_section(m, INDEX_HASH);
	slots = (void *)str_add_zeros(m->out, cap * sizeof *slots);
	for (uint32_t i = 0; i < b->n_series; i++) {
		uint32_t k = (uint32_t)b->series[i].hash & (cap - 1);

		while (slots[k].position1)
			k = (k + 1) & (cap - 1);
		slots[k] = (struct index_slot){ (uint32_t)(b->series[i].hash >> 32), i + 1 };
	}
	end_section(m, INDEX_HASH);
}

static void rank(struct image *m)
{
	struct index_builder *b = m->b;

	m->texts = sorted(b, b->n_texts, by_text);
	for (uint32_t i = 0; i < b->n_texts; i++)
		b->texts[m->texts[i]].rank = i;
	m->pairs = sorted(b, b->n_pairs, by_pair);
	for (uint32_t i = 0; i < b->n_pairs; i++)
		b->pairs[m->pairs[i]].rank = i;
}

void index_builder_finish(struct index_builder *b, struct str *ret)
{
	struct image m = { .b = b, .out = ret, .start = ret->len };

	must(b->n_series && m.start % 8 == 0);
	memcpy(m.header.magic, INDEX_MAGIC, sizeof m.header.magic);
	m.header.n_series = b->n_series;
	m.header.first_id = b->series[0].id;
	m.header.last_id = b->series[b->n_series - 1].id;
	m.header.n_texts = b->n_texts;
	m.header.n_pairs = b->n_pairs;
	rank(&m);
	str_addn(ret, &m.header, sizeof m.header);
	put_texts(&m);
	put_names(&m);
	put_pairs(&m);
	put_series(&m);
	put_ids(&m);
	free(TAKE(b->labels.v));
	put_hash(&m);
	m.header.checksum = XXH3_64bits(&m.header, offsetof(struct index_header, checksum));
	memcpy(ret->s + m.start, &m.header, sizeof m.header);
	free(m.texts);
	free(m.pairs);
	clear(b);
}

enum rc index_builder_write(struct index_builder *b, const struct files *files, const char *name,
	struct err *e)
{
	scoped(str_fini) struct str bytes = STR_EMPTY;
	char temporary[FILES_NAME_MAX];
	enum rc rc;

	index_builder_finish(b, &bytes);
	snprintf(temporary, sizeof temporary, "%s.new", name);
	rc = files_write(files, temporary, &bytes, e);
	if (rc == RC_OK)
		rc = files->rename(files->self, temporary, name, e);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/names.h"

#include "base/str.h"
#include "base/protobuf.h"

#include <xxhash.h>

void remote_names_init(struct remote_names *n, enum remote_protocol protocol)
{
	*n = (struct remote_names){ .protocol = protocol };
}

void remote_names_fini(struct remote_names *n)
{
	for (uint32_t i = 0; i < n->n_pages; i++)
		free(n->pages[i]);
	free(n->pages);
	free(n->texts);
	free(n->words);
	free(n->slots);
	free(n->refs);
	free(n->series);
	free(n->abouts);
	remote_names_init(n, n->protocol);
}

void remote_names_clear(struct remote_names *n)
{
	const struct map *metadata = n->metadata;

	remote_names_fini(n);
	n->metadata = metadata;
}

/* ---- words */

static uint32_t hash_of(const void *p, uint32_t n)
{
	return (uint32_t)XXH3_64bits(p, n);
}

static void grow_slots(struct remote_names *n)
{
	uint32_t cap = n->n_slots ? 2 * n->n_slots : 1024;

	free(n->slots);
	n->slots = must_alloc(cap * sizeof *n->slots);
	n->n_slots = cap;
	for (uint32_t i = 0; i < n->n_words; i++) {
		uint32_t at = hash_of(n->texts + n->words[i].at, n->words[i].n) & (cap - 1);

		while (n->slots[at])
			at = (at + 1) & (cap - 1);
		n->slots[at] = i + 1;
	}
}

static uint32_t add_word(struct remote_names *n, const void *p, uint32_t len)
{
	if (n->cap_texts - n->n_texts < len) {
		n->cap_texts = 2 * n->cap_texts + len + 4096;
		n->texts = must_realloc(n->texts, n->cap_texts);
	}
	if (len)
		memcpy(n->texts + n->n_texts, p, len);
	must_grow(n->words, n->n_words, n->cap_words);
	n->words[n->n_words] = (struct remote_word){ .at = n->n_texts, .n = len };
	n->n_texts += len;
	return n->n_words++;
}

static uint32_t intern(struct remote_names *n, const void *p, uint32_t len)
{
	uint32_t at;

	if (4 * (n->n_words + 1) > 3 * n->n_slots)
		grow_slots(n);
	at = hash_of(p, len) & (n->n_slots - 1);
	for (; n->slots[at]; at = (at + 1) & (n->n_slots - 1)) {
		const struct remote_word *w = &n->words[n->slots[at] - 1];

		if (w->n == len && memcmp(n->texts + w->at, p, len) == 0)
			return n->slots[at] - 1;
	}
	n->slots[at] = n->n_words + 1;
	return add_word(n, p, len);
}

static void add_ref(struct remote_names *n, struct remote_series *s, uint32_t word)
{
	must_grow(n->refs, n->n_refs, n->cap_refs);
	n->refs[n->n_refs++] = word;
	s->n++;
	s->n_bytes += n->words[word].n;
}

/* A Label of prometheus/types.proto, as the first field of a TimeSeries. */
static void add_label(struct remote_names *n, struct remote_series *s, const struct label *l)
{
	uint32_t inner = 2 + protobuf_varint_bytes(l->name_len) + l->name_len +
			 protobuf_varint_bytes(l->value_len) + l->value_len;
	uint32_t len = 1 + protobuf_varint_bytes(inner) + inner;
	scoped(mem_free) char *bytes = must_alloc(len);
	uint8_t *p = (uint8_t *)bytes;

	p = protobuf_write_key(p, PROTOBUF_BYTES(1));
	p = protobuf_write_varint(p, inner);
	p = protobuf_write_text(p, 1, l->name, l->name_len);
	p = protobuf_write_text(p, 2, l->value, l->value_len);
	add_ref(n, s, intern(n, bytes, (uint32_t)(p - (uint8_t *)bytes)));
}

static void add_symbols(struct remote_names *n, struct remote_series *s, const struct label *l)
{
	uint32_t value = intern(n, l->value, l->value_len);

	add_ref(n, s, intern(n, l->name, l->name_len));
	add_ref(n, s, value);
	if (str_eq(l->name, METRIC_NAME))
		s->name = value + 1;
}

void remote_names_add_words(struct remote_names *n, const struct labels *l,
	struct remote_refs *ret)
{
	for (uint32_t i = 0; i < 2 * l->n; i++) {
		const struct label *x = &l->v[i / 2];

		must_grow(ret->v, ret->n, ret->cap);
		ret->v[ret->n++] = i % 2 ? intern(n, x->value, x->value_len)
					 : intern(n, x->name, x->name_len);
	}
}

/* ---- series */

static uint32_t *slot_of(struct remote_names *n, uint32_t id)
{
	uint32_t page = id / REMOTE_PAGE;

	if (page >= n->n_pages) {
		uint32_t more = page + page / 2 + 16;

		n->pages = must_realloc(n->pages, more * sizeof *n->pages);
		memset(n->pages + n->n_pages, 0, (more - n->n_pages) * sizeof *n->pages);
		n->n_pages = more;
	}
	if (!n->pages[page])
		n->pages[page] = must_alloc(REMOTE_PAGE * sizeof **n->pages);
	return &n->pages[page][id % REMOTE_PAGE];
}

uint32_t remote_names_put(struct remote_names *n, uint32_t id, const struct labels *l)
{
	struct remote_series s = { .first = n->n_refs };
	uint32_t place = REMOTE_SERIES_DROPPED;

	for (uint32_t i = 0; l && i < l->n; i++) {
		if (n->protocol == REMOTE_WRITE_1)
			add_label(n, &s, &l->v[i]);
		else
			add_symbols(n, &s, &l->v[i]);
	}
	if (l) {
		must_grow(n->series, n->n_series, n->cap_series);
		n->series[n->n_series] = s;
		place = n->n_series++;
	}
	*slot_of(n, id) = ~place;
	n->n_known++;
	return place;
}

/* ---- metadata */

uint32_t remote_metric_type(const char *text)
{
	static const char *const types[] = { "unknown", "counter", "gauge", "histogram",
		"gaugehistogram", "summary", "info", "stateset" };

	for (uint32_t i = 0; i < COUNT(types); i++)
		if (str_eq(types[i], text))
			return i;
	return 0;
}

void remote_names_set_metadata(struct remote_names *n, const struct map *metadata)
{
	n->metadata = metadata;
	n->n_abouts = 0;
	for (uint32_t i = 0; i < n->n_words; i++)
		n->words[i].about = 0;
}

/* What belongs to a metric of these types stands under its name with something behind it. */
static const struct suffix {
	const char *text, *types[3];
} suffixes[] = {
	{ "_bucket", { "histogram", "gaugehistogram" } },
	{ "_count", { "histogram", "gaugehistogram", "summary" } },
	{ "_sum", { "histogram", "gaugehistogram", "summary" } },
	{ "_total", { "counter" } },
};

static bool is_of(const struct suffix *s, const struct metric_metadata *m)
{
	for (size_t i = 0; m && i < COUNT(s->types) && s->types[i]; i++)
		if (str_eq(s->types[i], m->type))
			return true;
	return false;
}

static const struct metric_metadata *find_metadata(const struct remote_names *n,
	const struct remote_word *w)
{
	scoped(mem_free) char *name = must_alloc(w->n + 1ull);
	const struct metric_metadata *m;

	memcpy(name, n->texts + w->at, w->n);
	m = map_get(n->metadata, name);
	for (size_t i = 0; !m && i < COUNT(suffixes); i++) {
		size_t len = strlen(suffixes[i].text);

		if (w->n <= len || !str_eq(name + w->n - len, suffixes[i].text))
			continue;
		name[w->n - len] = 0;
		m = map_get(n->metadata, name);
		if (!is_of(&suffixes[i], m))
			return NULL;
	}
	return m;
}

static uint32_t look_up(struct remote_names *n, uint32_t word)
{
	const struct metric_metadata *m = find_metadata(n, &n->words[word]);
	struct remote_about a;

	if (!m)
		return REMOTE_ABOUT_NOTHING;
	a.type = remote_metric_type(m->type);
	a.help = intern(n, m->help, (uint32_t)strlen(m->help));
	a.unit = intern(n, m->unit, (uint32_t)strlen(m->unit));
	must_grow(n->abouts, n->n_abouts, n->cap_abouts);
	n->abouts[n->n_abouts++] = a;
	return n->n_abouts;
}

const struct remote_about *remote_names_about(struct remote_names *n, const struct remote_series *s)
{
	uint32_t about;

	if (!n->metadata || !s->name)
		return NULL;
	about = n->words[s->name - 1].about;
	if (!about) {
		about = look_up(n, s->name - 1);
		n->words[s->name - 1].about = about;
	}
	return about == REMOTE_ABOUT_NOTHING ? NULL : &n->abouts[about - 1];
}

uint64_t remote_names_bytes(const struct remote_names *n)
{
	return n->cap_texts + n->cap_words * (uint64_t)sizeof *n->words +
	       n->n_slots * (uint64_t)sizeof *n->slots + n->cap_refs * (uint64_t)sizeof *n->refs +
	       n->cap_series * (uint64_t)sizeof *n->series +
	       n->n_known * (uint64_t)sizeof **n->pages;
}

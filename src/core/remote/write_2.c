/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message io.prometheus.write.v2.Request: prompb/io/prometheus/write/v2/types.proto.
 *
 * Symbols stand before the series; each is hashed once.  A series is known by the hashes that its
 * references stand for, since the same symbol has another number in the next request; what is said of its
 * metric belongs to that.
 */
#include "core/remote/write_private.h"

#include "base/limits.h"

#include <xxhash.h>

struct symbol {
	const uint8_t *s;
	uint32_t n;
	uint64_t hash;
};
struct symbols {
	struct symbol *v;
	uint32_t n;
};

static enum rc read_symbols(struct protobuf p, struct series_batch *b, struct symbols *ret,
	struct err *e)
{
	struct protobuf all = p;
	struct protobuf_field f;
	uint32_t n = 0;

	while (protobuf_next(&all, &f))
		n += f.key == PROTOBUF_BYTES(4);
	if (all.is_bad)
		return remote_malformed(e);
	ret->v = arena_alloc(&b->arena, (n + 1ull) * sizeof *ret->v);
	if (!ret->v)
		return err_set(e, RC_LIMIT, "more symbols than are taken at once");
	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(4))
			ret->v[ret->n++] = (struct symbol){ f.s, f.n,
				XXH3_64bits_withSeed(f.s, f.n, b->seed) };
	return RC_OK;
}

/* ---- labels */

static bool take_label(const struct symbols *symbols, uint64_t name, uint64_t value,
	struct arena *a, struct label *ret)
{
	const struct symbol *n = &symbols->v[name], *v = &symbols->v[value];

	ret->name = remote_text(a, n->s, n->n);
	ret->value = remote_text(a, v->s, v->n);
	ret->name_len = n->n;
	ret->value_len = v->n;
	return ret->name && ret->value;
}

/* From packed references; each was found to be in the table. */
static enum rc read_labels(const struct symbols *symbols, struct protobuf refs, struct arena *a,
	struct label **ret, uint32_t *ret_n, struct err *e)
{
	uint32_t most = (uint32_t)(refs.end - refs.at) / 2, n = 0;
	uint64_t name, value;

	if (most > SERIES_LABELS_MAX)
		most = SERIES_LABELS_MAX;
	*ret = arena_alloc(a, (most + 1) * sizeof **ret);
	while (*ret && refs.at < refs.end && n < most && protobuf_take_varint(&refs, &name) &&
		protobuf_take_varint(&refs, &value))
		if (!take_label(symbols, name, value, a, &(*ret)[n++]))
			*ret = NULL;
	if (!*ret)
		return err_set(e, RC_LIMIT, "too many labels");
	if (refs.is_bad || refs.at < refs.end)
		return err_set(e, RC_INPUT, "labels_refs: %s",
			refs.is_bad ? "an odd number of references" : "too many");
	*ret_n = n;
	return RC_OK;
}

static enum rc labels_of(const struct series_batch *b, uint32_t series, struct arena *a,
	struct labels *ret, struct err *e)
{
	const struct batch_series *s = &b->series[series];
	struct label *v;
	uint32_t n;
	enum rc rc = read_labels(b->of, protobuf_over(s->text, s->n), a, &v, &n, e);

	return rc == RC_OK ? remote_check_labels(v, n, ret, e) : rc;
}

static uint64_t mix(uint64_t hash, uint64_t with)
{
	hash = (hash ^ with) * UINT64_C(0x9fb21c651e98df25);
	return hash ^ hash >> 32;
}

/* All references of a series are packed in one field, or they are told from what follows. */
static enum rc hash_labels(const struct symbols *symbols, const struct protobuf_field *f,
	uint64_t seed, uint64_t *ret, struct err *e)
{
	struct protobuf refs = protobuf_inside(f);
	uint64_t hash = seed, ref;

	while (refs.at < refs.end && protobuf_take_varint(&refs, &ref)) {
		if (ref >= symbols->n)
			return err_set(e, RC_INPUT, "labels_refs %llu out of range of %u symbols",
				(unsigned long long)ref, symbols->n);
		hash = mix(hash, symbols->v[ref].hash);
	}
	*ret = hash;
	return refs.is_bad ? remote_malformed(e) : RC_OK;
}

/* ---- the rest of a series */

static enum rc take_exemplar(struct series_batch *b, const struct protobuf_field *message,
	struct err *e)
{
	const struct symbols *symbols = b->of;
	struct protobuf p = protobuf_inside(message), refs = { 0 };
	struct exemplar x = { .has_time = true };
	struct protobuf_field f;
	struct label *v = NULL;
	uint64_t unused;
	uint32_t n = 0;
	enum rc rc = remote_check_room(b, e);

	while (rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1)) {
			refs = protobuf_inside(&f);
			rc = hash_labels(symbols, &f, 0, &unused, e);
		} else if (f.key == PROTOBUF_FIXED64(2)) {
			x.v = protobuf_double(&f);
		} else if (f.key == PROTOBUF_VARINT(3)) {
			x.t_ms = (int64_t)f.v;
		}
	}
	if (p.is_bad)
		return remote_malformed(e);
	if (rc == RC_OK)
		rc = read_labels(symbols, refs, &b->arena, &v, &n, e);
	if (rc == RC_OK)
		rc = labels_sort(v, n, &x.labels, e);
	x.has_time = x.t_ms != 0;
	if (rc == RC_OK)
		series_batch_add_exemplar(b, b->n_series - 1, &x);
	return rc;
}

static const char *symbol_text(const struct symbols *symbols, uint64_t ref, struct arena *a)
{
	const struct symbol *s = ref < symbols->n ? &symbols->v[ref] : NULL;

	return s && s->n && utf8_valid((const char *)s->s, s->n) ? remote_text(a, s->s, s->n) : "";
}

/* What metadata is of: the metric's name, less what histograms and summaries put behind it. */
static const char *family_of(const char *name, const char *type, struct arena *a)
{
	static const char *const suffixes[] = { "_bucket", "_count", "_sum" };
	size_t n = strlen(name);

	if (!strstr(type, "histogram") && !str_eq(type, "summary"))
		return name;
	for (size_t i = 0; i < COUNT(suffixes); i++) {
		size_t k = strlen(suffixes[i]);

		if (n > k && str_eq(name + n - k, suffixes[i]))
			return arena_strndup(a, name, n - k);
	}
	return name;
}

struct about { /* symbols, but for the type */
	uint64_t type, help, unit;
};

static bool read_about(struct protobuf p, struct about *ret)
{
	struct protobuf_field f;

	*ret = (struct about){ 0 };
	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(1))
			ret->type = f.v;
		else if (f.key == PROTOBUF_VARINT(3))
			ret->help = f.v;
		else if (f.key == PROTOBUF_VARINT(4))
			ret->unit = f.v;
	}
	return !p.is_bad && (ret->type || ret->help || ret->unit);
}

/* Metadata stands behind the labels, so far as `kind` says, and is shorter than 128 bytes. */
static bool metadata_of(const struct series_batch *b, uint32_t series, const struct labels *labels,
	struct arena *a, struct batch_metadata *ret)
{
	const struct batch_series *s = &b->series[series];
	const uint8_t *body = (const uint8_t *)s->text + s->kind;
	struct about about;

	if (!s->kind || !read_about(protobuf_over(body, body[-1]), &about))
		return false;
	ret->m = (struct metric_metadata){ remote_type_name(about.type),
		symbol_text(b->of, about.help, a), symbol_text(b->of, about.unit, a) };
	ret->metric = family_of(labels_get(labels, METRIC_NAME), ret->m.type, a);
	return ret->metric && ret->m.help && ret->m.unit;
}

static uint64_t symbol_hash(const struct symbols *symbols, uint64_t ref)
{
	return ref < symbols->n ? symbols->v[ref].hash : 0;
}

/* A sender may learn it after the first samples, and it may change: who says something else of a metric
 * is looked at anew, like a series that was never seen. */
static void note_metadata(const struct symbols *symbols, struct batch_series *s,
	const struct protobuf_field *f)
{
	const uint8_t *labels = (const uint8_t *)s->text;
	struct about about;

	if (!s->n || f->s <= labels || f->n >= 0x80 || !read_about(protobuf_inside(f), &about))
		return;
	s->kind = (uint32_t)(f->s - labels);
	s->hash = mix(s->hash, about.type);
	s->hash = mix(s->hash, symbol_hash(symbols, about.help));
	s->hash = mix(s->hash, symbol_hash(symbols, about.unit));
}

static enum rc take_field(struct series_batch *b, const struct protobuf_field *f, struct err *e)
{
	struct batch_series *s = &b->series[b->n_series - 1];

	switch (f->key) {
	case PROTOBUF_BYTES(1):
		if (s->n)
			return err_set(e, RC_INPUT, "labels_refs stand there twice");
		s->text = (const char *)f->s;
		s->n = f->n;
		return hash_labels(b->of, f, b->seed, &s->hash, e);
	case PROTOBUF_BYTES(2):
		return remote_take_sample(b, f, e);
	case PROTOBUF_BYTES(3):
		return remote_take_histogram(b, f, e);
	case PROTOBUF_BYTES(4):
		return take_exemplar(b, f, e);
	case PROTOBUF_BYTES(5):
		note_metadata(b->of, s, f);
		return RC_OK;
	case PROTOBUF_VARINT(1):
		return err_set(e, RC_INPUT, "labels_refs that aren't packed");
	default:
		return RC_OK;
	}
}

static enum rc take_series(struct series_batch *b, const struct protobuf_field *message,
	struct err *e)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;
	enum rc rc = remote_check_room(b, e);

	if (rc == RC_OK)
		series_batch_add_series(b, 0, "", 0);
	while (rc == RC_OK && protobuf_next(&p, &f))
		rc = take_field(b, &f, e);
	return p.is_bad ? remote_malformed(e) : rc;
}

enum rc remote_write_read_2(struct protobuf p, struct series_batch *b, struct err *e)
{
	struct symbols *symbols = arena_alloc(&b->arena, sizeof *symbols);
	struct protobuf_field f;
	enum rc rc = symbols ? read_symbols(p, b, symbols, e)
			     : err_set(e, RC_LIMIT, "no memory for symbols");

	b->of = symbols;
	b->labels = labels_of;
	b->series_metadata = metadata_of;
	while (rc == RC_OK && protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(5))
			rc = take_series(b, &f, e);
	return rc;
}

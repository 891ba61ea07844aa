/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/read.h"

#include "base/histogram_protobuf.h"
#include "base/limits.h"
#include "base/matcher.h"
#include "core/remote/chunks.h"

enum { RESPONSE_SAMPLES, RESPONSE_STREAMED_XOR_CHUNKS };

static enum rc malformed(struct err *e)
{
	return err_set(e, RC_INPUT, "proto: the message is malformed");
}

static void free_matcher(void *m)
{
	matcher_free(m);
}

static enum rc take_matcher(const struct protobuf_field *message, struct arena *a,
	const struct matcher **ret, struct err *e)
{
	static const enum matcher_op ops[] = { MATCHER_EQUAL, MATCHER_NOT_EQUAL, MATCHER_REGEX,
		MATCHER_NOT_REGEX };
	struct protobuf p = protobuf_inside(message);
	const char *name = "", *value = "";
	struct protobuf_field f;
	struct matcher *m;
	uint64_t op = 0;
	enum rc rc;

	while (name && value && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(1))
			op = f.v;
		else if (f.key == PROTOBUF_BYTES(2))
			name = arena_strndup(a, (const char *)f.s, f.n);
		else if (f.key == PROTOBUF_BYTES(3))
			value = arena_strndup(a, (const char *)f.s, f.n);
	}
	if (p.is_bad || op >= COUNT(ops))
		return malformed(e);
	if (!name || !value)
		return err_set(e, RC_LIMIT, "the question is too large");
	if (!utf8_valid(name, strlen(name)) || !utf8_valid(value, strlen(value)))
		return err_set(e, RC_INPUT, "a matcher that isn't UTF-8");
	rc = matcher_new(&m, ops[op], name, value, e);
	if (rc != RC_OK)
		return rc;
	*ret = m;
	return arena_own(a, m, free_matcher) ? RC_OK
					     : err_set(e, RC_LIMIT, "the question is too large");
}

static uint32_t count(struct protobuf p, uint32_t key)
{
	struct protobuf_field f;
	uint32_t n = 0;

	while (protobuf_next(&p, &f))
		n += f.key == key;
	return n;
}

static enum rc take_query(const struct protobuf_field *message, struct arena *a,
	struct remote_query *ret, struct err *e)
{
	struct protobuf p = protobuf_inside(message);
	uint32_t most = count(p, PROTOBUF_BYTES(3));
	struct protobuf_field f;
	enum rc rc = RC_OK;

	ret->matchers = arena_alloc(a, (most + 1ull) * sizeof(struct matcher *));
	if (!ret->matchers)
		return err_set(e, RC_LIMIT, "the question is too large");
	while (rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(1))
			ret->start_ms = (int64_t)f.v;
		else if (f.key == PROTOBUF_VARINT(2))
			ret->end_ms = (int64_t)f.v;
		else if (f.key == PROTOBUF_BYTES(3))
			rc = take_matcher(&f, a, &ret->matchers[ret->n_matchers++], e);
	}
	return p.is_bad ? malformed(e) : rc;
}

/* Types come packed or one by one; the first that is known is taken, without any it is SAMPLES. */
struct accepted {
	bool has_any, is_known, is_streamed;
};

static void accept(struct accepted *a, uint64_t type)
{
	a->has_any = true;
	if (a->is_known || type > RESPONSE_STREAMED_XOR_CHUNKS)
		return;
	a->is_known = true;
	a->is_streamed = type == RESPONSE_STREAMED_XOR_CHUNKS;
}

static void accept_packed(struct accepted *a, struct protobuf *outer,
	const struct protobuf_field *f)
{
	struct protobuf p = protobuf_inside(f);
	uint64_t type;

	while (p.at < p.end && protobuf_take_varint(&p, &type))
		accept(a, type);
	outer->is_bad |= p.is_bad;
}

enum rc remote_read_parse(const void *bytes, size_t n, struct arena *a, struct remote_read *ret,
	struct err *e)
{
	struct protobuf p = protobuf_over(bytes, n);
	uint32_t most = count(p, PROTOBUF_BYTES(1));
	struct accepted accepted = { 0 };
	struct protobuf_field f;
	enum rc rc = RC_OK;

	*ret = (struct remote_read){ .v = arena_alloc(a, (most + 1ull) * sizeof *ret->v) };
	if (!ret->v)
		return err_set(e, RC_LIMIT, "the question is too large");
	while (rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			rc = take_query(&f, a, &ret->v[ret->n++], e);
		else if (f.key == PROTOBUF_VARINT(2))
			accept(&accepted, f.v);
		else if (f.key == PROTOBUF_BYTES(2))
			accept_packed(&accepted, &p, &f);
	}
	if (p.is_bad)
		return malformed(e);
	if (rc == RC_OK && accepted.has_any && !accepted.is_known)
		return err_set(e, RC_UNSUPPORTED,
			"server does not support any of the requested response types; only "
			"SAMPLES and STREAMED_XOR_CHUNKS");
	ret->is_streamed = accepted.is_streamed;
	return rc;
}

/* ---- the answer */

size_t remote_read_begin(struct str *out)
{
	return protobuf_open(out, 1);
}

void remote_read_end(struct str *out, size_t opened)
{
	protobuf_close(out, opened);
}

static void add_label(struct str *out, const struct label *l)
{
	size_t opened = protobuf_open(out, 1);

	protobuf_add_bytes(out, 1, l->name, l->name_len);
	protobuf_add_bytes(out, 2, l->value, l->value_len);
	protobuf_close(out, opened);
}

static void add_sample(struct str *out, int64_t t_ms, double v)
{
	size_t opened = protobuf_open(out, 2);

	protobuf_add_double(out, 1, v);
	protobuf_add_int(out, 2, t_ms);
	protobuf_close(out, opened);
}

static void add_histogram(struct str *out, int64_t t_ms, const struct histogram *h)
{
	size_t opened = protobuf_open(out, 4);

	histogram_protobuf_write(h, t_ms, out);
	protobuf_close(out, opened);
}

void remote_read_add(struct str *out, const struct labels *l, const struct series_column *c)
{
	size_t opened = protobuf_open(out, 1);

	for (uint32_t i = 0; i < l->n; i++)
		add_label(out, &l->v[i]);
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->h && c->h[i])
			add_histogram(out, c->t_ms[i], c->h[i]);
		else
			add_sample(out, c->t_ms[i], c->v[i]);
	}
	protobuf_close(out, opened);
}

/* ---- frames */

struct framed { /* a series, or a part of one: its ChunkedSeries */
	struct labels labels;
	size_t at, n; /* in `series` */
	uint32_t part;
};

struct remote_frames {
	uint32_t crc[256];
	struct framed *v;
	uint32_t n, cap;
	struct str series;
	struct arena arena; /* of labels */
	struct remote_chunk chunk;
};

#define CASTAGNOLI 0x82f63b78u /* its bits from the lowest on */

static void fill_crc(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? CASTAGNOLI : 0);
	}
}

static uint32_t crc_of(const uint32_t table[256], const char *s, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++)
		crc = table[(crc ^ (uint8_t)s[i]) & 255] ^ crc >> 8;
	return ~crc;
}

struct remote_frames *remote_frames_new(size_t bytes_max)
{
	struct remote_frames *f = must_alloc(sizeof *f);

	fill_crc(f->crc);
	arena_init(&f->arena, bytes_max);
	f->series.limit_bytes = bytes_max;
	return f;
}

void remote_frames_free(struct remote_frames *f)
{
	if (!f)
		return;
	arena_fini(&f->arena);
	str_fini(&f->series);
	str_fini(&f->chunk.bytes);
	free(f->v);
	free(f);
}

static void add_chunk(struct str *out, const struct remote_chunk *c)
{
	size_t opened = protobuf_open(out, 2);

	protobuf_add_int(out, 1, c->min_ms);
	protobuf_add_int(out, 2, c->max_ms);
	protobuf_add_uint(out, 3, c->encoding);
	protobuf_add_bytes(out, 4, c->bytes.s, c->bytes.len);
	protobuf_close(out, opened);
}

/* Returns with which sample the next part begins. */
static uint32_t add_part(struct remote_frames *f, const struct labels *l,
	const struct series_column *c, uint32_t at)
{
	struct framed *x;

	must_grow(f->v, f->n, f->cap);
	x = &f->v[f->n++];
	*x = (struct framed){ .labels = *l, .at = f->series.len, .part = at };
	for (uint32_t i = 0; i < l->n; i++)
		add_label(&f->series, &l->v[i]);
	while (at < c->n && f->series.len - x->at < REMOTE_FRAME_BYTES) {
		at = remote_chunk_make(c, at, &f->chunk);
		add_chunk(&f->series, &f->chunk);
	}
	x->n = f->series.len - x->at;
	return at;
}

enum rc remote_frames_add(struct remote_frames *f, const struct labels *l,
	const struct series_column *c, struct err *e)
{
	struct labels kept;
	uint32_t at = 0;

	if (!labels_copy(l, &f->arena, &kept))
		return err_set(e, RC_LIMIT, "too many series");
	while (at < c->n)
		at = add_part(f, &kept, c, at);
	return f->series.is_cut ? err_set(e, RC_LIMIT, "an answer of too many bytes") : RC_OK;
}

static int in_order(const void *a, const void *b)
{
	const struct framed *x = a, *y = b;
	int order = labels_compare(&x->labels, &y->labels);

	return order ? order : (x->part > y->part) - (x->part < y->part);
}

static void write_frame(const struct remote_frames *f, const struct framed *x, uint32_t query,
	struct str *out)
{
	scoped(str_fini) struct str message = STR_EMPTY;
	uint32_t crc;

	protobuf_add_bytes(&message, 1, f->series.s + x->at, x->n);
	protobuf_add_uint(&message, 2, query);
	crc = __builtin_bswap32(crc_of(f->crc, message.s, message.len));
	protobuf_put_varint(out, message.len);
	str_addn(out, &crc, sizeof crc);
	str_addn(out, message.s, message.len);
}

void remote_frames_write(struct remote_frames *f, uint32_t query, struct str *out)
{
	if (f->n)
		qsort(f->v, f->n, sizeof *f->v, in_order);
	for (uint32_t i = 0; i < f->n; i++)
		write_frame(f, &f->v[i], query, out);
	f->n = 0;
	str_clear(&f->series);
	arena_reset(&f->arena);
}

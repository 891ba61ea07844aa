/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/wal.h"

#include "base/limits.h"
#include "core/metrics/bytes.h"
#include "core/metrics/chunk.h"
#include "core/metrics/varint.h"

#include <xxhash.h>

static const char magic[8] = "DiaWAL1\n";

#define OP_BYTES 0x80 /* + number of bytes */
#define OP_LONG  0x40 /* the number stands behind */
#define OP_DELTA 0x20

#define KEEP_BYTES (256u << 10) /* of memory that a commit has used, for the next one */

void wal_write_header(const struct wal_header *h, uint8_t ret[WAL_HEADER_BYTES])
{
	uint64_t sum;

	memcpy(ret, magic, 8);
	memcpy(ret + 8, &h->generation, 4);
	memcpy(ret + 12, &h->first_id, 4);
	memcpy(ret + 16, &h->base_ms, 8);
	memcpy(ret + 24, &h->previous_bytes, 8);
	sum = XXH3_64bits(ret, 32);
	memcpy(ret + 32, &sum, 8);
}

enum rc wal_read_header(const uint8_t *p, size_t n, struct wal_header *ret, struct err *e)
{
	if (n < WAL_HEADER_BYTES || memcmp(p, magic, 8) != 0)
		return err_set(e, RC_CORRUPT, "it isn't a log");
	if (get_u64(p + 32) != XXH3_64bits(p, 32))
		return err_set(e, RC_CORRUPT, "the checksum of its header is wrong");
	ret->generation = get_u32(p + 8);
	ret->first_id = get_u32(p + 12);
	ret->base_ms = (int64_t)get_u64(p + 16);
	ret->previous_bytes = get_u64(p + 24);
	return RC_OK;
}

void wal_commit_fini(struct wal_commit *c)
{
	free(c->samples);
	str_fini(&c->series);
	str_fini(&c->late);
	str_fini(&c->beside);
	*c = (struct wal_commit){ 0 };
}

static void empty(struct str *s)
{
	if (s->cap > KEEP_BYTES)
		str_fini(s);
	else
		str_clear(s);
}

void wal_commit_reset(struct wal_commit *c)
{
	c->n = c->last_id = c->n_same = 0;
	empty(&c->series);
	empty(&c->late);
	empty(&c->beside);
	if (c->cap <= KEEP_BYTES)
		return;
	free(c->samples);
	c->samples = NULL;
	c->cap = 0;
}

bool wal_commit_is_empty(const struct wal_commit *c)
{
	return !c->n && !c->n_same && !c->series.len && !c->late.len && !c->beside.len;
}

size_t wal_commit_bytes(const struct wal_commit *c)
{
	return c->n + c->series.len + c->late.len + c->beside.len;
}

/* Room for `n` bytes more and what is scribbled behind them. */
static void reserve(struct wal_commit *c, size_t n)
{
	size_t wanted = WAL_RECORD_BYTES + c->n + n;

	if (wanted <= c->cap)
		return;
	c->cap = 2 * c->cap > wanted ? 2 * c->cap : wanted + 4096;
	c->samples = must_realloc(c->samples, c->cap);
}

static uint8_t *put_same(struct wal_commit *c, uint8_t *p)
{
	if (c->n_same)
		*p++ = (uint8_t)(c->n_same - 1);
	c->n_same = 0;
	return p;
}

void wal_add_bytes(struct wal_commit *c, uint32_t id, const uint8_t *bytes, unsigned n)
{
	int64_t delta = (int64_t)id - c->last_id;
	uint8_t *p;

	bool is_long = __builtin_expect(n >= OP_DELTA, 0);

	reserve(c, 16 + CHUNK_APPEND_ROOM + n);
	p = put_same(c, c->samples + WAL_RECORD_BYTES + c->n);
	c->last_id = id;
	*p++ = (uint8_t)(OP_BYTES | (delta == 1 ? 0 : OP_DELTA) | (is_long ? OP_LONG : n));
	if (delta != 1)
		p = put_varint(p, zigzag((uint64_t)delta));
	if (is_long)
		p = put_varint(p, n);
	if (n)
		memcpy(p, bytes, n);
	c->n = (size_t)(p + n - c->samples) - WAL_RECORD_BYTES;
}

static void add_text(struct str *s, const char *text, uint32_t n)
{
	varint_add(s, n);
	str_addn(s, text, n);
}

void wal_add_series(struct wal_commit *c, const struct labels *l)
{
	varint_add(&c->series, l->n);
	for (uint32_t i = 0; i < l->n; i++) {
		add_text(&c->series, l->v[i].name, l->v[i].name_len);
		add_text(&c->series, l->v[i].value, l->v[i].value_len);
	}
}

void wal_add_late(struct wal_commit *c, uint32_t id, int64_t t_ms, double v)
{
	varint_add(&c->late, id);
	str_addn(&c->late, &t_ms, 8);
	str_addn(&c->late, &v, 8);
}

uint64_t wal_checksum(const uint8_t *record, size_t n_body, uint32_t generation)
{
	uint64_t head = XXH3_64bits_withSeed(record, 16, generation);

	return XXH3_64bits_withSeed(record + WAL_RECORD_BYTES, n_body, head);
}

const uint8_t *wal_commit_record(struct wal_commit *c, uint32_t generation, size_t *ret_n)
{
	uint32_t parts[] = { 0, (uint32_t)c->series.len, (uint32_t)c->late.len,
		(uint32_t)c->beside.len };
	uint64_t sum;
	uint8_t *p;
	uint32_t n_body;

	reserve(c, 8 + parts[1] + parts[2] + parts[3]);
	p = put_same(c, c->samples + WAL_RECORD_BYTES + c->n);
	c->n = (size_t)(p - c->samples) - WAL_RECORD_BYTES;
	parts[0] = n_body = (uint32_t)c->n + parts[1] + parts[2] + parts[3];
	memcpy(p, str_c(&c->beside), parts[3]);
	memcpy(p + parts[3], str_c(&c->series), parts[1]);
	memcpy(p + parts[3] + parts[1], str_c(&c->late), parts[2]);
	memcpy(c->samples, parts, sizeof parts);
	sum = wal_checksum(c->samples, n_body, generation);
	memcpy(c->samples + 16, &sum, 8);
	*ret_n = WAL_RECORD_BYTES + n_body;
	return c->samples;
}

static bool get_count(struct varint_bytes *b, uint64_t most, uint32_t *ret)
{
	uint64_t v;

	if (!varint_get(b, most, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool get_text(struct varint_bytes *b, const char **ret, uint32_t *ret_n)
{
	if (!get_count(b, (uint64_t)(b->end - b->p), ret_n) || *ret_n > b->end - b->p)
		return false;
	*ret = (const char *)b->p;
	b->p += *ret_n;
	return true;
}

/* Texts in the log have no terminator: they are copied. */
struct copies {
	struct label v[SERIES_LABELS_MAX];
	char texts[SERIES_LABELS_BYTES_MAX + 2 * SERIES_LABELS_MAX];
	uint32_t at;
};

static bool copy_text(struct copies *c, struct varint_bytes *b, const char **ret, uint32_t *ret_n)
{
	const char *text;

	if (!get_text(b, &text, ret_n) || *ret_n + 1 > sizeof c->texts - c->at)
		return false;
	memcpy(c->texts + c->at, text, *ret_n);
	c->texts[c->at + *ret_n] = 0;
	*ret = c->texts + c->at;
	c->at += *ret_n + 1;
	return true;
}

static bool read_series(struct varint_bytes b, struct copies *c, const struct wal_visitor *visitor)
{
	uint32_t n;

	while (b.p < b.end) {
		c->at = 0;
		if (!get_count(&b, SERIES_LABELS_MAX, &n))
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (!copy_text(c, &b, &c->v[i].name, &c->v[i].name_len) ||
				!copy_text(c, &b, &c->v[i].value, &c->v[i].value_len))
				return false;
		if (!visitor->series(visitor->self, &(struct labels){ c->v, n }))
			return false;
	}
	return true;
}

static bool read_late(struct varint_bytes b, const struct wal_visitor *visitor)
{
	uint32_t id;

	while (b.p < b.end) {
		if (!get_count(&b, UINT32_MAX, &id) || b.end - b.p < 16)
			return false;
		if (!visitor->late(visitor->self, id, (int64_t)get_u64(b.p),
			    double_of_bits(get_u64(b.p + 8))))
			return false;
		b.p += 16;
	}
	return true;
}

static bool read_sample(struct varint_bytes *b, uint32_t *id, const struct wal_visitor *visitor)
{
	uint8_t op = *b->p++;
	uint64_t delta = zigzag(1), n = op & 0x1f;

	if (op & OP_DELTA && !varint_get(b, UINT64_MAX, &delta))
		return false;
	if (op & OP_LONG && (n || !varint_get(b, CHUNK_BYTES_MAX, &n)))
		return false;
	if (n > (uint64_t)(b->end - b->p))
		return false;
	*id += (uint32_t)unzigzag(delta);
	b->p += n;
	return visitor->sample(visitor->self, *id, b->p - n, (unsigned)n);
}

static bool read_samples(struct varint_bytes b, const struct wal_visitor *visitor)
{
	uint32_t id = 0;

	while (b.p < b.end) {
		if (*b.p & OP_BYTES) {
			if (!read_sample(&b, &id, visitor))
				return false;
			continue;
		}
		for (unsigned n = *b.p++ + 1u; n > 0; n--)
			if (!visitor->sample(visitor->self, ++id, NULL, 0))
				return false;
	}
	return true;
}

/* Series first: samples refer to them. */
static enum rc show(const uint8_t *record, uint32_t n_body, const struct wal_visitor *visitor,
	struct err *e)
{
	uint32_t n_series = get_u32(record + 4), n_late = get_u32(record + 8);
	uint32_t n_beside = get_u32(record + 12);
	const uint8_t *body = record + WAL_RECORD_BYTES, *end = body + n_body, *beside;
	scoped(mem_free) char *room = NULL;

	if ((uint64_t)n_series + n_late + n_beside > n_body)
		return err_set(e, RC_CORRUPT, "a record's parts are longer than itself");
	if (n_series)
		room = must_alloc(sizeof(struct copies));
	if (!read_series((struct varint_bytes){ end - n_late - n_series, end - n_late },
		    (void *)room, visitor))
		return err_set(e, RC_CORRUPT, "a record's series are malformed, or too many");
	beside = end - n_late - n_series - n_beside;
	if (!read_samples((struct varint_bytes){ body, beside }, visitor) ||
		!beside_read(beside, n_beside, &visitor->beside) ||
		!read_late((struct varint_bytes){ end - n_late, end }, visitor))
		return err_set(e, RC_CORRUPT, "a record's samples are malformed, or too many");
	return RC_OK;
}

enum rc wal_next(struct wal_reading *r, const struct wal_visitor *visitor, bool *ret_has,
	struct err *e)
{
	const uint8_t *record = r->p + r->at;
	size_t left = r->n - r->at;
	uint32_t n_body;
	enum rc rc;

	if (!left) {
		*ret_has = false;
		return RC_OK;
	}
	if (left < WAL_RECORD_BYTES || (n_body = get_u32(record)) > left - WAL_RECORD_BYTES)
		return err_set(e, RC_CORRUPT, "the record at byte %zu is cut off", r->at);
	if (get_u64(record + 16) != wal_checksum(record, n_body, r->generation))
		return err_set(e, RC_CORRUPT, "the checksum of the record at byte %zu is wrong",
			r->at);
	rc = show(record, n_body, visitor, e);
	if (rc != RC_OK)
		return err_in(e, rc, "the record at byte %zu", r->at);
	r->at += WAL_RECORD_BYTES + n_body;
	*ret_has = true;
	return RC_OK;
}

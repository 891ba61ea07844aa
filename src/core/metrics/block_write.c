/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times and chunks that are in the file already are known by a hash of 128 bits; two tables remember
 * the newest of each.  Such a hash is equal for different bytes by accident less often than memory
 * errs.
 */
#include "core/metrics/block_private.h"

#include "core/metrics/bytes.h"
#include "core/metrics/packed.h"
#include "core/metrics/values.h"

#include "base/str.h"

#define KNOWN_TIMES    1024
#define KNOWN_CHUNKS   8192
#define WRITE_BYTES    262144 /* gathered for one write */
#define CHUNK_HEAD_MAX (4 + 1 + 3 * VARINT_MAX)

struct known {
	XXH128_hash_t hash;
	uint64_t offset; /* 0: nothing known */
};

struct block_writer {
	struct block_output out;
	int64_t base_ms;
	struct block_info info;
	uint64_t n_written;
	struct str gathered; /* not written yet */
	struct str chunk;    /* being made */
	struct str vectors;  /* of it */
	struct str groups, table;
	int64_t ids[BLOCK_GROUP], offsets[BLOCK_GROUP];
	uint32_t n_in_group;
	struct series_column checked; /* an open chunk, read before it is written */
	struct arena histograms;      /* of it */
	struct known times[KNOWN_TIMES], chunks[KNOWN_CHUNKS];
};

struct block_writer *block_writer_new(const struct block_output *out,
	const struct block_settings *settings)
{
	struct block_writer *w = must_alloc(sizeof *w);
	uint8_t header[BLOCK_HEADER_BYTES];

	w->out = *out;
	w->base_ms = settings->base_ms;
	arena_init(&w->histograms, CHUNK_HISTOGRAMS_BYTES_MAX);
	w->checked.histograms = &w->histograms;
	w->info = (struct block_info){ .min_ms = INT64_MAX,
		.max_ms = INT64_MIN,
		.level = settings->level,
		.resolution_ms = settings->resolution_ms };
	block_put_header(header, w->base_ms);
	str_addn(&w->gathered, header, sizeof header);
	return w;
}

void block_writer_free(struct block_writer *w)
{
	if (!w)
		return;
	str_fini(&w->gathered);
	str_fini(&w->chunk);
	str_fini(&w->vectors);
	str_fini(&w->groups);
	str_fini(&w->table);
	series_column_fini(&w->checked);
	arena_fini(&w->histograms);
	free(w);
}

static uint64_t offset_now(const struct block_writer *w)
{
	return w->n_written + w->gathered.len;
}

static enum rc write_gathered(struct block_writer *w, struct err *e)
{
	enum rc rc = w->out.write(w->out.self, w->gathered.s, w->gathered.len, e);

	if (rc != RC_OK)
		return rc;
	w->n_written += w->gathered.len;
	str_clear(&w->gathered);
	return RC_OK;
}

static enum rc gather(struct block_writer *w, const struct str *s, struct err *e)
{
	str_addn(&w->gathered, s->s, s->len);
	return w->gathered.len < WRITE_BYTES ? RC_OK : write_gathered(w, e);
}

static void add_varint(struct str *s, uint64_t v)
{
	uint8_t bytes[VARINT_MAX];

	str_addn(s, bytes, (size_t)(put_varint(bytes, v) - bytes));
}

/* A chunk begins with room for its check. */
static void begin_chunk(struct block_writer *w, unsigned kind, uint32_t n_samples)
{
	str_clear(&w->chunk);
	str_addn(&w->chunk, (uint8_t[4]){ 0 }, 4);
	str_addc(&w->chunk, (char)kind);
	add_varint(&w->chunk, n_samples);
}

static void check_chunk(struct block_writer *w)
{
	uint32_t check = check_32(w->chunk.s + 4, w->chunk.len - 4);

	memcpy(w->chunk.s, &check, sizeof check);
}

/* The place of w->chunk, which is written unless the same is there already. */
static enum rc place_chunk(struct block_writer *w, uint64_t *ret_offset, struct err *e)
{
	XXH128_hash_t hash = XXH3_128bits(w->chunk.s, w->chunk.len);
	struct known *known = &w->chunks[hash.low64 % KNOWN_CHUNKS];

	if (!known->offset || !XXH128_isEqual(known->hash, hash)) {
		*known = (struct known){ hash, offset_now(w) };
		*ret_offset = known->offset;
		return gather(w, &w->chunk, e);
	}
	*ret_offset = known->offset;
	return RC_OK;
}

/* Encode one vector of a column to `out`. */
typedef unsigned encode_vector(const void *column, uint32_t from, unsigned n, void *hint,
	uint8_t *out);

static unsigned encode_times(const void *column, uint32_t from, unsigned n, void *hint,
	uint8_t *out)
{
	const struct series_column *c = column;

	(void)hint;
	return ints_encode(c->t_ms + from, n, 0, out);
}

static unsigned encode_values(const void *column, uint32_t from, unsigned n, void *hint,
	uint8_t *out)
{
	const struct series_column *c = column;

	return values_encode(c->v + from, n, hint, out);
}

/* Add the column, and the check of the chunk that ends with it. */
static void add_column(struct block_writer *w, encode_vector *encode, const struct series_column *c,
	uint32_t n)
{
	uint8_t bytes[VALUES_BYTES_MAX + INTS_SLACK];
	struct values_hint hint = { 0 };

	if (n <= BLOCK_VECTOR) {
		unsigned size = encode(c, 0, n, &hint, bytes);

		add_varint(&w->chunk, size);
		str_addn(&w->chunk, bytes, size);
		check_chunk(w);
		return;
	}
	str_clear(&w->vectors);
	for (uint32_t from = 0; from < n; from += BLOCK_VECTOR) {
		unsigned size = encode(c, from, n - from < BLOCK_VECTOR ? n - from : BLOCK_VECTOR,
			&hint, bytes);
		uint16_t row[2] = { (uint16_t)size, check_16(bytes, size) };

		str_addn(&w->chunk, row, sizeof row);
		str_addn(&w->vectors, bytes, size);
	}
	check_chunk(w);
	str_addn(&w->chunk, w->vectors.s, w->vectors.len);
}

/* The place of these times, which are written when they are new. */
static enum rc place_times(struct block_writer *w, const struct series_column *c, uint64_t *ret,
	struct err *e)
{
	XXH128_hash_t hash = XXH3_128bits(c->t_ms, c->n * sizeof *c->t_ms);
	struct known *known = &w->times[hash.low64 % KNOWN_TIMES];

	if (known->offset && XXH128_isEqual(known->hash, hash)) {
		*ret = known->offset;
		return RC_OK;
	}
	*known = (struct known){ hash, offset_now(w) };
	*ret = known->offset;
	begin_chunk(w, BLOCK_TIMES, c->n);
	add_column(w, encode_times, c, c->n);
	return gather(w, &w->chunk, e);
}

static void end_group(struct block_writer *w)
{
	uint8_t bytes[2 * INTS_BYTES_MAX + INTS_SLACK], row[BLOCK_ROW_BYTES];
	unsigned n;

	if (!w->n_in_group)
		return;
	n = ints_encode(w->ids, w->n_in_group, 0, bytes);
	n += ints_encode(w->offsets, w->n_in_group, 0, bytes + n);
	block_put_row(row, &(struct block_row){ .first_id = (uint32_t)w->ids[0],
				   .check = check_32(bytes, n),
				   .offset = w->groups.len }); /* from where groups begin */
	str_addn(&w->groups, bytes, n);
	str_addn(&w->table, row, sizeof row);
	w->n_in_group = 0;
}

/* Enter a chunk of a series in the groups. */
static void enter(struct block_writer *w, uint32_t id, uint64_t offset,
	const struct series_column *c)
{
	struct block_info *info = &w->info;

	must(!info->n_chunks || id >= info->last_id);
	if (w->n_in_group == BLOCK_GROUP)
		end_group(w);
	w->ids[w->n_in_group] = id;
	w->offsets[w->n_in_group++] = (int64_t)offset;
	if (!info->n_chunks)
		info->first_id = id;
	info->n_series += !info->n_chunks || id != info->last_id;
	info->last_id = id;
	info->n_chunks++;
	info->n_samples += c->n;
	info->min_ms = c->t_ms[0] < info->min_ms ? c->t_ms[0] : info->min_ms;
	info->max_ms = c->t_ms[c->n - 1] > info->max_ms ? c->t_ms[c->n - 1] : info->max_ms;
}

static bool all_same(const struct series_column *c)
{
	uint64_t differs = 0;

	for (uint32_t i = 1; i < c->n; i++)
		differs |= double_bits(c->v[i]) ^ double_bits(c->v[0]);
	return !differs;
}

static enum rc add_sealed(struct block_writer *w, uint32_t id, const struct series_column *c,
	struct err *e)
{
	bool is_same = all_same(c);
	uint64_t times, offset;
	enum rc rc = place_times(w, c, &times, e);

	if (rc != RC_OK)
		return rc;
	begin_chunk(w, BLOCK_SEALED | (is_same ? BLOCK_SAME : 0), c->n);
	add_varint(&w->chunk, times);
	add_column(w, encode_values, c, is_same ? 1 : c->n);
	rc = place_chunk(w, &offset, e);
	if (rc == RC_OK)
		enter(w, id, offset, c);
	return rc;
}

/* The vectors go to w->vectors, what tells of them to the chunk. */
static void add_histograms(struct block_writer *w, const struct series_column *c)
{
	str_clear(&w->vectors);
	for (uint32_t from = 0; from < c->n; from += BLOCK_HISTOGRAM_VECTOR) {
		uint32_t n = c->n - from, begin = (uint32_t)w->vectors.len, row[2];

		n = n < BLOCK_HISTOGRAM_VECTOR ? n : BLOCK_HISTOGRAM_VECTOR;
		for (uint32_t i = from; i < from + n; i++)
			packed_add(&w->vectors, i > from ? c->h[i - 1] : NULL, c->h[i]);
		row[0] = (uint32_t)w->vectors.len - begin;
		row[1] = check_32(w->vectors.s + begin, row[0]);
		str_addn(&w->chunk, row, sizeof row);
	}
	check_chunk(w);
	str_addn(&w->chunk, w->vectors.s, w->vectors.len);
}

static enum rc add_sealed_histograms(struct block_writer *w, uint32_t id,
	const struct series_column *c, struct err *e)
{
	uint64_t times, offset;
	enum rc rc = place_times(w, c, &times, e);

	if (rc != RC_OK)
		return rc;
	begin_chunk(w, BLOCK_HISTOGRAMS, c->n);
	add_varint(&w->chunk, times);
	add_histograms(w, c);
	rc = place_chunk(w, &offset, e);
	if (rc == RC_OK)
		enter(w, id, offset, c);
	return rc;
}

/* Histograms in one chunk: so that a chunk takes some megabytes at most while it is made. */
#define HISTOGRAMS_MAX (64 * BLOCK_HISTOGRAM_VECTOR)

/* How many samples from `from` on are one chunk's: of one kind, and not too many. */
static uint32_t run_of(const struct series_column *c, uint32_t from)
{
	bool is_histogram = c->h && c->h[from];
	uint32_t most = is_histogram ? HISTOGRAMS_MAX : BLOCK_CHUNK_MAX, n = c->n - from, i = 1;

	n = n < most ? n : most;
	if (!c->h)
		return n;
	while (i < n && !c->h[from + i] == !is_histogram)
		i++;
	return i;
}

enum rc block_writer_add(struct block_writer *w, uint32_t id, const struct series_column *column,
	struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t from = 0, n; rc == RC_OK && from < column->n; from += n) {
		bool is_histogram = column->h && column->h[from];
		struct series_column part = { .t_ms = column->t_ms + from,
			.v = column->v + from,
			.h = is_histogram ? column->h + from : NULL };

		part.n = n = run_of(column, from);
		rc = is_histogram ? add_sealed_histograms(w, id, &part, e)
				  : add_sealed(w, id, &part, e);
	}
	return rc;
}

enum rc block_writer_add_chunk(struct block_writer *w, uint32_t id, const struct chunk *chunk,
	struct err *e)
{
	uint64_t offset;
	enum rc rc;

	w->checked.n = 0;
	arena_reset(&w->histograms);
	rc = chunk_read(chunk, INT64_MIN, INT64_MAX, &w->checked, e);
	if (rc != RC_OK || !w->checked.n)
		return rc;
	begin_chunk(w, BLOCK_OPEN, chunk->n_samples);
	add_varint(&w->chunk, zigzag((uint64_t)chunk->base_ms - (uint64_t)w->base_ms));
	add_varint(&w->chunk, chunk->n_bytes);
	str_addn(&w->chunk, chunk->bytes, chunk->n_bytes);
	check_chunk(w);
	rc = place_chunk(w, &offset, e);
	if (rc == RC_OK)
		enter(w, id, offset, &w->checked);
	return rc;
}

enum rc block_writer_finish(struct block_writer *w, struct block_info *ret, struct err *e)
{
	uint64_t groups = offset_now(w);
	uint8_t footer[BLOCK_FOOTER_BYTES];
	enum rc rc;

	end_group(w);
	for (size_t at = 0; at < w->table.len; at += BLOCK_ROW_BYTES)
		block_move_row((uint8_t *)w->table.s + at, groups);
	w->info.size_bytes = groups + w->groups.len + w->table.len + sizeof footer;
	block_put_footer(footer, &w->info, w->base_ms,
		&(struct block_table){ groups + w->groups.len,
			check_32(str_c(&w->table), w->table.len) });
	rc = gather(w, &w->groups, e);
	if (rc == RC_OK)
		rc = gather(w, &w->table, e);
	if (rc != RC_OK)
		return rc;
	str_addn(&w->gathered, footer, sizeof footer);
	rc = write_gathered(w, e);
	if (rc == RC_OK)
		*ret = w->info;
	return rc;
}

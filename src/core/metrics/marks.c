/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/marks.h"

#include "base/str.h"
#include "core/metrics/bytes.h"

#include <stdio.h>

static const char magic[8] = "DiaMark1";

#define HEADER_BYTES 24
#define RECORD_BYTES 32
#define LONG_BYTES   (64u << 10) /* then it is written anew */

int log_mark_compare(const struct log_mark *a, const struct log_mark *b)
{
	if (a->generation != b->generation)
		return a->generation < b->generation ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

enum rc marks_file_name(const char *name, char ret[FILES_NAME_MAX], struct err *e)
{
	size_t n = strlen(name);

	if (!n || n > FILES_NAME_MAX - 16 ||
		strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz-") != n)
		return err_set(e, RC_INPUT, "'%s' can't be the name of who follows the log", name);
	snprintf(ret, FILES_NAME_MAX, "mark-%.*s", (int)n, name);
	return RC_OK;
}

bool marks_is_file(const char *file_name)
{
	return str_starts(file_name, "mark-") && !strchr(file_name, '.');
}

static void write_record(uint8_t *p, uint32_t lane, const struct log_mark *m)
{
	uint64_t sum;

	memset(p, 0, RECORD_BYTES);
	memcpy(p, &lane, 4);
	memcpy(p + 4, &m->generation, 4);
	memcpy(p + 8, &m->index, 4);
	memcpy(p + 16, &m->offset, 8);
	sum = XXH3_64bits(p, 24);
	memcpy(p + 24, &sum, 8);
}

static bool read_record(const uint8_t *p, struct marks *m, uint32_t *ret_lane)
{
	uint32_t lane = get_u32(p);

	if (get_u64(p + 24) != XXH3_64bits(p, 24) || lane >= m->n)
		return false;
	m->v[lane] = (struct log_mark){ get_u32(p + 4), get_u32(p + 8), get_u64(p + 16) };
	*ret_lane = lane;
	return true;
}

enum rc marks_parse(const uint8_t *p, size_t n, struct marks *ret, struct err *e)
{
	uint32_t seen = 0, lane;

	if (n < HEADER_BYTES || memcmp(p, magic, 8) != 0 || get_u64(p + 16) != XXH3_64bits(p, 16))
		return err_set(e, RC_CORRUPT, "it isn't a file of marks");
	ret->n = get_u32(p + 8);
	if (!ret->n || ret->n > MARKS_LANES_MAX)
		return err_set(e, RC_CORRUPT, "it claims %u lanes", ret->n);
	for (size_t at = HEADER_BYTES; at + RECORD_BYTES <= n; at += RECORD_BYTES) {
		if (!read_record(p + at, ret, &lane))
			break;
		seen += lane == seen;
	}
	if (seen < ret->n)
		return err_set(e, RC_CORRUPT, "it has marks of %u of its %u lanes", seen, ret->n);
	return RC_OK;
}

enum rc marks_read(struct marks *ret, const struct files *files, const char *file_name,
	struct err *e)
{
	struct files_map map = { 0 };
	enum rc rc = files->map(files->self, file_name, &map, e);

	if (rc != RC_OK)
		return rc;
	*ret = (struct marks){ .files = files };
	str_copy(ret->name, sizeof ret->name, file_name);
	rc = marks_parse(map.p, map.n, ret, e);
	files->unmap(files->self, &map);
	return rc == RC_OK ? RC_OK : err_in(e, rc, "%s", file_name);
}

static void end_file(struct marks *m)
{
	m->files->close(m->writer);
	m->writer = NULL;
	m->size_bytes = 0;
	m->is_torn = false;
}

static enum rc write_file(struct marks *m, const char *temporary, struct err *e)
{
	uint8_t bytes[HEADER_BYTES + MARKS_LANES_MAX * RECORD_BYTES] = { 0 };
	size_t n = HEADER_BYTES + (size_t)m->n * RECORD_BYTES;
	uint64_t sum;
	enum rc rc;

	memcpy(bytes, magic, 8);
	memcpy(bytes + 8, &m->n, 4);
	sum = XXH3_64bits(bytes, 16);
	memcpy(bytes + 16, &sum, 8);
	for (uint32_t i = 0; i < m->n; i++)
		write_record(bytes + HEADER_BYTES + i * RECORD_BYTES, i, &m->v[i]);
	rc = m->files->create(m->files->self, temporary, &m->writer, e);
	if (rc == RC_OK)
		rc = m->files->append(m->writer, bytes, n, e);
	if (rc == RC_OK)
		rc = m->files->sync(m->writer, e);
	if (rc == RC_OK)
		rc = m->files->rename(m->files->self, temporary, m->name, e);
	if (rc == RC_OK)
		rc = m->files->sync_folder(m->files->self, e);
	m->size_bytes = n;
	return rc;
}

/* The marks as they stand. */
static enum rc renew(struct marks *m, struct err *e)
{
	char temporary[FILES_NAME_MAX + 8];
	enum rc rc;

	end_file(m);
	snprintf(temporary, sizeof temporary, "%.50s.new", m->name);
	rc = write_file(m, temporary, e);
	if (rc != RC_OK)
		end_file(m);
	return rc;
}

enum rc marks_write(struct marks *m, const struct log_mark *v, uint32_t n, struct err *e)
{
	must(n > 0 && n <= MARKS_LANES_MAX);
	memmove(m->v, v, n * sizeof *v);
	m->n = n;
	return renew(m, e);
}

enum rc marks_move(struct marks *m, uint32_t lane, const struct log_mark *to, struct err *e)
{
	uint8_t record[RECORD_BYTES];
	enum rc rc = RC_OK;

	must(lane < m->n);
	m->v[lane] = *to;
	if (!m->writer || m->size_bytes >= LONG_BYTES)
		return renew(m, e);
	if (m->is_torn)
		rc = m->files->cut(m->writer, m->size_bytes, e);
	if (rc != RC_OK)
		return rc;
	m->is_torn = false;
	write_record(record, lane, to);
	rc = m->files->append(m->writer, record, sizeof record, e);
	m->is_torn = rc != RC_OK;
	m->size_bytes += rc == RC_OK ? sizeof record : 0;
	return rc;
}

enum rc marks_sync(struct marks *m, struct err *e)
{
	return m->writer ? m->files->sync(m->writer, e) : renew(m, e);
}

const struct log_mark *marks_least(const struct marks *m)
{
	const struct log_mark *least = &m->v[0];

	for (uint32_t i = 1; i < m->n; i++)
		if (log_mark_compare(&m->v[i], least) < 0)
			least = &m->v[i];
	return least;
}

void marks_fini(struct marks *m)
{
	if (m->files)
		end_file(m);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/log.h"

#include <stdio.h>

const char *log_name(uint32_t generation, char buf[FILES_NAME_MAX])
{
	snprintf(buf, FILES_NAME_MAX, "wal-%08x", generation);
	return buf;
}

bool log_number(const char *name, uint32_t *ret)
{
	char buf[FILES_NAME_MAX];
	unsigned number;

	if (sscanf(name, "wal-%8x", &number) != 1 || !str_eq(name, log_name(number, buf)))
		return false;
	*ret = number;
	return true;
}

struct log *log_new(const struct files *files, const struct wal_header *h)
{
	struct log *l = must_alloc(sizeof *l);
	uint8_t header[WAL_HEADER_BYTES];

	l->files = files;
	l->generation = h->generation;
	log_name(h->generation, l->name);
	wal_write_header(h, header);
	str_addn(&l->waiting, header, sizeof header);
	return l;
}

void log_free(struct log *l)
{
	if (!l)
		return;
	must(!l->is_syncing);
	l->files->close(l->writer);
	str_fini(&l->waiting);
	free(l);
}

/* A file without half a record at its end. */
static enum rc make_ready(struct log *l, struct err *e)
{
	enum rc rc;

	if (!l->writer) {
		rc = l->files->create(l->files->self, l->name, &l->writer, e);
		if (rc != RC_OK)
			return rc;
	}
	if (!l->is_torn)
		return RC_OK;
	rc = l->files->cut(l->writer, l->size_bytes, e);
	l->is_torn = rc != RC_OK;
	return rc;
}

static enum rc append(struct log *l, const void *bytes, size_t n, struct err *e)
{
	enum rc rc = make_ready(l, e);

	if (rc != RC_OK)
		return rc;
	rc = l->files->append(l->writer, bytes, n, e);
	if (rc != RC_OK)
		l->is_torn = true;
	else
		l->size_bytes += n;
	return rc;
}

enum rc log_write_waiting(struct log *l, struct err *e)
{
	enum rc rc = RC_OK;

	if (l->waiting.len)
		rc = append(l, l->waiting.s, l->waiting.len, e);
	if (rc == RC_OK)
		str_fini(&l->waiting);
	return rc;
}

void log_wait(struct log *l, struct wal_commit *c)
{
	const uint8_t *record;
	size_t n;

	if (l->is_lame || wal_commit_is_empty(c))
		return;
	record = wal_commit_record(c, l->generation, &n);
	if (l->waiting.len + n <= LOG_WAITING_MAX) {
		str_addn(&l->waiting, record, n);
		return;
	}
	str_fini(&l->waiting);
	l->is_lame = true;
}

enum rc log_write(struct log *l, struct wal_commit *c, struct err *e)
{
	const uint8_t *record;
	enum rc rc;
	size_t n;

	if (l->is_lame)
		return err_set(e, RC_FULL, "%s has ended: its disk failed for too long", l->name);
	rc = log_write_waiting(l, e);
	if (wal_commit_is_empty(c))
		return rc;
	record = wal_commit_record(c, l->generation, &n);
	if (rc == RC_OK)
		rc = append(l, record, n, e);
	if (rc != RC_OK)
		log_wait(l, c);
	return rc;
}

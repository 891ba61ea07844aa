/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

#define FIRST_LINE "diarchy-metrics 1\n"
#define SUM_BYTES  21 /* "sum 0123456789abcdef\n" */

static const char *const kinds[MANIFEST_KINDS] = {
	[MANIFEST_SEGMENT] = "segment",
	[MANIFEST_PART] = "part",
	[MANIFEST_DELETION] = "deletion",
	[MANIFEST_BESIDE] = "beside",
};

void manifest_fini(struct manifest *m)
{
	free(m->v);
	*m = (struct manifest){ 0 };
}

void manifest_add(struct manifest *m, const struct manifest_file *f)
{
	must_grow(m->v, m->n, m->cap);
	m->v[m->n++] = *f;
}

const char *manifest_file_name(enum manifest_kind kind, uint32_t number, char buf[FILES_NAME_MAX])
{
	snprintf(buf, FILES_NAME_MAX, "%s-%08" PRIx32, kinds[kind], number);
	return buf;
}

bool manifest_file_number(const char *name, enum manifest_kind *ret_kind, uint32_t *ret)
{
	for (unsigned kind = 0; kind < MANIFEST_KINDS; kind++) {
		size_t n = strlen(kinds[kind]);
		char buf[FILES_NAME_MAX];
		uint32_t number;

		if (strncmp(name, kinds[kind], n) != 0 || name[n] != '-')
			continue;
		number = (uint32_t)strtoul(name + n + 1, NULL, 16);
		if (!str_eq(name, manifest_file_name(kind, number, buf)))
			continue;
		*ret_kind = kind;
		*ret = number;
		return true;
	}
	return false;
}

void manifest_text(const struct manifest *m, struct str *ret)
{
	size_t start = ret->len;

	str_add(ret, FIRST_LINE);
	str_addf(ret, "next id %" PRIu32 " file %" PRIu32 "\n", m->next_id, m->next_file);
	str_addf(ret, "flushed generation %" PRIu32 " until %" PRId64 "\n", m->flushed_generation,
		m->flushed_ms);
	for (uint32_t i = 0; i < m->n; i++) {
		const struct manifest_file *f = &m->v[i];

		str_addf(ret, "%s %s", kinds[f->kind], f->name);
		if (f->kind == MANIFEST_PART)
			str_addf(ret, " level %" PRIu32 " deletions %" PRIu32, f->level,
				f->deletions);
		str_addc(ret, '\n');
	}
	str_addf(ret, "sum %016" PRIx64 "\n",
		(uint64_t)XXH3_64bits(ret->s + start, ret->len - start));
}

/* A line of a file.  Only a line that is written the same way again is one. */
static bool parse_file(const char *line, struct manifest_file *ret)
{
	char kind[16], name[FILES_NAME_MAX];
	uint32_t number;

	*ret = (struct manifest_file){ 0 };
	if (sscanf(line, "%15s %63s level %" SCNu32 " deletions %" SCNu32, kind, name, &ret->level,
		    &ret->deletions) < 2)
		return false;
	if (!manifest_file_number(name, &ret->kind, &number) || !str_eq(kinds[ret->kind], kind))
		return false;
	memcpy(ret->name, name, sizeof name);
	return true;
}

static bool parse_line(struct manifest *m, const char *line)
{
	struct manifest_file f;

	if (sscanf(line, "next id %" SCNu32 " file %" SCNu32, &m->next_id, &m->next_file) == 2)
		return true;
	if (sscanf(line, "flushed generation %" SCNu32 " until %" SCNd64, &m->flushed_generation,
		    &m->flushed_ms) == 2)
		return true;
	if (!parse_file(line, &f))
		return false;
	manifest_add(m, &f);
	return true;
}

static bool parse_lines(struct manifest *m, char *text)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n")) && rest;)
		if (!parse_line(m, line))
			return false;
	return m->next_id > 0;
}

enum rc manifest_parse(const char *text, size_t n, struct manifest *ret, struct err *e)
{
	scoped(manifest_fini) struct manifest m = { 0 };
	scoped(str_fini) struct str lines = STR_EMPTY;
	char sum[SUM_BYTES + 1];

	if (n < strlen(FIRST_LINE) + SUM_BYTES || memcmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return err_set(e, RC_CORRUPT, MANIFEST_NAME " isn't one of this program");
	snprintf(sum, sizeof sum, "sum %016" PRIx64 "\n",
		(uint64_t)XXH3_64bits(text, n - SUM_BYTES));
	if (memcmp(sum, text + n - SUM_BYTES, SUM_BYTES) != 0)
		return err_set(e, RC_CORRUPT, "the checksum of " MANIFEST_NAME " is wrong");
	str_addn(&lines, text + strlen(FIRST_LINE), n - strlen(FIRST_LINE) - SUM_BYTES);
	if (!lines.len || !parse_lines(&m, lines.s))
		return err_set(e, RC_CORRUPT, MANIFEST_NAME " has a line that is no line of one");
	*ret = m;
	m = (struct manifest){ 0 };
	return RC_OK;
}

enum rc manifest_write(const struct manifest *m, const struct files *files, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	enum rc rc;

	manifest_text(m, &text);
	rc = files_write(files, MANIFEST_NAME ".new", &text, e);
	if (rc == RC_OK)
		rc = files->rename(files->self, MANIFEST_NAME ".new", MANIFEST_NAME, e);
	if (rc == RC_OK)
		rc = files->sync_folder(files->self, e);
	return rc;
}

enum rc manifest_read(struct manifest *ret, const struct files *files, struct err *e)
{
	struct files_map map = { 0 };
	enum rc rc = files->map(files->self, MANIFEST_NAME, &map, e);

	if (rc != RC_OK)
		return rc;
	rc = manifest_parse((const char *)map.p, map.n, ret, e);
	files->unmap(files->self, &map);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest: which files of the folder count, in one small file that is replaced whole.
 *
 * Lines of words parted by single blanks; the last one is the checksum of those before it.
 *
 *	diarchy-metrics 1
 *	next id ID file NUMBER
 *	flushed generation NUMBER until T_MS
 *	segment NAME
 *	part NAME level LEVEL deletions NUMBER
 *	deletion NAME
 *	beside NAME
 *	sum XXH3-64 in 16 hexadecimal digits
 *
 * What isn't named here was never finished, or has been replaced, and is removed.  Logs aren't
 * named: those of generations beyond the flushed one count.
 */
#ifndef CORE_METRICS_MANIFEST_H
#define CORE_METRICS_MANIFEST_H

#include "base/str.h"
#include "core/metrics/files.h"

#define MANIFEST_NAME "MANIFEST"

enum manifest_kind {
	MANIFEST_SEGMENT,
	MANIFEST_PART,
	MANIFEST_DELETION,
	MANIFEST_BESIDE,
	MANIFEST_KINDS
};

struct manifest_file {
	enum manifest_kind kind;
	char name[FILES_NAME_MAX];
	uint32_t level;     /* of a part */
	uint32_t deletions; /* all up to this number are carried out in it */
};

struct manifest {
	uint32_t next_id; /* the first that is in no segment */
	uint32_t next_file;
	uint32_t flushed_generation; /* 0: none */
	int64_t flushed_ms;
	struct manifest_file *v;
	uint32_t n, cap;
};

void manifest_fini(struct manifest *m);
SCOPED_FINI(manifest_fini, struct manifest)
void manifest_add(struct manifest *m, const struct manifest_file *f);
void manifest_text(const struct manifest *m, struct str *ret);
enum rc manifest_parse(const char *text, size_t n, struct manifest *ret, struct err *e) MUST_USE;

/* Durable on RC_OK. */
enum rc manifest_write(const struct manifest *m, const struct files *files, struct err *e) MUST_USE;
/* RC_NOT_FOUND, RC_CORRUPT. */
enum rc manifest_read(struct manifest *ret, const struct files *files, struct err *e) MUST_USE;

/* "part-0000002a"; the number of such a name, or false. */
const char *manifest_file_name(enum manifest_kind kind, uint32_t number, char buf[FILES_NAME_MAX]);
bool manifest_file_number(const char *name, enum manifest_kind *ret_kind, uint32_t *ret);

#endif

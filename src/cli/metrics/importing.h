/* SPDX-License-Identifier: Apache-2.0 */
/*
 * importing: files of stored samples, piece by piece, to whoever takes them: a site that runs, or the
 * folder of one that doesn't.
 */
#ifndef CLI_METRICS_IMPORTING_H
#define CLI_METRICS_IMPORTING_H

#include "cli/command.h"

#define IMPORT_PIECE_BYTES (16u << 20)

struct import_piece {
	const char *s; /* whole lines; in OpenMetrics "# EOF" ends it */
	size_t n;
	bool is_openmetrics;
};

struct import_counts {
	uint64_t taken, too_old, too_far_ahead;
	char first[200]; /* the first of those that weren't taken; "" */
};

struct import_taker {
	void *self;
	/* Adds to the counts. */
	enum rc (*take)(void *self, const struct import_piece *piece, struct import_counts *counts,
		struct err *e);
	/* Everything is kept for good when it returns. */
	enum rc (*end)(void *self, struct err *e);
};

/* "-" is standard input.  Says how far it has come on standard error when it takes long. */
enum rc import_file(const char *path, bool is_openmetrics, const struct import_taker *taker,
	struct import_counts *counts, struct err *e) MUST_USE;

/* A taker over a site's API. */
struct import_taker import_to_site(struct call *c);

/* A taker over a folder, which nobody else may have open. */
struct import_folder;
enum rc import_folder_open(struct import_folder **ret, const char *path, struct err *e) MUST_USE;
void import_folder_close(struct import_folder *f);
SCOPED_BY(import_folder_close, struct import_folder *)
struct import_taker import_to_folder(struct import_folder *f);

#endif

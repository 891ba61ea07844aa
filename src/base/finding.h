/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding: what is wrong with a file, and where; as many as there are, up to FINDINGS_MAX.
 *
 * Readers of configuration go on after a mistake and collect findings, so that one look shows
 * everything.  `diarchy check` prints FILE:LINE:COLUMN: TEXT.
 */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct finding {
	const char *file; /* lab.yaml or a file that it names */
	uint32_t line, column;
	bool is_warning; /* accepted but doubtful; errors refuse the file */
	const char *text;
};
struct findings { /* all zero: none yet */
	struct arena arena;
	struct finding *items; /* after lab_read: by file, as first mentioned, then by place */
	uint32_t n, cap;       /* at most FINDINGS_MAX are kept */
	uint32_t n_errors;     /* all, also those that were not kept */
};
void findings_fini(struct findings *f);
SCOPED_FINI(findings_fini, struct findings)

struct place {
	const char *file;
	uint32_t line, column;
};
void finding_error(struct findings *f, struct place at, const char *fmt, ...) PRINTF(3, 4);
void finding_warning(struct findings *f, struct place at, const char *fmt, ...) PRINTF(3, 4);

#endif

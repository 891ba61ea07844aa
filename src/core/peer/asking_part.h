/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asking_part: what a message ASKING of the link holds (wire.h): one part of a question that a site
 * asks its peer, or of the answer.
 *
 *	offset  size  field
 *	0       8     number of the question, of the asker's choice, from 1; never used again on a
 *	              connection; 0 in TAKEN.  All numbers are big-endian
 *	8       1     enum asking_part_kind
 *	9       ...   QUESTION  u8 enum asking_what; u16 length of a label's name; the name; the form
 *	              HEARD     nothing
 *	              PIECE     the next bytes of the answer's body, at least one
 *	              LAST      u16 HTTP status, 200 to 599; the last bytes of the body
 *	              TAKEN     u64 bytes of bodies that have come on this connection, in all
 *	              STOP      nothing
 */
#ifndef CORE_PEER_ASKING_PART_H
#define CORE_PEER_ASKING_PART_H

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

#include <stdint.h>

#define ASKING_PIECE_BYTES 16384

enum asking_part_kind {
	ASKING_QUESTION, /* asker: what is wanted */
	ASKING_HEARD,    /* answerer: it will be answered, in its time */
	ASKING_PIECE,    /* answerer */
	ASKING_LAST,     /* answerer: and that was all */
	ASKING_TAKEN,    /* asker: more may come */
	ASKING_STOP,     /* asker: no answer is wanted any more */
	ASKING_PARTS
};

/* What may be asked: paths of Prometheus' HTTP API, and SAMPLES (api/prometheus/samples.h).  Numbers of the
 * wire: what is new stands at the end. */
enum asking_what {
	ASKING_QUERY,
	ASKING_QUERY_RANGE,
	ASKING_SERIES,
	ASKING_LABELS,
	ASKING_LABEL_VALUES, /* of `label` */
	ASKING_EXEMPLARS,
	ASKING_SAMPLES,
	ASKING_TARGETS,
	ASKING_SCRAPE_POOLS,
	ASKING_METADATA,
	ASKING_TARGETS_METADATA,
	ASKING_WHATS
};

struct asking_part {
	uint64_t id; /* 0: TAKEN */
	enum asking_part_kind kind;
	enum asking_what what; /* QUESTION */
	const char *label;     /* QUESTION; not terminated, like all texts here; borrowed */
	size_t label_len;
	const char *bytes; /* QUESTION: the form; PIECE, LAST: of the body; borrowed */
	size_t n;
	uint16_t status; /* LAST */
	uint64_t taken;  /* TAKEN */
};

/* Appends it.  A part keeps its bounds: ASKING_FORM_BYTES_MAX, ASKING_PIECE_BYTES. */
void asking_part_write(const struct asking_part *p, struct str *out);
/* Borrows from `bytes`.  RC_INPUT: it isn't one. */
enum rc asking_part_read(const char *bytes, size_t n, struct asking_part *ret,
	struct err *e) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_fixture: requests taken apart again, by a plain reader of snappy blocks and of protobuf that
 * knows nothing of how they are made.  What is malformed ends the test.
 */
#ifndef CORE_REMOTE_WRITE_REQUEST_FIXTURE_H
#define CORE_REMOTE_WRITE_REQUEST_FIXTURE_H

#include "base/str.h"
#include "core/remote_write/queue.h"

struct request_sample {
	enum remote_kind kind;
	int64_t t_ms;
	double v;
	char text[4096];      /* "name=value,..." of its series */
	char exemplar[1024];  /* the same of an exemplar */
	char histogram[4096]; /* as histogram_text() has it */
	char about[1024];     /* "type|help|unit" of its metric */
};

/* What a snappy block holds, behind what `out` has. */
void request_unpack(const void *body, size_t n_body, struct str *out);
/* Samples, histograms and exemplars of an unpacked request, in order; returns how many there are. */
uint32_t request_read(const struct str *raw, enum remote_protocol p,
	void (*show)(void *ctx, const struct request_sample *sample), void *ctx);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* write: what remote write and OTLP have in common: a batch of new samples goes to the store. */
#ifndef API_RECEIVE_WRITE_H
#define API_RECEIVE_WRITE_H

#include "api/receive/arrival.h"
#include "core/remote/write.h"

struct write { /* arrival.of */
	enum remote_version version;
	uint64_t n_histograms, n_exemplars; /* written */
	struct err first;                   /* why something was left out */
	uint32_t n_bad;                     /* series whose labels can't be */
	struct err failed;                  /* why the store couldn't take something */
};

/* RC_INPUT: something was left out, the rest is stored. */
enum rc write_commit(struct arrival *d, struct err *e) MUST_USE;

#endif

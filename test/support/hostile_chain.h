/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile_chain: events with whatever another party wrote into them, made into a proper chain of
 * mumbai's, which a compromised site can do.  For fuzzers: one event a line, KIND SUBJECT BODY.
 */
#ifndef TEST_SUPPORT_HOSTILE_CHAIN_H
#define TEST_SUPPORT_HOSTILE_CHAIN_H

#include "core/journal/journal.h"

struct hostile_chain {
	struct arena arena; /* of the events' bodies */
	struct wall wall;   /* that they say */
	uint64_t seq, hlc;
	struct sha256 previous;
};

void hostile_chain_init(struct hostile_chain *c, struct wall wall);
void hostile_chain_fini(struct hostile_chain *c);

/* The next event, and the chain goes on behind it; false when the line is none.  `line` is written
 * into, and *ret points into it. */
bool hostile_chain_next(struct hostile_chain *c, char *line, struct event *ret);

#endif

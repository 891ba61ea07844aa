/* SPDX-License-Identifier: Apache-2.0 */
/* step: what the two halves of the link share (link.c: states; catchup.c: who lacks what). */
#ifndef CORE_PEER_STEP_H
#define CORE_PEER_STEP_H

#include "core/peer/link.h"

/* One input being handled. */
struct link_running {
	struct link *l;
	struct now now;
	const struct link_self *self;
	struct link_effect *out;
	uint32_t n; /* effects so far */
};

struct link_effect *link_effect(struct link_running *s, enum link_effect_kind kind);

/* A new connection is in use: nothing is in flight on it. */
void catchup_begin(struct link *l);

/* The peer showed its heads in a HELLO or BEAT, now in l->peer_heads, and echoed our beat `echo`
 * (0: none). */
void catchup_shown(struct link_running *s, uint64_t echo);

/* Our heads grew: what was promised may be here, more may be worth pushing and pulling. */
void catchup_grown(struct link_running *s);

/* We are stopping: what the peer lacks of what we wrote last goes out now, whatever is in
 * flight. */
void catchup_finish(struct link_running *s);

/* The peer asks for a chain. */
void catchup_pulled(struct link_running *s, const struct link_msg *msg);

#endif

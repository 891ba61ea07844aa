/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: struct link_msg as bytes.
 *
 *	offset  size  field
 *	0       4     length of what follows the length, big-endian, 2 .. LINK_FRAME_BYTES_MAX
 *	4       1     version, 1
 *	5       1     kind (enum link_msg_kind)
 *	6       ...   HELLO, BEAT, PULL, BYE: one JSON object
 *	              EVENTS: u32 big-endian count, then records of events (core/journal/event.h),
 *	              each behind its length, u32 big-endian
 *	              ASKING: one part of a question or an answer (asking_part.h)
 *
 * Members (doc/formats.md describes them):
 *
 *	HELLO  protocol, site, lab, and those of BEAT
 *	BEAT   beat, echo, held_ms, wall_ms, digest, can_deliver, heads: [[site, epoch, seq, hash]];
 *	       or heads_of in their place: they are as that earlier beat of the connection said
 *	PULL   echo, heads (one)
 *	BYE    why
 *
 * Unknown members are ignored, unknown kinds are skipped: a newer peer may say more.
 */
#ifndef CORE_PEER_WIRE_H
#define CORE_PEER_WIRE_H

#include "base/str.h"
#include "core/peer/link.h"

#define WIRE_HEAD_BYTES 6

/* Appends the frame.  The message keeps its bounds: heads, EVENTS at most a frame. */
void wire_write(const struct link_msg *msg, struct str *out);

/* A decoded message and the room for what it points to. */
struct wire_in {
	struct link_msg msg; /* .events and .part point into what was read, .heads below */
	struct link_head heads[LINK_HEADS_MAX];
	bool is_known; /* false: of a newer protocol, skip it */
};

/* Look at the front of `bytes`.  *ret_used is 0 while the frame is incomplete, otherwise the size
 * of the frame that `ret` was filled from.  RC_INPUT: it is malformed, nothing after it can be
 * trusted; what `ret` holds then is meaningless. */
enum rc wire_read(const char *bytes, size_t n, struct wire_in *ret, size_t *ret_used,
	struct err *e) MUST_USE;

#endif

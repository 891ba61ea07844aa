/* SPDX-License-Identifier: Apache-2.0 */
/*
 * followers: who follows the stream, and what waits for each.
 *
 * A message is one blob that all of them share.  Who has more than SSE_BACKLOG_BYTES_MAX waiting is
 * cut off and comes back for a new status.  That status doesn't count, since it may be longer than
 * the bound; but only one of them may wait.
 */
#ifndef API_FOLLOWERS_H
#define API_FOLLOWERS_H

#include "base/str.h"
#include "port/http_server/http_server.h"

struct blob;

struct stream_follower {
	struct stream_follower *next, **link;
	struct followers *all;
	struct http_exchange *exchange;
	uint64_t session; /* 0: by token, or without login */
	bool needs_none;  /* came while no login was needed */
	struct blob **queue;
	uint32_t head, n, cap;
	size_t sent;    /* of the first blob */
	size_t waiting; /* bytes in the queue that count */
	bool is_ending;
};

struct followers {
	struct stream_follower *first;
	uint32_t n;
};

/* Answers `x` with a stream. */
struct stream_follower *followers_add(struct followers *all, struct http_exchange *x);
/* The stream ends soon; nothing more is queued. */
void stream_follower_end(struct stream_follower *f);

enum follower_message { FOLLOWER_NEWS, FOLLOWER_STATUS };
/* A message, complete with its blank line. */
void stream_follower_tell(struct stream_follower *f, enum follower_message what,
	const struct str *text);
void followers_tell(struct followers *all, const struct str *text);

#define followers_each(all, f)                                                            \
	for (struct stream_follower *f = (all)->first, *f##_next = f ? f->next : NULL; f; \
		f = f##_next, f##_next = f ? f->next : NULL)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* kept: logs that the store itself needs no more and that wait for who follows them (follow.h). */
#ifndef CORE_METRICS_KEPT_H
#define CORE_METRICS_KEPT_H

#include "core/metrics/files.h"

struct store;
struct follower;

struct kept_log {
	uint32_t number;
	uint64_t bytes;
};

struct kept {
	struct kept_log *v; /* oldest first */
	uint32_t n, cap;
	uint64_t bytes; /* of all */
	struct follower **followers;
	uint32_t n_followers, cap_followers;
	/* Files of marks that nobody has opened yet: how far behind they are. */
	struct kept_marks {
		char file_name[FILES_NAME_MAX];
		uint32_t generation;
		bool is_of_this_run; /* somebody has followed since the store was opened */
	} * unclaimed;
	uint32_t n_unclaimed, cap_unclaimed;
};
void kept_fini(struct kept *k);

/* What the folder holds, before logs are replayed. */
void kept_find(struct store *s, const struct files_entry *v, uint32_t n);
bool kept_is_wanted(const struct store *s, uint32_t number);
/* A log that the store needs no more waits, or is useless. */
void kept_put(struct store *s, uint32_t number);
/* A log ends that is lame (log.h): who follows it is never shown the rest, and that is said. */
void kept_tell_lame(struct store *s, uint32_t number);
/* What nobody waits for goes; also the oldest, when there are too many bytes. */
void kept_trim(struct store *s);

#endif

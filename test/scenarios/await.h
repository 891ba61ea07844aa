/* SPDX-License-Identifier: Apache-2.0 */
/*
 * await: what must become true, and by when.  Each waits at most so many milliseconds, and fails
 * the test with what it saw last.
 *
 * What a site says is read from its API on its own loopback; what people were told, from the
 * stand-in for Discord.
 */
#ifndef TEST_SCENARIOS_AWAIT_H
#define TEST_SCENARIOS_AWAIT_H

#include "base/json.h"
#include "base/map.h"
#include "test/scenarios/net.h"

/* As the site at `p` sees it. */
void await_check(enum place p, const char *check, const char *state, int64_t ms);
void await_link(enum place p, const char *state, int64_t ms);
void await_no_incidents(enum place p, int64_t ms); /* none is open */
/* What the site's API answers comes to hold `text`. */
void await_text(enum place p, const char *path, const char *text, int64_t ms);
/* The channel's newest message about the incident with that cause was delivered by `via`. */
void await_delivered_by(enum place p, const char *cause, const char *via, int64_t ms);
/* The id of the first of the list `key` in the answer. */
void read_first_id(enum place p, const char *path, const char *key, char *ret, size_t size);
/* The answer of the site's API; the caller releases it.  NULL when it doesn't answer. */
json_t *ask_site(enum place p, const char *path);

/* A message in Discord's channel, as it stands now. */
struct told {
	char id[32], title[300];
	char teller[64];    /* "dublin", "webhost": who is named in it */
	int64_t created_ms; /* wall */
	int64_t changed_ms; /* wall: its last edit */
	int edits;
};

/* A message whose title contains `text`, edits included. */
struct told await_told(const char *text, int64_t ms);
/* That very message comes to say `text`. */
void await_edit(struct told *t, const char *text, int64_t ms);
/* Some message comes to mention `text`, wherever. */
void await_mentioned_anywhere(const char *text, int64_t ms);
unsigned count_messages(void); /* drills aside */
/* There are so many messages, drills aside, and none tells an incident that another tells. */
void assert_messages(unsigned n);
/* One message's title mentions `text` now, not none and not two. */
void assert_told_once(const char *text);
/* No message mentions `text` in any of its versions, wherever. */
void assert_never_told(const char *text);
bool is_told(const char *text); /* in the newest version of some message, wherever */
/* That very message; false when there is none. */
bool read_message(const char *id, struct told *ret);
/* Messages that another one about the same incident came after; how many, of which `ret` has
 * `size`. */
size_t read_repeated(struct told *ret, size_t size);
void await_repeated(size_t n, int64_t ms); /* at least so many of them */
/* That very message comes to mention `text`, wherever. */
void await_mentioned(const struct told *t, const char *text, int64_t ms);

/* {"mode": "429", ...}, as test/standin/README.md has it; so many requests have met such modes. */
void discord_mode(const char *json);
void assert_disturbed(unsigned at_least);

/* Both sites hold the same events, and each proves that its chains are whole. */
void await_same_journals(int64_t ms);
/* Adds to `seen` what the journal of the site at `p` shows, if it answers; and later: something
 * was, and all that was ever seen must be there. */
void remember_events(struct map *seen, enum place p);
void assert_none_is_missing(const struct map *seen, enum place p);

/* `what` took at most `most_ms` from `from_ms` to `to_ms`, wall clock. */
void assert_took(const char *what, int64_t from_ms, int64_t to_ms, int64_t most_ms);

#endif

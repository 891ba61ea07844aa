/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: from evidence to a state, for every declared thing, as one site sees the lab.
 *
 *	observations ──► word of a vantage ──► judged state
 *	(ours, pings)    none, ok, failing     pending, ok, failing, silent, paused
 *
 * A word is ours (from observations here) or a peer's (from its journal).  Ours changes to failing
 * after `confirm` consecutive failures; the first failure asks for a second probe at once.  Ours
 * is fresh until its deadline, a peer's while that peer keeps its promise (checks_promise).  A word
 * that is not fresh says nothing.  Words of blind vantages count only for their own site's things.
 * A promise is evidence, too: what was ok until the last one was ok then.
 *
 *	no fresh word:             pending until the first deadline, then silent
 *	all fresh words failing:   failing, scope down
 *	some failing, some ok:     failing, scope path
 *	otherwise:                 ok
 *
 * A word says why it fails.  While it goes on failing, another reason is news (digits aside: a
 * counter or a timing is none; an empty one replaces none that says something), and the word is
 * said anew.  Reasons that alternate settle: of a probe's the first has to come twice in a row, and
 * each further one of the same fall must have stood for twice as long as the one before, from
 * CHECK_REASON_MS on.  The check's reason is its home's; if the home's can't be heard any more,
 * whose is taken instead stays until the fall is over.
 *
 * Pure: what to do is returned in a queue of effects that the caller drains after each call.
 */
#ifndef CORE_CHECK_CHECK_H
#define CORE_CHECK_CHECK_H

#include "base/cron.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/rng.h"

#define CHECK_CONFIRM_MS 1000  /* the second probe after a first failure, at most `every` */
#define CHECK_PROMISE_MS 15000 /* a peer's words are fresh this long after its last promise */
#define CHECK_RETURN_MS  15000 /* for jobs to report when the site they report to is back */
#define CHECK_REASON_MS  60000 /* a second change of the reason must have stood so long */
#define CHECK_NONE       UINT16_MAX

enum check_state {
	CHECK_PENDING,
	CHECK_OK,
	CHECK_FAILING,
	CHECK_SILENT,
	CHECK_PAUSED,
	CHECK_STATES
};
enum check_scope { SCOPE_NONE, SCOPE_DOWN, SCOPE_PATH };
enum check_word { WORD_NONE, WORD_OK, WORD_FAILING };

/* How evidence comes about. */
enum check_source {
	SOURCE_PROBE, /* we ask every `every_ms`; CHECK_DO_PROBE says when */
	SOURCE_PING,  /* somebody reports: deadline from the last report */
	SOURCE_STATE, /* the site itself knows at any time: never stale */
};

struct check_spec {
	const char *name;
	enum check_source source;
	uint8_t home;
	bool is_outside; /* a link, a watcher, another site: no vantage's own thing */
	uint8_t from;    /* bit n: site n is a vantage */
	uint8_t confirm;
	int64_t every_ms, timeout_ms, grace_ms;
	const uint16_t *needs; /* probed out of turn when this one becomes suspect; borrowed */
	uint16_t n_needs;
	/* SOURCE_PING: instead of every_ms; borrowed until the next load. */
	const struct cron *cron;
	const struct tz *zone;
	const char *silence; /* SOURCE_PING: what its silence means, for people; borrowed; NULL */
};

struct vantage {
	enum check_word word;
	bool is_suspect; /* failed, not yet confirmed; `suspected` since */
	bool is_fresh;   /* counts as evidence now */
	uint8_t streak;  /* consecutive failures */
	struct wall suspected;
	uint64_t stamp;    /* a peer's: hybrid logical time of the event; older ones are ignored */
	struct wall since; /* when the word became what it is: first bad for failing */
	struct wall heard; /* last observation */
	struct wall last_ok; /* last good evidence; {0} never */
	char *reason;        /* why it fails; NULL or at most REASON_BYTES_MAX */
	uint64_t other;      /* str_gist of one that isn't said yet, without a break since */
	struct mono other_since;
	uint8_t n_reasons; /* changes that were said since it fell */
	int64_t took_us;   /* of the last observation; -1 unknown */
};

struct check_view { /* what others may read of a check */
	const struct check_spec *spec;
	enum check_state state;
	enum check_scope scope;
	struct wall since;        /* when the state became what it is */
	struct wall last_ok;      /* newest good evidence of any vantage */
	struct wall paused_until; /* {0} not paused, {NEVER_MS} until resumed */
	struct wall run_started;  /* SOURCE_PING: a run is under way since */
	const char *reason;       /* why it fails, or of a silence; "" */
};

struct observation {
	bool is_ok;
	const char *reason; /* why not; copied; may be NULL when ok */
	/* Not ok: good evidence that we had meanwhile; {0}: what we told last. */
	struct wall last_ok;
	int64_t took_us; /* -1 unknown */
};

struct report {       /* of what reports by itself */
	uint8_t site; /* that took it */
	struct wall at;
	bool is_start; /* a run began: how it ends is yet to come */
	struct observation end;
};

enum check_effect_kind {
	CHECK_DO_PROBE,  /* run the probe of `check` now */
	CHECK_SAY_WORD,  /* our word on `check` changed, or why it fails: journal it */
	CHECK_SAY_STATE, /* the judged state or scope of `check` changed, or why it fails */
};
struct check_effect {
	enum check_effect_kind kind;
	uint16_t check;
};

struct checks;

struct checks *checks_new(uint8_t self, uint64_t seed);
void checks_free(struct checks *c);
SCOPED_BY(checks_free, struct checks *)

/* Take these specs, matched by name with what is known: words, states and deadlines are kept,
 * what is gone is forgotten.  `specs` is borrowed until the next load or free.  First probes are
 * spread over min(every, 10 s). */
void checks_load(struct checks *c, struct now now, const struct check_spec *specs, uint16_t n);

/* Restore from the journal at start, before the first step: our own word, or a peer's. */
void checks_restore(struct checks *c, struct now now, uint16_t check, uint8_t site,
	const struct vantage *v);
/* The same after the start: words of ours that were lost and came back, in any order.  False: this
 * run has looked itself, and what it saw stands. */
bool checks_recover(struct checks *c, struct now now, uint16_t check, const struct vantage *v);
/* An instant from which a SOURCE_PING check without any evidence counts its first deadline. */
void checks_declared(struct checks *c, struct now now, uint16_t check, struct wall since);

/* `site` was not there meanwhile, and who reports to it could not.  What was due in that time (not
 * what was overdue before) is silent only CHECK_RETURN_MS, or its grace if that is longer, after
 * it. */
void checks_was_away(struct checks *c, struct now now, uint8_t site, struct wall from,
	struct wall until);

/* What we observed ourselves: a probe's result, or a state that the site knows. */
void checks_observe(struct checks *c, struct now now, uint16_t check, const struct observation *o);
/* SOURCE_PING: somebody reported. */
void checks_ping(struct checks *c, struct now now, uint16_t check, const struct report *r);
/* A peer's word, from its journal. */
void checks_hear(struct checks *c, struct now now, uint16_t check, uint8_t site,
	const struct vantage *v);
/* A peer promised that all its words are as journaled. */
void checks_promise(struct checks *c, struct now now, uint8_t site);
/* The link to a peer is down: its promise ends now rather than at its deadline. */
void checks_break_promise(struct checks *c, struct now now, uint8_t site);
void checks_set_blind(struct checks *c, struct now now, uint8_t site, bool is_blind);
void checks_pause(struct checks *c, struct now now, uint16_t check, struct wall until);
/* Probe soon, out of turn: something that it depends on, or another vantage, became suspect. */
void checks_hurry(struct checks *c, struct now now, uint16_t check);
/* Time passed: due probes, deadlines. */
void checks_tick(struct checks *c, struct now now);

/* Drain: true and an effect, or false when the queue is empty. */
bool checks_next(struct checks *c, struct check_effect *ret);
struct mono checks_wake(const struct checks *c);

uint16_t checks_count(const struct checks *c);
struct check_view checks_view(const struct checks *c, uint16_t check);
const struct vantage *checks_vantage(const struct checks *c, uint16_t check,
	uint8_t site); /* NULL */
bool checks_is_blind(const struct checks *c, uint8_t site);
/* The extent of a failure is not known yet: a vantage that counts is suspect, or says ok while
 * another says failing. */
bool checks_is_settling(const struct checks *c, uint16_t check);
/* FNV-1a over all words of one site, for the link's state digest. */
uint64_t checks_digest(const struct checks *c, uint8_t site);

const char *check_state_name(enum check_state s); /* "failing" */
const char *check_scope_name(enum check_scope s); /* "down" */
const char *check_word_name(enum check_word w);   /* "ok" */
bool check_word_parse(const char *text, enum check_word *ret);

#endif

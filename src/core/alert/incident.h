/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incident: one or more related checks that are not well, from opening to resolution.
 *
 *	OPEN ◄──────► RECOVERING ──────► CLOSED        (a relapse goes back to OPEN; 3 are flapping)
 *	  └──────────────┴──────────► MERGED           (the other site's incident stands for it)
 *
 * An incident has one writer, its owner; every change is journaled whole, as `incident` events, and
 * `version` counts them.  What others add (acknowledgement, receipts) are events of their own.
 *
 * The body holds the fields of struct incident by their names, times in RFC 3339, but
 *
 *	"members": [[check, state, scope, since, last_ok, recovered, reason], ...]
 *
 * as rows, times in milliseconds since 1970 (0: not yet), so that INCIDENT_MEMBERS_MAX of them fit
 * into EVENT_BODY_BYTES_MAX.  What the members' names may take together is bounded when a member
 * is added; reasons share what the names leave over, the cause's comes first and whole.
 *
 * Memory.  A start reads thousands of them, most of them over: what is read is one block, in which
 * the members and all texts lie behind the incident.  A text that is set later is allocated by
 * itself, so texts are replaced through incident_set() only.
 */
#ifndef CORE_ALERT_INCIDENT_H
#define CORE_ALERT_INCIDENT_H

#include "base/json_flat.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"

#include <stdint.h>

#define INCIDENT_ID_MAX 96 /* "<owner>-<base36 of the opening second>" */
#define CHANNELS_MAX    8
#define BEFORE_MAX      6
#define MESSAGE_ID_MAX  128
#define NEWS_BYTES_MAX  240

enum incident_state { INCIDENT_OPEN, INCIDENT_RECOVERING, INCIDENT_CLOSED, INCIDENT_MERGED };

struct incident_member {
	char *check;
	char *state; /* "failing" or "silent": as judged when it was last not well */
	char *scope; /* "down", "path" or "none" */
	char *reason;
	struct wall since;     /* first bad */
	struct wall last_ok;   /* last good evidence; {0} never */
	struct wall recovered; /* {0}: still not well */
	uint32_t tag;          /* of whoever keeps the incident; 0: not tagged yet */
};

struct incident_before { /* what happened in the ten minutes before */
	struct wall at;
	char *site;
	char *text;
};

struct incident_told {                /* per channel, from receipts */
	uint32_t version;             /* what the channel shows; 0: nothing yet */
	struct wall at;               /* of the newest receipt */
	struct wall first;            /* of the first */
	char message[MESSAGE_ID_MAX]; /* the channel's id of the message, for edits */
	char via[NAME_BYTES_MAX + 1]; /* the site or watcher that delivered */
};

struct incident {
	char id[INCIDENT_ID_MAX];
	char *owner;
	char *cause; /* the root check; members[0] is it */
	char *title; /* "immich is down" */
	char *severity;
	enum incident_state state;
	uint32_t version;                      /* 1 is the opening */
	struct wall opened, recovered, closed; /* {0}: not yet */
	struct wall since;                     /* first bad of the cause */
	char *failing_from; /* a path problem: the vantages that see it; else NULL */
	char *news;         /* what this version says anew: "nas is the cause"; NULL: see state */
	uint32_t relapses;
	bool is_flapping;
	char *to; /* names of the channels that it is for, "a,b"; "-": none; NULL: the lab's own */
	bool is_muted; /* over without having been told: a silence covered it, or it is no news */
	char merged_into[INCIDENT_ID_MAX];
	struct incident_member *members;
	uint32_t n_members, cap_members;
	uint32_t member_bytes; /* what their names take in the event; kept by incident_member */
	uint32_t more_members; /* beyond INCIDENT_MEMBERS_MAX */
	struct incident_before before[BEFORE_MAX];
	uint32_t n_before;
	/* Not in the incident's own events: */
	char *ack_by, *ack_why;
	struct wall acked;
	const struct incident_told *told; /* CHANNELS_MAX; written by incident_receipt() */
	/* Of its memory: */
	size_t block_bytes;
	bool is_one_block; /* as it was read */
};

struct incident *incident_new(void);
void incident_free(struct incident *in);
SCOPED_BY(incident_free, struct incident *)
/* Existing or new; NULL when absent and not to be added, or when there is no room for another (the
 * caller counts it in more_members). */
struct incident_member *incident_member(struct incident *in, const char *check, bool may_add);

/* The i-th member is gone as if it had never been listed; pointers to those behind it are void. */
void incident_drop_member(struct incident *in, uint32_t i);

/* `field` is one of the texts of `in` or of its members; NULL clears, `value` may be part of it. */
void incident_set(struct incident *in, char **field, const char *value);
/* told[channel], to be changed. */
struct incident_told *incident_receipt(struct incident *in, uint32_t channel);
/* What others added to `from`, acknowledgement and receipts, is moved. */
void incident_inherit(struct incident *in, struct incident *from);

/* The body of an `incident` event, and back.  Reading validates and bounds everything. */
void incident_write(const struct incident *in, struct str *out);
enum rc incident_read(const char *id, const struct json_node *body, struct incident **ret,
	struct err *e) MUST_USE;

/* The members of doc/api.md's incident object but for `told`, into an object that is open. */
void incident_describe(const struct incident *in, struct json_out *w);

const char *incident_state_name(enum incident_state s); /* "recovering" */
static inline bool incident_is_over(const struct incident *in)
{
	return in->state == INCIDENT_CLOSED || in->state == INCIDENT_MERGED;
}
/* Of a site that sees nothing of the outside: told when it is over, if at all. */
static inline bool incident_is_cut_off(const struct incident *in)
{
	return in->cause && str_starts(in->cause, "outside@");
}
bool incident_was_told(const struct incident *in); /* some channel shows it */

#endif

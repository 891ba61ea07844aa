/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert_private: what the files of this folder share of struct alert.
 *
 *	alert.c      loading, time, the questions that others may ask
 *	folding.c    judged states -> incidents: roots, opening, members
 *	covers.c     which incident stands for a check
 *	recovery.c   members are well again: incidents end, or go on without their cause
 *	merging.c    two incidents of one cause become one
 *	restating.c  a member is judged otherwise than its incident says
 *	outbox.c     incidents -> deliveries: who tells what to which channel next
 *	replay.c     events of the journals -> the same state on every site
 *	alerts.c     alerts of rules -> checks beside those that are declared
 *	ways.c       which group an alert is in, and whom its incident is for
 *	webhook_v4.c incidents as Alertmanager posts them
 *	inhibition.c alerts that keep others from being told
 */
#ifndef CORE_ALERT_ALERT_PRIVATE_H
#define CORE_ALERT_ALERT_PRIVATE_H

#include "base/ring.h"
#include "core/alert/alert.h"
#include "core/alert/alert_group.h"

/* An incident and what this site knows beside its events. */
struct tracked {
	struct incident *in; /* version 0: only receipts or acks of it have arrived so far */
	uint64_t stamp;      /* hybrid logical time of the incident event applied last */
	uint32_t cause_tag;  /* as a member's of the cause; 0: look for it by name */
	uint32_t n_covering; /* of alert.covers that point here */
	uint8_t owner;       /* site index; ALERT_NO_SITE when not declared any more */
	struct mono linger;  /* RECOVERING: closes then */
	struct mono cause_recovered; /* {NEVER_MS}: the cause is not well */
	struct mono cause_fell;      /* it is not well since, as this run knows */
	struct mono opened_at;       /* ours, of this run; {0}: of an earlier one, or another's */
	bool is_changed;             /* ours: a new version is due */
	uint64_t born;               /* the place in the order of arrival */
	bool is_busy;
	bool is_said; /* ours: this run has written of it; what comes back of the past is older */
	uint32_t published; /* ours: the version journaled last */
	uint32_t n_beyond;  /* checks in alert.covers that are not among the members: no room */
	struct outbox_slot {
		uint64_t number;          /* delivery in flight; 0 none */
		bool is_by_watcher;       /* that one */
		struct mono deadline;     /* of that delivery */
		struct mono not_before;   /* edits are spaced */
		uint32_t noticed;         /* the newest version that is wanted */
		struct mono gather_until; /* what else changes before this goes with it */
		uint32_t sending;         /* version in flight */
		uint8_t handed_to;        /* site that was asked to deliver; ALERT_NO_SITE */
		uint32_t handed_version;
		struct mono handed_until;
		bool is_for_us;                 /* the owner asked us to deliver handed_version */
		bool may_be_repeat;             /* an attempt to create got no answer */
		struct mono watcher_not_before; /* it was asked to create, and got no answer */
		uint8_t n_watcher_unanswered;
		bool is_plain; /* the channel refused the full text */
		/* Another message of the incident: somebody deleted it, or whoever wrote one of the two
		 * had lost the past in which the other was written.  It is edited, too, when the one that
		 * counts shows what is so. */
		char *stray;            /* its id; NULL: there is none */
		uint32_t stray_version; /* what it shows, since */
		struct wall stray_at;
		bool is_stray;   /* the delivery in flight edits it */
		bool is_summary; /* the delivery in flight tells several incidents at once */
	} slots[CHANNELS_MAX];
};

struct judged { /* a check's state as told by alert_state */
	enum alert_health health;
	char *scope, *reason, *from;
	struct wall since, last_ok;
	struct mono unwell;    /* when it was first told as not well; {NEVER_MS}: well */
	struct mono unlisted;  /* not well, and no incident lists it since; {NEVER_MS} */
	struct mono elsewhere; /* another site has told of it: not our turn before this */
	struct mono restated;  /* its incident says something else since; {NEVER_MS}: the same */
};

struct alert_touch {
	struct wall lost; /* {0}: it is there, or never was */
	struct mono
		doubt_due; /* what it said last inhibits until then; {NEVER_MS}: there, or doubted */
	bool is_doubted;
};

struct alert {
	struct alert_config cfg; /* its checks are those declared, and behind them alerts */
	struct alert_config declared;
	struct alert_check *checks; /* cfg.checks, if some are alerts */
	struct map groups;          /* key -> struct alert_group */
	struct map idents;          /* of ours with routing: ident -> struct alert_group */
	uint32_t n_alerts;          /* ours */
	size_t alerts_bytes;
	struct mono alerts_due; /* the first of ours may be over */
	bool is_alerts_due;     /* groups changed */
	bool is_ways_due;       /* groups came under keys of other routes, maybe */
	bool is_inhibition_due; /* alerts came or went that may inhibit */
	bool is_table_old;      /* alerts came or went that are checks */
	bool is_release_due; /* our history holds incidents, maybe of alerts that are over since */
	struct alert_item **buried; /* gone with the next table */
	uint32_t n_buried, cap_buried;
	struct alert_touch touch[SITES_MAX]; /* with a peer */
	struct rng rng;
	bool is_started;
	struct judged *judged; /* one a check */
	uint16_t n_judged;
	struct alert_peer peers[SITES_MAX];
	struct mono reading[SITES_MAX]; /* of a peer: began, or ended if it is not reading now */
	bool is_watcher_reachable, is_blind, is_held;
	struct mono calm;    /* after a start or a reunion nothing is opened before this */
	struct mono sighted; /* after blindness neither */
	bool is_reunited;    /* a peer is back, and not all of its news has been looked at */
	bool is_behind;      /* a peer holds events that we lack */
	bool is_awaiting_reader;
	bool is_merging_due;   /* events came that may tell what we tell */
	struct map tracked;    /* id -> struct tracked, all */
	struct tracked **busy; /* of these all that a step may have to look at, oldest first */
	uint32_t n_busy, cap_busy;
	uint64_t last_born;
	struct map incidents; /* id -> struct incident, the same without empty ones */
	/* Checks are known by ids: an index into cfg.checks, or, of what is not declared here, one
	 * beyond.  Members of live incidents are tagged with theirs, + 1. */
	struct map names;        /* check -> id + 1 */
	struct tracked **covers; /* by id: the live incident that lists or counts it; NULL */
	uint32_t n_names, cap_names;
	struct silences silences;
	struct pace paces[CHANNELS_MAX];
	uint64_t creating[CHANNELS_MAX]; /* the create in flight; 0 none */
	uint32_t in_flight[CHANNELS_MAX];
	struct mono test_due[CHANNELS_MAX]; /* no test of a channel in doubt before this */
	uint64_t last_number;               /* of deliveries */
	uint64_t last_second;               /* of incident ids */
	struct ring effects;                /* of struct alert_effect */
	bool is_dirty;                      /* something may have to be opened or sent */
	struct mono wake, prune_due;
};

/* folding.c */
void folding_step(struct alert *a, struct now now);
void folding_publish(struct alert *a,
	struct now now); /* journal what changed since the last time, once each */
/* What channels show changed, one version for all changes of a step: `who` and what of it. */
void folding_change(struct alert *a, struct tracked *t, const char *who, const char *what);
void folding_unwell(struct alert *a, struct now now, uint16_t check);
uint64_t folding_second_of(const char *id); /* that it was made of; 0: none of ours */
uint16_t folding_root(const struct alert *a, uint16_t check);

/* outbox.c */
void outbox_step(struct alert *a, struct now now);
struct outbox_receipt {
	uint32_t version;
	struct wall at;
	const char *message; /* its id; "": of a summary, or the channel has none */
	const char *via;
};
void outbox_told(struct alert *a, struct tracked *t, uint8_t channel,
	const struct outbox_receipt *receipt);

/* A message may exist of which nobody knows: the next is created when the channel answers us. */
void outbox_doubt(struct alert *a, struct now now, struct tracked *t, uint8_t channel);

/* replay.c */
struct tracked *replay_track(struct alert *a, const char *id);

void outbox_fini(struct tracked *t);
bool outbox_is_settled(const struct alert *a, const struct tracked *t); /* nothing left to tell */
/* Whoever tells it: nothing is under way, and no channel is behind. */
bool outbox_is_idle(const struct alert *a, const struct tracked *t);

/* alerts.c */
/* The checks of `declared` and behind them those that alerts are, malloced; NULL: there are none of
 * these. */
struct alert_check *alerts_table(struct alert *a, const struct alert_config *declared,
	uint16_t *ret_n);
void alerts_renew_table(struct alert *a); /* if it is old */
void alerts_start(struct alert *a, struct now now);
void alerts_step(struct alert *a, struct now now);
void alerts_prune(struct alert *a, struct now now);
void alerts_peer(struct alert *a, struct now now, uint8_t site); /* came, or is away */
void alerts_event(struct alert *a, struct now now, const struct alert_event *ev);
void alerts_fini(struct alert *a);
uint64_t alerts_digest(const struct alert *a);
/* A check of this name is an alert, or a group of them. */
bool alerts_is_name(const char *name);
static inline bool alert_is_declared(const struct alert *a, uint16_t check)
{
	return check < a->declared.n_checks;
}

/* alert.c */
/* Checks came or went: what is known of those that stay follows their names. */
void alert_renew_table(struct alert *a, const struct alert_config *declared);
/* Members that are not declared any more, or alerts that nobody knows, can't recover otherwise; NULL:
 * all of these. */
void alert_release_undeclared(struct alert *a, struct now now, bool (*which)(const char *name));
/* Evidence of how far a check fails is still coming in. */
bool alert_is_settling(const struct alert *a, uint16_t check);
uint8_t alert_site_in(const struct alert_config *config, const char *name); /* ALERT_NO_SITE */
struct alert_effect *alert_push(struct alert *a, enum alert_effect_kind kind, const char *subject);
void alert_append_incident(struct alert *a, struct tracked *t); /* journal it whole */
void alert_wake_at(struct alert *a, struct mono when);
struct mono alert_calm(const struct alert *a); /* both of these */
/* How long vantages that don't agree have to do so. */
int64_t alert_settle_ms(const struct alert *a, uint16_t check);
/* After a start, a reunion or blindness: maybe it has been told, in what we haven't read yet. */
bool alert_awaits_news(struct alert *a, struct now now);
/* Whoever changes what is told of an incident that is over says so with this. */
void alert_busy(struct alert *a, struct tracked *t);
void alert_forget(struct alert *a, struct tracked *t);                           /* frees it */
uint16_t alert_check_index(const struct alert *a, const char *name);             /* UINT16_MAX */
uint16_t alert_check_of(const struct alert *a, const struct incident_member *m); /* the same */
uint8_t alert_site_index(const struct alert *a, const char *name);               /* ALERT_NO_SITE */
bool alert_is_silenced(const struct alert *a, struct wall now, const struct incident *in);

static inline bool incident_is_live(const struct incident *in)
{
	return in->version && (in->state == INCIDENT_OPEN || in->state == INCIDENT_RECOVERING);
}

#endif

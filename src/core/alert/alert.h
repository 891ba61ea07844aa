/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert: from judged states to incidents, and from incidents to exactly one message each.
 *
 * Folding.  A check that is not well is traced to its root: the nearest to the end of its chain of
 * needs that isn't well either.  One incident a root; later members join it, and a cause found
 * later takes it over.  Opening waits until the extent is known (ALERT_SETTLE_MS at most).
 *
 * Cut off.  A site that sees nothing of the outside has one incident for all that it can't see,
 * outside@SITE, which is nobody else's business and covers nothing at others.  Nobody could be told
 * while it lasted; afterwards they are, once, if it was for long and no other site has told it.
 *
 * Ownership.  The home of the root opens at once.  Another site opens after ALERT_DEFER_MS if no
 * incident covers the root; at once if the home is known to be dead.  Both did (parted, now healed):
 * the home's survives, else the earlier, else the first declared site's; the loser's owner marks
 * it merged.  Not into one that is on its way out (merging.h).
 *
 * Speaking.  Owner delivers what channels should show and don't (version wanted > version told).
 * An attempt to create that got no answer may have arrived: the next, which says so, waits until the
 * channel has answered a test, so that one that hangs costs one possible repeat.
 * A dead egress hands over: `handoff` to a peer that can deliver, else to a watcher.  Silenced,
 * quiet and not severe enough: not wanted now.  More than ALERT_BACKLOG undelivered first messages
 * older than ALERT_BACKLOG_MS go out as one summary.
 *
 * State is a fold of journal events (alert_event), so it is the same after a restart, and the
 * same at both sites once they have the same events.
 */
#ifndef CORE_ALERT_ALERT_H
#define CORE_ALERT_ALERT_H

#include "base/map.h"
#include "core/alert/alert_routing.h"
#include "core/alert/alerts.h"
#include "core/alert/incident.h"
#include "core/alert/notice.h"
#include "core/alert/pace.h"
#include "core/alert/silence.h"

/* For the extent to be known; edits gather changes so long, too. */
#define ALERT_SETTLE_MS 2000
/* The same for a watcher, which each site asks each 5 s and believes to be gone after a few. */
#define ALERT_SETTLE_WATCHER_MS 8000
/* After a start, or when sites meet again: the news comes in before anything is opened or told.  It is over
 * sooner when all is here (alert_caught_up). */
#define ALERT_CALM_MS  4000
#define ALERT_DEFER_MS 15000
/* Who speaks for a home that can be heard waits with the first message until the home has read of it,
 * at most so long: if both opened one in the same moment, the home's arrives, and the other is merged
 * before anybody is told of it. */
#define ALERT_HEAR_HOME_MS 8000
/* A living home that has much to read has its turn afterwards, or when it has been reading so long:
 * then it doesn't wait itself any more (node: FACTS_HISTORY_MS). */
#define ALERT_READING_MS (2 * MINUTE_MS)
/* The root's incident, another site's, leaves a check out. */
#define ALERT_UNLISTED_MS    (60 * SECOND_MS)
#define ALERT_LINGER_MS      30000 /* RECOVERING this long (or 2 x every) before CLOSED */
#define ALERT_FLAP_LINGER_MS (10 * MINUTE_MS)
#define ALERT_FLAP_RELAPSES  3
/* What is still not well so long after its cause is told apart. */
#define ALERT_SPLIT_MS (60 * SECOND_MS)
/* Another reason of what the cause explains is told after this, if nothing else is told before. */
#define ALERT_REFRESH_MS    (60 * SECOND_MS)
#define ALERT_EDIT_MS       5000  /* edits of one message no closer than this */
#define ALERT_UNANSWERED_MS 20000 /* a delivery without outcome by then is PACE_UNANSWERED */
/* The same through the watcher: its beacons, its own pace. */
#define ALERT_WATCHER_MS (60 * SECOND_MS)
/* What it sent and got no answer to may be a repeat when it is sent again: after this, then twice this ... */
#define ALERT_WATCHER_WAIT_MS     (30 * SECOND_MS)
#define ALERT_WATCHER_WAIT_MAX_MS (32 * MINUTE_MS)
/* A channel in doubt (pace.h) is tested so often while something is to be created there. */
#define ALERT_TEST_MS    (10 * SECOND_MS)
#define ALERT_BACKLOG    1
#define ALERT_BACKLOG_MS (5 * MINUTE_MS)
/* Handed over, no receipt by then: try ourselves again.  Who was asked begins nothing after
 * ALERT_ASKED_MS: what it began has an outcome, and that was heard of, before the owner goes on. */
#define ALERT_HANDOFF_MS 40000
#define ALERT_ASKED_MS   12000
_Static_assert(ALERT_ASKED_MS + ALERT_UNANSWERED_MS + 8000 <= ALERT_HANDOFF_MS,
	"the request may come as late as a link may be quiet");
#define ALERT_NO_SITE UINT8_MAX

struct alert_check {             /* what alert knows of a check; borrowed until the next load */
	const char *name, *kind; /* check_kind_name */
	uint8_t home;
	const char *severity;
	uint8_t severity_rank; /* 0 info, 1 warning, 2 critical */
	int64_t every_ms;
	const uint16_t *needs;
	uint16_t n_needs;
	/* Of what only others look at: what explains its silence, their sites and the links there. */
	const uint16_t *away;
	uint16_t n_away;
	const struct silence_label *labels; /* for silences */
	uint8_t n_labels;
	const char *subject_a, *subject_b; /* site, link, watcher checks */
	bool is_outside;      /* a link, a watcher, another site: no site's own thing */
	const char *vantages; /* who looks at it: "dublin and mumbai"; NULL: a derived one */
	const char *description, *runbook;
	bool is_inhibited; /* of an alert: not told, unless it has been */
};

/* A check's judged state, as alert is told it. */
enum alert_health { HEALTH_UNKNOWN, HEALTH_WELL, HEALTH_FAILING, HEALTH_SILENT };
struct alert_state {
	enum alert_health health;
	const char *scope; /* "down", "path", "none" */
	const char *reason;
	const char *failing_from; /* names of vantages, for a path problem */
	struct wall since, last_ok;
};

/* What explains that nothing is heard of a site: the checks of the site and of the link to it. */
struct alert_place {
	uint16_t needs[2];
	uint16_t n;
};

struct alert_channel {
	const char *name;
	enum { ALERT_DISCORD, ALERT_WEBHOOK, ALERT_SMTP } kind;
	const char *mention, *from, *to;
	uint8_t least_rank;
	bool is_receiver;      /* only alerts that are routed here are told */
	bool is_alertmanagers; /* WEBHOOK: whoever listens reads what Alertmanager posts */
	uint32_t alerts_most;  /* that are listed there at once; 0: all */
	bool leaves_out_end;   /* of what can't be edited here, that it is over */
};

/* Questions that alert asks in line; answered without side effects. */
struct alert_world {
	void *ctx;
	/* Evidence of the extent of `check`'s failure is still coming in. */
	bool (*is_settling)(void *ctx, uint16_t check);
	/* What happened in the ten minutes before `since`, most telling first: texts are malloced. */
	uint32_t (*before)(void *ctx, struct wall since, const char *cause,
		struct incident_before ret[BEFORE_MAX]);
};

struct alert_config {
	const char *lab;
	uint8_t self;
	const struct notice_site *sites;
	uint8_t n_sites;
	const struct alert_check *checks;
	uint16_t n_checks;
	const struct alert_place *places; /* by site; NULL: nothing does */
	uint16_t outside; /* the check that we see something of the outside; UINT16_MAX: none */
	const struct alert_channel *channels;
	uint8_t n_channels;
	const struct alert_routing *routing; /* NULL: none */
	const struct tz *reader_zone;
	struct silence_window *windows;
	uint32_t n_windows;
	bool has_quiet;
	uint16_t quiet_from_minute, quiet_until_minute;
	uint8_t quiet_unless_rank;
	const char *watcher;  /* name of one that may deliver for us; NULL */
	const char *page_url; /* where our pages are: an incident's is at /incidents/ID; NULL */
	struct alert_world world;
};

/* One request to a channel.  Carried out by port/notify, or by a peer or watcher. */
struct delivery {
	uint64_t number; /* ours, never reused within a run */
	uint8_t channel;
	bool is_edit;
	char incident[INCIDENT_ID_MAX]; /* of a backlog: of the first */
	uint32_t version;
	char message[MESSAGE_ID_MAX]; /* is_edit: which */
	char *payload;                /* for the channel's kind; freed by delivery_fini */
};
void delivery_fini(struct delivery *d);

struct delivery_outcome {
	uint64_t number;
	struct pace_answer answer;
	const char *message; /* the channel's id of what was created; NULL */
	const char *reason;  /* for people, when not delivered */
	const char *via;     /* who delivered: NULL, or a watcher's name */
};

enum alert_effect_kind {
	ALERT_DO_APPEND,  /* journal (kind, subject, body); already in effect here */
	ALERT_DO_DELIVER, /* delivery, through our own egress */
	ALERT_DO_WATCHER, /* delivery, through the watcher */
	ALERT_DO_TEST, /* delivery.channel: does it answer?  Without side effects; to alert_egress */
	ALERT_SAY_CHANGED, /* an incident changed for whoever looks at it */
};
struct alert_effect {
	enum alert_effect_kind kind;
	const char *event_kind; /* DO_APPEND: "incident", "receipt", "handoff", "alerts" */
	char subject[EVENT_SUBJECT_BYTES_MAX + 1];
	struct str body; /* the receiver frees it (alert_effect_fini) */
	struct delivery delivery;
};
void alert_effect_fini(struct alert_effect *fx);

struct alert;

struct alert *alert_new(uint64_t seed);
void alert_free(struct alert *a);
SCOPED_BY(alert_free, struct alert *)

/* `config` is borrowed until the next load or free. */
void alert_load(struct alert *a, struct now now, const struct alert_config *config);

/* A check's state changed, or is told for the first time. */
void alert_state(struct alert *a, struct now now, uint16_t check, const struct alert_state *st);

/* An event of any chain: at start all of the journal's, oldest first; then alert_start(); then the
 * peers' as they arrive, and ours that operators caused.  Kinds: incident receipt handoff silence
 * ack alerts; others are ignored. */
struct alert_event {
	const char *site, *kind, *subject;
	uint64_t hlc;
	struct wall wall;
	const struct json_node *body; /* read until this returns */
};
void alert_event(struct alert *a, struct now now, const struct alert_event *ev);
/* The past has been told: from here on incidents are opened and deliveries made. */
void alert_start(struct alert *a, struct now now);
/* Journals ours that are live, once more: what was written of one may be lost. */
void alert_say_again(struct alert *a);
/* Of what the journal held some can't be read, maybe receipts: what seems not told yet is, maybe. */
void alert_doubt(struct alert *a, struct now now);

/* Alerts were posted to this site.  What is wrong with the first that can't be taken is returned, and
 * the others are taken all the same: RC_INPUT malformed, RC_LIMIT too large or too many. */
enum rc alert_post(struct alert *a, struct now now, const struct posted_alert *posted, uint32_t n,
	struct err *e) MUST_USE;
/* How many were posted to this site and haven't ended, or are listed still. */
uint32_t alert_posted(const struct alert *a);
/* All that is known, of all sites, also those that have just ended. */
void alert_each(const struct alert *a, void (*each)(void *arg, const struct alert_view *v),
	void *arg);

struct alert_peer {
	bool is_up; /* we talk to each other */
	bool can_deliver;
	bool is_dead;    /* known to be down, not just unreachable */
	bool is_reading; /* has lacked for a while what we hold: history that is on its way to it */
	struct mono has_read; /* it is known to hold all that we wrote before this */
};
void alert_peer(struct alert *a, struct now now, uint8_t site, const struct alert_peer *is);
/* A peer that reads more is news: somebody waits until it has read of ours. */
bool alert_awaits_reader(const struct alert *a);
void alert_watcher(struct alert *a, struct now now, bool is_reachable);
/* A peer that we talk to holds events that we lack: until we have read them nothing is merged, no other
 * site's turn is taken, and after a start or a reunion nothing is opened or told for the first time.
 * Who tells us so gives up after a while: what can't be had must not silence us. */
void alert_behind(struct alert *a, struct now now, bool is_behind);
/* All peers can be talked to, and hold nothing that we lack: whatever they told is known. */
void alert_caught_up(struct alert *a, struct now now);
/* We see nothing of the outside: of its things no incident is opened until we do. */
void alert_blind(struct alert *a, struct now now, bool is_blind);
/* What another site has told, learned through the watcher while the link is down: roots covered. */
void alert_told_elsewhere(struct alert *a, struct now now, uint8_t site, const char *root);

/* While the journal can't be written nothing is begun to be delivered: what is told must have been
 * decided for good. */
void alert_hold(struct alert *a, bool is_held);
bool alert_is_delivering(const struct alert *a); /* some delivery has no outcome yet */

/* Our own egress through a channel was seen to work or not, by other means than a delivery. */
void alert_egress(struct alert *a, struct now now, uint8_t channel, bool is_ok);
void alert_delivered(struct alert *a, struct now now, const struct delivery_outcome *o);

/* We are stopping: of messages that are being created, or that nobody answered for, is written down that the
 * next attempt may be a repeat. */
void alert_stop(struct alert *a);

void alert_tick(struct alert *a, struct now now);
bool alert_next(struct alert *a, struct alert_effect *ret);
struct mono alert_wake(const struct alert *a);

bool alert_can_deliver(const struct alert *a, struct mono now); /* our own egress isn't dead */
/* Why a channel can't be written to at the moment; NULL when it can, or nobody tried. */
const char *alert_channel_trouble(const struct alert *a, uint8_t channel, struct mono now);
const struct map *alert_incidents(
	const struct alert *a); /* id -> struct incident, open and recent */
const struct incident *alert_covering(const struct alert *a, const char *check); /* open; NULL */
const struct silences *alert_silences(const struct alert *a);
/* An open incident lists it, and has been told, is acknowledged, or is not to be told now. */
bool alert_is_dealt_with(const struct alert *a, struct now now, uint16_t check);
/* Roots of our open incidents that some channel shows, or maybe shows: an attempt is under way or got no
 * answer, and the way out is not taken for dead.  What a beacon tells the watcher. */
uint32_t alert_told_roots(const struct alert *a, const char **ret, uint32_t most);
/* FNV-1a over incidents, acks, receipts and silences, for the link's state digest. */
uint64_t alert_digest(const struct alert *a);

#endif

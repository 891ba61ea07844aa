/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_private: what the files of this folder share of struct site.
 *
 *	site.c       opening, the pump that lets the cores talk until all is said, effects out
 *	tables.c     struct lab as each core wants to see it
 *	events.c     events of the journals -> the cores; our words -> events
 *	peers.c      links
 *	beacons.c    watchers: beacons, drills, deliveries through them
 *	scrub.c      is the journal still what was written?
 *	damage.c     where it isn't, written down
 *	facts.c      what the site knows of itself and its neighbours, as evidence (facts_private.h)
 *	operators.c  what people tell it
 *	event_text.c one sentence an event
 */
#ifndef NODE_SITE_PRIVATE_H
#define NODE_SITE_PRIVATE_H

#include "base/log.h"
#include "base/ring.h"
#include "core/journal/scrub.h"
#include "node/site.h"

/* The lab in the words of the cores; made anew by each load, lives in its own arena. */
struct site_tables {
	struct arena arena;
	struct check_spec *specs;
	struct alert_config alert;
	struct alert_routes *routes; /* NULL: no Alertmanager configuration is brought */
	uint16_t *link_check; /* by site: the check of our link to it; NO_CHECK */
	uint16_t *site_check; /* by site: the check that it is alive; NO_CHECK */
	/* By site, then by check: what these need, directly or not. */
	bool *needed_by_site[SITES_MAX], *needed_by_link[SITES_MAX];
	uint16_t *watcher_check; /* by watcher */
	uint16_t *drill_check;
	uint16_t self_check[SELF_CHECKS];
};
struct site_tables *tables_new(const struct lab *lab, uint8_t self, const char *url,
	const struct alert_world *world);
void tables_free(struct site_tables *t);
SCOPED_BY(tables_free, struct site_tables *)

/* A delivery that waits to be carried by a beacon. */
struct carried {
	struct delivery delivery;
	struct mono since;
	bool is_out; /* a beacon left with it: the watcher may have it */
};

struct beaconing { /* with one watcher */
	struct site_watcher_view view;
	struct mono due;      /* next beacon */
	struct mono answered; /* last answer; {INT64_MIN} never */
	int64_t skew_ms;      /* its wall clock minus ours, at the last answer */
	struct mono asked;    /* beacon under way since; {NEVER_MS} none */
	uint64_t seq;
	struct beacon beacon; /* the last */
	struct carried carried[BEACON_DELIVER_MAX];
	uint32_t n_carried;
	struct wall last_drill;  /* newest drill event of ours; {0} never */
	struct wall drill_due;   /* as declared */
	struct mono drilled;     /* end of the last one; {0} none in this run */
	struct mono drill_again; /* after one that failed: not on a clock that may be set back */
	bool wants_drill;
	struct mono drill_deadline;
	char why[REASON_BYTES_MAX];        /* why it is not reachable */
	char config_why[REASON_BYTES_MAX]; /* why it doesn't take its newest lab.yaml up */
	struct mono lab_differs;           /* it runs another one than we since; {NEVER_MS} */
};

#define SCRUB_DAMAGES_MAX 32
struct damage { /* an event of the journal that isn't what was written */
	struct journal_place place;
	bool is_unfolded;     /* its fact is missing in our state */
	bool is_written;      /* the journal says so: a start takes it up again */
	bool is_cut;          /* the last of a chain's end that was cut off: it comes by itself */
	bool is_lost;         /* given up; still said for a while */
	bool is_hidden;       /* no peer could take in what is behind it: not shown to them */
	struct sha256 before; /* is_hidden: of the event before it */
	struct mono ask_due;  /* ask a peer for its copy */
	uint8_t last_asked;   /* peer */
	bool is_asked;        /* somebody was there the last time */
	uint32_t n_asked;     /* times, in vain; at most 1 when a link comes up */
};
struct scrubbing {
	struct journal_place at; /* so far in this pass; {0}: at its beginning */
	struct mono due, begun;  /* next slice; this pass */
	struct wall verified;    /* end of the last whole pass; {0}: none yet */
	uint32_t slices;
	struct damage damages[SCRUB_DAMAGES_MAX];
	uint32_t n;
	char reason[REASON_BYTES_MAX];
};

struct peers_gap {
	bool is_behind;    /* it holds events that we lack */
	uint64_t n_shared; /* events that both hold, of the chains that we show each other */
};
struct compared {        /* our heads with those that a peer has shown */
	bool is_valid;   /* ours are still the same */
	uint32_t theirs; /* peer_heads_changes of the link then */
	bool is_level;   /* both hold the same */
	struct peers_gap gap;
};

struct site {
	struct site_setup setup;
	const struct lab *lab;
	struct site_tables *tables;
	struct journal *journal;
	struct checks *checks;
	struct alert *alert;
	struct link *links;                 /* one a site, ours unused */
	bool is_link_said[SITES_MAX];       /* the journal says that it is up */
	bool is_stopped[SITES_MAX];         /* its operator did, before the link was lost */
	bool is_goodbye_heard[SITES_MAX];   /* over this link, kept or not */
	struct mono last_linked[SITES_MAX]; /* last message over the link; start at first */
	struct followed {                   /* of each link, as the facts were told last */
		enum link_state state;
		bool can_deliver;
		int64_t skew_ms;
		bool is_behind, is_reading;
	} followed[SITES_MAX];
	struct reading {             /* how far a linked peer has read what we hold */
		uint64_t mark;       /* so many events were ours */
		struct mono marked;  /* then; {0}: not linked */
		struct mono reached; /* it holds all that we wrote before this */
	} readings[SITES_MAX];
	struct beaconing *beacons; /* one a watcher */
	uint64_t boot;             /* wall ms of the start */
	struct wall last_alive;    /* of the run before this one; {0} unknown */
	struct mono started;
	struct mono alert_start_by; /* an empty journal waits for its history until then */
	bool is_open;               /* what the journal held has been restored */
	bool is_started;
	uint64_t *pause_hlc; /* by check: of the newest pause event applied */
	uint64_t *said_hlc;  /* by check: of our word as this run said it; 0: not yet */
	struct mono facts_due, alive_due;
	uint8_t troubled; /* bit n: channel n was in trouble when the facts were judged */
	struct mono test_due[CHANNELS_MAX]; /* of each channel */
	struct mono blind;       /* it sees nothing of the outside since; {NEVER_MS}: it does */
	struct mono sighted;     /* it sees something again since; {INT64_MIN/2}: it always did */
	struct mono egress_seen; /* some channel answered us */
	struct wall last_wall;   /* to notice jumps */
	struct mono last_mono;
	struct link_head *heads; /* the journal's, as links want them */
	uint32_t n_heads;
	uint64_t n_held;               /* events in them */
	size_t listed[LINK_HEADS_MAX]; /* which of the journal's chains these are */
	size_t n_chains;               /* the journal had so many when they were chosen */
	struct link_head (*shown)[LINK_HEADS_MAX]; /* by peer, while it contradicts our own chain */
	bool is_forked[SITES_MAX];                 /* it does */
	struct compared compared[SITES_MAX];
	struct scrubbing scrub;
	/* What is wrong with the journal: "" nothing. */
	char forked[REASON_BYTES_MAX];  /* a peer's events didn't fit ours, and nothing proved since
	                                * that the two are the same */
	char differs[REASON_BYTES_MAX]; /* the same journal gave a peer another state */
	char crowded[REASON_BYTES_MAX]; /* more chains than peers compare */
	uint64_t digest;                /* site_digest, cached */
	bool is_digest_valid;
	/* When some site last gave an event up: what it said is known to some only. */
	struct wall lost;
	uint32_t digest_differs; /* beats in a row with equal heads and another digest */
	char lab_of[SITES_MAX]
		   [SHA256_HEX]; /* hash of the lab.yaml that each site runs, by its journal */
	uint64_t lab_stamp[SITES_MAX]; /* hybrid logical time of the event that said so */
	struct mono behind;       /* what a peer holds isn't here yet since, and since nothing more
				   * of it came; {NEVER_MS}: all is */
	struct mono behind_first; /* since it isn't */
	struct mono refused;      /* our disk takes nothing that peers send since; {NEVER_MS} */
	struct mono committed;    /* it took what we wrote, last */
	struct mono parted;       /* no peer can be talked to since; {NEVER_MS}: one can */
	struct mono labs_differ;  /* a linked peer runs another one since; {NEVER_MS} */
	struct mono lab_mended;   /* our own file was broken until then */
	bool is_lab_broken;       /* config@SITE fails for our own file */
	bool is_stuck;            /* the last commit failed */
	bool is_winding_down;
	bool is_pumping;
	struct arena scratch;  /* until the next input */
	struct json_flat body; /* of the event that is being applied */
	struct ring effects;   /* of struct site_effect */
};

/* site.c */
/* This site runs this configuration: written down when it isn't the one of before. */
void site_say_config(struct site *s, struct now now, const struct site_revision *rev);
bool site_was_shut_down(struct site *s, uint8_t site); /* the last thing that it wrote */
struct site_effect *site_push(struct site *s, enum site_effect_kind kind);
void site_pump(struct site *s, struct now now);
void site_begin(struct site *s, struct now now); /* a new input: scratch is forgotten */
void site_log(struct site *s, enum log_level level, const char *fmt, ...) PRINTF(3, 4);
const char *site_name(const struct site *s); /* ours */
/* Incidents may be opened from here on, unless our history is still on its way. */
void site_start_alert(struct site *s, struct now now);
/* The sites or watchers of the lab changed: arrays by index follow their names. */
void peers_remap(struct site *s, struct now now, const struct lab *old);
void beacons_remap(struct site *s, struct now now, const struct lab *old);

/* events.c */
enum rc events_restore(struct site *s, struct now now, struct err *e) MUST_USE;
/* What a channel was told while it wasn't declared here. */
enum rc events_restore_receipts(struct site *s, struct now now, struct err *e) MUST_USE;
/* What the journals know of checks: words, pauses, reports.  Again after a reload: a check that is new
 * in lab.yaml may have been there before, or be there at a peer already. */
enum rc events_restore_checks(struct site *s, struct now now, struct err *e) MUST_USE;
void events_apply(struct site *s, struct now now, const struct event *ev);
/* Of one chain, in a row. */
void events_apply_all(struct site *s, struct now now, const struct event *events, size_t n);
void events_say_word(struct site *s, struct now now, uint16_t check);
void events_say_words(struct site *s, struct now now); /* all of ours, again */
void events_tell_state(struct site *s, struct now now, uint16_t check);
void events_tell_all(struct site *s, struct now now);
void events_declare_pings(struct site *s, struct now now);
uint32_t events_before(struct site *s, struct wall since, const char *cause,
	struct incident_before ret[BEFORE_MAX]);
/* Journal one of ours and let it take effect here. */
void events_add(struct site *s, struct now now, enum event_kind kind, const char *subject,
	const struct str *body);

/* peers.c */
void peers_init(struct site *s, struct now now);
void peers_tick(struct site *s, struct now now);
void peers_push(struct site *s, struct now now); /* our heads grew */
void peers_stop(struct site *s, struct now now, const char *why);
struct mono peers_wake(const struct site *s);
void peers_refresh_heads(struct site *s);
struct peers_gap peers_gap(struct site *s, uint8_t peer);
const char *peers_trouble(struct site *s); /* for journal@SITE; NULL none */

/* For its copy of what is damaged here. */
void peers_ask(struct site *s, uint8_t peer, const struct journal_place *place);

/* scrub.c */
void scrub_init(struct site *s, struct now now);
void scrub_tick(struct site *s, struct now now);
struct mono scrub_wake(const struct site *s);
/* Somebody who read the journal came upon an event that doesn't fit its hash.  is_unfolded: and left it
 * out of our state. */
void scrub_found(struct site *s, struct now now, const struct journal_place *place,
	bool is_unfolded);
void scrub_found_event(struct site *s, struct now now, const struct event *ev, bool is_unfolded);
/* A peer sent these: they may hold what is damaged here. */
void scrub_offered(struct site *s, struct now now, uint8_t peer, const struct event_batch *batch);
void scrub_linked(struct site *s, struct now now); /* somebody can be asked again */
const char *scrub_trouble(struct site *s);         /* for journal@SITE; NULL none */
/* Some of what the journal held at the start is missing in our state. */
bool scrub_is_state_short(const struct site *s);
/* The journal says that this was damaged before the start, and it is. */
void scrub_known(struct site *s, struct now now, const struct journal_place *place);
void scrub_cut(struct site *s, struct now now, const struct journal_place *last);
/* The same of an earlier start; it isn't there again. */
void scrub_known_cut(struct site *s, struct now now, const struct journal_place *last);
/* A batch of this chain from `seq` on couldn't be kept.  True: because of what is damaged here. */
bool scrub_suspect(struct site *s, struct now now, const char *site, uint64_t epoch, uint64_t seq);
/* Heads as peers are to be shown them: not what is behind a hole that nobody can fill. */
void scrub_hide(const struct site *s, struct link_head *heads, uint32_t n);

/* damage.c */
/* What was found since the last time.  Not while somebody still reads committed events: this adds some. */
void damage_write_down(struct site *s, struct now now);
void damage_repaired(struct site *s, struct now now, const struct journal_place *place,
	const char *peer);
/* This place isn't beyond the end of its chain. */
bool damage_is_held(const struct site *s, const struct journal_place *place);
/* The ends of all chains are verified, and those that were cut off told. */
void damage_take_stock(struct site *s, struct now now);
/* Take up what is damaged since before the start. */
enum rc damage_restore(struct site *s, struct now now, struct err *e) MUST_USE;

/* beacons.c */
void beacons_init(struct site *s, struct now now);
void beacons_fini(struct site *s);
void beacons_clock_jumped(struct site *s, int64_t by_ms);
void beacons_tick(struct site *s, struct now now);
struct mono beacons_wake(const struct site *s);
void beacons_carry(struct site *s, struct now now, struct delivery *d); /* takes the payload */
bool beacons_is_reachable(const struct beaconing *b, struct now now);
/* What a drill stumbled over may be mended: it is made again soon. */
void beacons_channel_works(struct site *s, struct now now);
void beacons_hurry(struct beaconing *b,
	struct now now); /* its last answer is too old to judge by */
struct mono beacons_reachable_until(const struct beaconing *b); /* {INT64_MIN}: it never answered */

/* facts.c */
/* Judge the facts if they may have changed since the last time; false: they can't have.  Who makes
 * them change sets facts_due. */
bool facts_tick(struct site *s, struct now now);
/* The wall clock, at each input: did it jump? */
void facts_notice_clock(struct site *s, struct now now);
/* A moment that a peer has written down, by our clock: while it is known to be off, that is reckoned
 * in.  {0} stays {0}. */
struct wall facts_by_our_clock(const struct site *s, struct now now, uint8_t peer, struct wall t);
void facts_history_came(struct site *s, struct now now); /* events that a peer holds */
/* A link was stepped: what it knows of the peer may be news. */
void facts_follow_link(struct site *s, struct now now, uint8_t peer);
void facts_observe(struct site *s, struct now now, uint16_t check, bool is_ok, const char *reason);
void facts_journal(struct site *s, struct now now); /* journal@SITE, by all that is known */
bool facts_is_other_lab(const struct site *s, uint8_t site); /* that it runs, as far as we know */
void facts_loaded(struct site *s, struct now now);           /* a lab.yaml was taken up */

#endif

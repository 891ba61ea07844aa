/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: two sites, a watcher, Discord, services and the wires between them, in one process, from
 * one seed.
 *
 * The sites and the watcher are the real machines (node/site.h, core/watcher); everything around
 * them is a model with faults.  Time is a number.  After every step the oracles look; a breach ends
 * the run with the seed that replays it.
 *
 *	chaos: faults come and heal, operators meddle ──► all healed, quiet ──► chaos ──► ...
 *	       oracle 1 whenever the world stood still      oracles 2, 3
 *	       oracle 2 at every message
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/heap.h"
#include "base/rng.h"
#include "core/journal/memory_store.h"
#include "core/journal/scrub.h"
#include "core/peer/asking.h"
#include "core/peer/copying.h"
#include "node/site.h"

#define WALL_0_MS    INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define SIM_SITES    2
#define SIM_MESSAGES 4096
#define SIM_CHECKS   64
#define SIM_ALERTS   8
#define SIM_SCRUB_MS (2 * HOUR_MS) /* in worlds whose disks change bits */

/* What can go wrong; a swarm draws a subset, and how often, from the seed. */
enum fault {
	FAULT_SERVICE,      /* a probed service: refuses or hangs */
	FAULT_HOST,         /* a host with everything on it */
	FAULT_WAN,          /* a site's uplink: no link, no watcher, no Discord, nothing foreign */
	FAULT_LINK,         /* the link between the sites, both ways */
	FAULT_ONE_WAY,      /* the link in one direction */
	FAULT_SLOW,         /* the link takes seconds */
	FAULT_GARBLE,       /* bytes arrive changed over the link */
	FAULT_WATCHER_PATH, /* a site can't reach the watcher */
	FAULT_WATCHER_WAY_BACK, /* answers of the watcher are lost, beacons arrive twice */
	FAULT_WATCHER,          /* the watcher is down, and may come back without what it saved */
	FAULT_EGRESS,           /* a site can't reach Discord */
	FAULT_WATCHER_EGRESS,
	FAULT_DISCORD_429,
	FAULT_DISCORD_500,
	FAULT_DISCORD_HANG,    /* takes the message, answers nothing */
	FAULT_DISCORD_TIMEOUT, /* neither takes it nor answers */
	FAULT_DISCORD_DELETE,  /* somebody deletes a message */
	FAULT_CRASH,           /* a site's process dies, maybe amid its effects, and comes back */
	FAULT_TORN,            /* it dies amid a commit */
	FAULT_WIPE,            /* and its disk is empty */
	FAULT_ROLLBACK,        /* and its disk is as it was some commits ago */
	FAULT_DISK_FULL,
	FAULT_CLOCK,    /* the wall clock jumps, and back */
	FAULT_JOB,      /* a job stops reporting */
	FAULT_FLAP,     /* a service comes and goes */
	FAULT_OPERATOR, /* silences, acknowledgements, pauses */
	FAULT_RELOAD,   /* a site runs a lab.yaml with fewer checks */
	FAULT_AILMENT,  /* what is down fails in another way */
	FAULTS_DRAWN,
	/* In some worlds only, and at a pace of its own: a site is stopped in good order, and comes
	 * back. */
	FAULT_STOP = FAULTS_DRAWN,
	FAULTS,
};
/* Apart from these, now and then, a site's disk changes a bit of an event that it holds. */

struct sim_message { /* one message in Discord */
	uint64_t id;
	int64_t created_ms, edited_ms;
	char incident[INCIDENT_ID_MAX];
	uint8_t by;            /* SIM_SITES: the watcher */
	uint16_t cause;        /* check or alerts.c's; CHECK_NONE: a watcher's or a summary */
	uint64_t members;      /* bit n: check n is listed as not well */
	uint32_t silent_sites; /* watcher: bit n */
	uint8_t ailments;      /* bit n: its headline says that the cause fails in way n */
	bool is_live;          /* what it shows is not over */
	bool is_deleted;
	bool is_unanswered;          /* whoever posted it never learned that it is there */
	bool is_summary;             /* it tells of several incidents at once, after an outage */
	bool is_doubtful;            /* says that it may be a repeat */
	bool says_stopped;           /* that a site was stopped by its operator */
	bool was_live, is_told_over; /* it said first that it goes on, and then that it is over */
	uint32_t version;
};

struct sim_site {
	struct site *site; /* NULL: crashed */
	struct memory_store *store;
	const struct lab *lab; /* as it has read it */
	struct heap_node timer;
	int64_t skew_ms;     /* wall clock against true time */
	int64_t clock_ms;    /* that was changed, last */
	uint64_t generation; /* of the process: answers to an earlier one are lost */
	bool is_wan_up, is_egress_up, is_watcher_path_up, is_disk_full;
	bool loses_answers;      /* of the watcher */
	bool dies_stuck;         /* with the first commit that fails */
	int64_t effects_left;    /* it dies after so many; 0: it doesn't */
	int64_t linked_since_ms; /* both ends UP without a break; NEVER_MS: not linked */
	int64_t lost_history_ms; /* its disk was wiped or set back; NEVER_MS: it knows its past */
	int64_t began_ms, ended_ms; /* its process did, last */
	int64_t wrote_ms;           /* an event of its own, last */
	int64_t goodbye_ms; /* it was stopped last, and its peer could hear that; NEVER_MS: not so */
	uint64_t answers;
	int64_t answered_ms; /* Discord's last answer that it got, or would have got */
};

struct sim_alert {                /* of a rule; which site's is in alerts.c */
	bool fires, is_forgotten; /* nobody posts that it is over */
	int64_t changed_ms;
	int64_t hushed_ms; /* it fired, and may have been inhibited, last */
};

struct sim_flip { /* a bit that a disk changed */
	bool is_there, is_noticed;
	uint8_t site;
	struct journal_place place;
	int64_t unwatched_ms; /* its site runs since, and hasn't noticed it */
};

#define SIM_LOSSES    64
#define EVENT_KEY_MAX (NAME_BYTES_MAX + EVENT_SUBJECT_BYTES_MAX + 64)
struct sim_loss { /* an event that a disk changed while nobody else had it */
	struct journal_place place;
	char key[EVENT_KEY_MAX];
	char subject[EVENT_SUBJECT_BYTES_MAX + 1];
	uint32_t n_said; /* `lost`, after healing */
};

/* Windows of time that end COPIES_BEGIN_MS + n * every: clocks may be behind what a run begins with. */
#define COPIES_WINDOWS  16384
#define COPIES_BEGIN_MS (WALL_0_MS - DAY_MS)
struct sim_windows {
	struct sim_window {
		int64_t t_ms;    /* of the newest sample in it; 0: none */
		bool is_late;    /* it came when this time had been told to be over */
		uint64_t answer; /* that brought it */
	} * v;
	int64_t newest_ms; /* INT64_MIN: none */
};

struct sim_copy { /* what a site scrapes, and what it copies of the other */
	struct sim_windows own, kept;
	struct copying copying;
	struct asking asking;
	struct heap_node timer;
	int64_t told_ms;            /* up to when the peer was ever told that time is over */
	int64_t begin_ms;           /* the copy has what is younger; INT64_MIN: it never asked */
	uint64_t n_answers, n_safe; /* taken; of these, before the disk was full */
	uint32_t n_questions;       /* since it is quiet */
};

struct sim_options {
	uint64_t seed;
	int64_t hours;   /* simulated */
	bool is_swapped; /* names exchanged: the mirror run */
	FILE *trace;     /* NULL: hash only */
	bool use_codec;  /* messages between sites go through bytes and back */
};

struct world {
	struct sim_options options;
	struct rng rng;
	int64_t now_ms;
	struct heap events;
	uint64_t last_tie;
	struct lab *lab; /* everything that is ever declared */
	struct lab *lesser_lab;
	struct sim_site sites[SIM_SITES];
	struct watcher *watcher;
	uint64_t watcher_generation; /* of its process */
	int64_t watcher_forgot_ms;   /* what it had saved, last; 0: never */
	struct str watcher_saved;
	struct heap_node watcher_timer;
	bool is_watcher_egress_up;
	/* Truth about services. */
	bool is_up[SIM_CHECKS]; /* checks that are probed */
	bool hangs[SIM_CHECKS];
	uint8_t ailment[SIM_CHECKS];         /* in which way it fails, when it does */
	uint8_t n_ailments[SIM_CHECKS];      /* changes of that since it fell */
	int64_t ailing_since_ms[SIM_CHECKS]; /* in this way */
	bool is_host_up[SIM_CHECKS];         /* by host */
	bool is_job_alive[SIM_CHECKS];
	int64_t dead_since_ms[SIM_CHECKS];
	bool is_path_up[SIM_SITES][SIM_SITES]; /* [from][to] */
	bool has_alerts, is_routed;
	struct rulers *rulers; /* NULL: no site has rules */
	struct sim_alert alerts[SIM_ALERTS];
	struct rng alerts_rng;
	/* Discord. */
	struct sim_message messages[SIM_MESSAGES];
	uint32_t n_messages;     /* ever; a ring */
	uint32_t refuse_percent; /* 429 */
	bool answers_500, hangs_up, hangs_whole, swallows;
	struct map unsure; /* incidents told with no receipt: nobody can know, a repeat is
	                                  * allowed */
	/* Faults. */
	bool is_enabled[FAULTS];
	int64_t mean_gap_ms;
	struct active *active;               /* faults under way */
	int64_t hushed_until_ms[SIM_CHECKS]; /* silenced or paused by an operator */
	char last_silence[INCIDENT_ID_MAX];
	int64_t quiet_since_ms; /* nothing changed in the world since */
	bool is_chaos;
	int64_t phase_ends_ms;
	bool has_flips; /* journals are scrubbed */
	struct sim_flip flip;
	uint64_t n_flips;
	bool has_losses; /* disks change what nobody else has, too */
	struct rng loss_rng;
	struct sim_loss losses[SIM_LOSSES];
	uint32_t n_losses;
	struct map written,
		found; /* events: that sites said they wrote; that are there after healing */
	bool is_lossy; /* an event is lost: the peer lost its copy, and then this disk changed a bit */
	struct rng stops; /* of the worlds in which sites are stopped */
	/* Copies. */
	bool has_copies, copy_refuses;
	int copy_padding; /* bytes of a sample in an answer, about */
	int64_t copy_every_ms, copies_quiet_ms;
	struct rng copies_rng;
	struct sim_copy copies[SIM_SITES];
	/* Wires. */
	int64_t slow_ms;
	bool is_garbling;
	struct connection *connections;
	struct call *idle_calls;
	uint64_t last_connection;
	/* Outcome. */
	uint64_t trace_hash, steps;
	uint64_t n_incidents, n_deliveries, n_faults, n_checked;
	char breach[512]; /* "" while none */
};

/* world.c */
void world_init(struct world *w, const struct sim_options *options);
void world_fini(struct world *w);
bool world_run(struct world *w);                           /* false: see breach */
struct now world_now(const struct world *w, uint8_t site); /* SIM_SITES: the watcher */
/* `drop` is for an `arg` of which the run ends before its time came; NULL: it isn't the event's. */
void world_later(struct world *w, int64_t delay_ms, void (*run)(struct world *w, void *arg),
	void *arg, void (*drop)(void *arg));
/* Its event comes no later than that; NEVER_MS: not at all. */
void world_arm(struct world *w, struct heap_node *node, struct mono wake);
void world_drain(struct world *w, uint8_t site); /* a site's effects, after any input to it */
void world_drain_watcher(struct world *w);
void world_start_site(struct world *w, uint8_t site);
void world_crash_site(struct world *w, uint8_t site);
void world_stop_site(struct world *w, uint8_t site);
void world_start_watcher(struct world *w);
void world_trace(struct world *w, const char *fmt, ...) PRINTF(2, 3);
void world_breach(struct world *w, const char *fmt, ...) PRINTF(2, 3);
/* A check of the world's lab, by a site's index, and back; NO_CHECK. */
uint16_t world_check(const struct world *w, uint8_t site, uint16_t check);
uint16_t world_check_of(const struct world *w, uint8_t site, uint16_t check);
void world_reload_site(struct world *w, uint8_t site, const struct lab *lab);
void world_reload_watcher(struct world *w); /* it finds what it knows, in another copy */
void world_changed(struct world *w);        /* something in the world is not as it was */

/* lab.c */
struct sim_lab_wish {
	bool is_swapped, is_lesser;
	bool is_routed; /* it brings an Alertmanager configuration */
};
struct lab *sim_lab(struct sim_lab_wish wish);

/* wires.c: links, beacons */
void wires_dial(struct world *w, uint8_t from, uint8_t to);
void wires_send(struct world *w, uint8_t from, uint64_t connection, const struct link_msg *msg);
void wires_close(struct world *w, uint8_t from, uint64_t connection);
void wires_drop_all(struct world *w, uint8_t site); /* its process died */
void wires_beacon(struct world *w, uint8_t from, const struct beacon *b);
void wires_fini(struct world *w);

/* services.c: what is probed, and jobs that report */
void services_probe(struct world *w, uint8_t from, uint16_t check);
void services_start_jobs(struct world *w);
#define SIM_AILMENTS 3
extern const char *const services_ailments[SIM_AILMENTS];
bool services_reaches(const struct world *w, uint8_t from, uint16_t check);

/* alerts.c: rules that find something.  Among the checks they and their groups follow the lab's. */
void alerts_draw(struct world *w);
bool alerts_draw_routing(const struct world *w);
void alerts_heal(struct world *w);
/* Where alerts are routed: to nobody; by which others this one is inhibited, as bits. */
bool alerts_is_nobodys(const struct world *w, uint8_t alert);
uint32_t alerts_inhibitors(const struct world *w, uint8_t alert);
uint16_t alerts_check(const struct world *w, uint8_t alert);
uint16_t alerts_group(const struct world *w, uint8_t alert);
uint8_t alerts_site(uint8_t alert);
/* How long it takes until what its rule finds is an alert. */
int64_t alerts_grace_ms(uint8_t alert);
/* What an incident names: a check, an alert or a group of these; NO_CHECK. */
uint16_t alerts_subject(const struct world *w, const char *name);

/* copies.c: each site's copy of what the other scrapes */
void copies_draw(struct world *w);
void copies_start(struct world *w, uint8_t site); /* its process */
void copies_end(struct world *w, uint8_t site);
void copies_wipe(struct world *w, uint8_t site); /* its disk is empty */
void copies_look(struct world *w, uint8_t site); /* links may have changed, or time has passed */
void copies_received(struct world *w, uint8_t site, uint64_t connection,
	const struct link_msg *msg);
struct sim_window *copies_window(const struct world *w, struct sim_windows *of, int64_t t_ms);
void copies_fini(struct world *w);

/* discord.c */
void discord_deliver(struct world *w, uint8_t from, const struct delivery *d);
void discord_test(struct world *w, uint8_t from, uint8_t channel);
void discord_delete_newest(struct world *w);
void discord_from_watcher(struct world *w, const struct watcher_effect *fx);

/* faults.c */
void faults_draw(struct world *w); /* the swarm's options */
void faults_begin_chaos(struct world *w);
void faults_heal_all(struct world *w);
void faults_flip(struct world *w);
void faults_fini(struct world *w);

/* oracle_reports.c */
void oracle_still(struct world *w); /* the world stood still for long enough */
/* oracle_messages.c */
void oracle_message(struct world *w, const struct sim_message *m, bool is_new);
void oracle_answered(struct world *w, uint8_t site); /* Discord, to a request or a test */
void oracle_unsure(struct world *w, const char *incident);
void oracle_crash(struct world *w,
	uint8_t site);                           /* about to: what it hasn't written down is gone */
void oracle_stop(struct world *w, uint8_t site); /* about to, in good order */
void oracle_alerts_turn(struct world *w);        /* one comes or goes now */
void oracle_start(struct world *w, uint8_t site); /* about to, whatever ended it before */
void oracle_watcher_forgets(struct world *w);     /* it will come back without what it saved */
/* oracle_journals.c */
void oracle_event(struct world *w, const struct event *ev);
void oracle_flipped(struct world *w);                       /* a bit is another: is it noticed? */
bool oracle_is_mirrored(struct world *w, uint8_t site);     /* the peer holds all it wrote */
bool oracle_is_copied(struct world *w, uint8_t site);       /* the same of its disk, whoever runs */
bool oracle_is_newest_alone(struct world *w, uint8_t site); /* the peer lacks its newest */
void oracle_remember(struct world *w); /* whoever lost its history has it again */
/* oracle_losses.c */
void oracle_alone_changed(struct world *w, const struct event *ev); /* w->flip; `ev` as it was */
void oracle_written(struct world *w, uint8_t site, const struct event *ev);
/* The only word of an incident, or of its message, may have been lost: nobody can know better. */
bool oracle_is_word_lost(const struct world *w, const char *incident);
void oracle_losses(struct world *w); /* everything was healed and quiet */
/* oracle.c */
void oracle_healed(struct world *w); /* everything was healed and quiet */
void oracle_forget(struct world *w); /* messages that nobody knows of can't be edited: set aside */
/* oracle_copies.c */
void oracle_copied(struct world *w, uint8_t site, int64_t t_ms); /* a sample, by that site */
void oracle_copies(struct world *w);
void oracle_copies_quiet(struct world *w); /* everything is being healed now */
/* oracle_print.c */
void oracle_print(struct world *w);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: one site of the lab as a single pure machine, made of the cores.
 *
 * The daemon and the simulator drive the same machine: they feed inputs, carry out effects, and
 * arm one timer.  Each site_...() input runs to completion, appends what it decided to the journal,
 * commits, and leaves effects in a queue that the driver drains with site_next().  If the commit
 * fails (disk full), effects that depend on it stay back and the next input tries again; disk@SITE
 * fails meanwhile.
 */
#ifndef NODE_SITE_H
#define NODE_SITE_H

#include "core/alert/alert.h"
#include "core/check/check.h"
#include "core/journal/journal.h"
#include "core/lab/lab.h"
#include "core/peer/link.h"
#include "core/watcher/watcher.h"

struct site;

/* What the repo says of the running configuration, when the driver knows. */
struct site_revision {
	const char *commit, *author, *summary; /* NULL unknown */
};

struct site_setup {
	uint8_t self;                        /* index in lab */
	const struct lab *lab;               /* borrowed until the next site_reload or site_free */
	const struct journal_store *store;   /* borrowed for good */
	const struct journal_signer *signer; /* NULL in the simulator */
	uint64_t seed;                       /* jitter */
	const char *version;
	const char *url;               /* of the pages, where lab.yaml doesn't say; NULL */
	struct site_revision revision; /* of `lab`; read by site_open only */
	int64_t scrub_every_ms; /* the journal is verified so often, one pass each; 0: never */
};
#define SITE_SCRUB_MS DAY_MS

/* Opens the journal, folds it, appends `boot` (and `config` if it changed). */
enum rc site_open(struct site **ret, const struct site_setup *setup, struct now now,
	struct err *e) MUST_USE;
void site_free(struct site *s);
SCOPED_BY(site_free, struct site *)

/* Another lab.yaml; names that stay keep their state.  RC_REFUSED when this site isn't in it. */
enum rc site_reload(struct site *s, struct now now, const struct lab *lab,
	const struct site_revision *rev, struct err *e) MUST_USE;

/* Inputs. */
void site_tick(struct site *s, struct now now);
void site_probed(struct site *s, struct now now, uint16_t check, const struct observation *o);
/* A heartbeat arrived. */
struct heartbeat_ping {
	const char *name;
	const char *what; /* "success", "start", "fail", or "exit" with its code */
	int code;
	const char *log; /* the end of the job's; NULL: none */
};
enum rc site_ping(struct site *s, struct now now, const struct heartbeat_ping *ping,
	struct err *e) MUST_USE;
void site_connected(struct site *s, struct now now, uint8_t peer, uint64_t connection,
	bool is_dialled);
void site_closed(struct site *s, struct now now, uint8_t peer, uint64_t connection,
	const char *why);
void site_received(struct site *s, struct now now, uint8_t peer, uint64_t connection,
	const struct link_msg *msg);
void site_delivered(struct site *s, struct now now, const struct delivery_outcome *o);
/* A channel that SITE_DO_TEST named can be reached and knows us, or not. */
void site_tested(struct site *s, struct now now, uint8_t channel, bool is_ok);
/* A watcher answered our beacon, or didn't (answer NULL). */
void site_watcher(struct site *s, struct now now, uint8_t watcher,
	const struct beacon_answer *answer, const char *why);
/* Something that the driver knows about the site itself: SELF_DISK, SELF_CLOCK, ...  SELF_CONFIG:
 * the new lab.yaml is broken, and the running one stays, until another word says that it is ok. */
void site_self(struct site *s, struct now now, enum self_check which, const struct observation *o);

/* Alerts of rules, as Alertmanager's POST /api/v2/alerts takes them: from the evaluation of this site's
 * rules, and from programs outside.  Who posts them repeats them while they fire, before `ends` has
 * passed (5 minutes when it isn't said), and posts them as ended when they are; an alert is its labels.
 * They become incidents that this site owns as it does those of its checks (core/alert/alerts.h).
 * RC_INPUT, RC_LIMIT: of the first that can't be taken; the others are. */
enum rc site_alerts(struct site *s, struct now now, const struct posted_alert *posted, uint32_t n,
	struct err *e) MUST_USE;

/* An operator's word. */
struct site_word {
	/* silence: matchers; ack: an incident's id; pause: a check; note: anything */
	const char *about;
	const char *text;  /* why, or the note; NULL: not said */
	const char *by;    /* who says it; NULL: not said */
	struct wall until; /* of a silence or a pause: {NEVER_MS} open end; past: resume */
	/* Of a silence: */
	struct wall from;        /* {0}: now */
	const char *annotations; /* a JSON object of texts (core/alert/silence.h); NULL: none */
	const char *id;          /* of one that is said anew; NULL: another one */
	bool may_cover_nothing;  /* it is made for alerts that don't fire yet */
};
enum rc site_silence(struct site *s, struct now now, const struct site_word *word,
	char ret_id[INCIDENT_ID_MAX], struct err *e) MUST_USE;
enum rc site_unsilence(struct site *s, struct now now, const char *id, const char *by,
	struct err *e) MUST_USE;
enum rc site_ack(struct site *s, struct now now, const struct site_word *word,
	struct err *e) MUST_USE;
enum rc site_pause(struct site *s, struct now now, const struct site_word *word,
	struct err *e) MUST_USE;
enum rc site_note(struct site *s, struct now now, const struct site_word *word,
	struct err *e) MUST_USE;
/* Stopping in order, first: no delivery is begun any more; those under way may still be
 * answered. */
void site_wind_down(struct site *s);
bool site_is_delivering(const struct site *s); /* some delivery has no outcome yet */
/* Then: appends `shutdown`, says goodbye to the peers. */
void site_shutdown(struct site *s, struct now now, const char *why);

enum site_effect_kind {
	SITE_DO_PROBE,     /* check: run its probe, answer with site_probed */
	SITE_DO_DIAL,      /* peer */
	SITE_DO_SEND,      /* peer, connection, msg */
	SITE_DO_CLOSE,     /* peer, connection */
	SITE_DO_DELIVER,   /* delivery through our egress, answer with site_delivered */
	SITE_DO_BEACON,    /* watcher, beacon: answer with site_watcher */
	SITE_DO_TEST,      /* channel: can it be reached?  Answer with site_tested */
	SITE_SAY_CHECK,    /* check changed for whoever looks */
	SITE_SAY_INCIDENT, /* subject: incident id */
	SITE_SAY_LINK,     /* peer */
	SITE_SAY_EVENT,    /* event: was committed (ours) or accepted (a peer's) */
	SITE_SAY_LOG,      /* level, text */
};
struct site_effect {
	enum site_effect_kind kind;
	uint16_t check;
	uint8_t peer, watcher, channel;
	uint64_t connection;
	struct link_msg *msg;        /* owned; texts live in `text` or until the next input */
	struct delivery *delivery;   /* owned */
	const struct beacon *beacon; /* lives until the next input, like its texts */
	const struct event *event;   /* until the next site_next */
	int level;                   /* enum log_level */
	struct str text;
};
bool site_next(struct site *s, struct site_effect *ret);
void site_effect_fini(struct site_effect *fx);
struct mono site_wake(const struct site *s);

/* For readers: API, metrics, oracles. */
const struct lab *site_lab(const struct site *s);
uint8_t site_self_index(const struct site *s);
const struct checks *site_checks(const struct site *s);
const struct alert *site_alert(const struct site *s);
const struct link *site_link(const struct site *s, uint8_t peer); /* NULL for self */
const struct journal *site_journal(const struct site *s);
struct site_watcher_view {    /* what a watcher last said */
	struct wall answered; /* {0} never */
	bool is_reachable;
	struct {
		bool is_heard;
		struct wall since;
		int64_t quiet_ms;
	} sites[SITES_MAX];
};
const struct site_watcher_view *site_watcher_view(const struct site *s, uint8_t watcher);
/* The journal can't be written: nothing leaves that depends on it. */
bool site_is_stuck(const struct site *s);
/* When the last pass over the journal ended; {0}: none in this run. */
struct wall site_verified(const struct site *s);
uint64_t site_digest(const struct site *s); /* replicated folded state */

/* One sentence for people about an event: "dublin: immich fails: HTTP 502, wanted 200".  Times are
 * those of `lab`'s reader and of the site that wrote it. */
void site_event_text(const struct lab *lab, const struct event *ev, struct str *out);

#endif

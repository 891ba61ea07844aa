/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watcher: the dead-man's switch outside both sites, as a pure machine.
 *
 * Every site sends a signed beacon each BEACON_MS; the answer, signed too, says whom the watcher
 * hears since when, what the other sites have told, and what became of deliveries.  The watcher
 * speaks on its own only when a site is silent for WATCHER_SPEAK_MS and no living site has told it;
 * both sites silent is one message.  It edits that message when they return, and drops it if a living
 * site has told before the channel took it.  A site that another one still hears is not silent, only its
 * way to the watcher is broken: the message says so, if the living have not told of that either
 * (watcher:NAME).  What it must remember over a restart fits one small file (watcher_save,
 * watcher_load); it grants nobody a new period of silence.
 *
 *	         first beacon             quiet 20 s             quiet 45 s, nobody told
 *	UNKNOWN ─────────────► HEARD ────────────────► SILENT ────────────────────────► TOLD
 *	   │ 45 s after start    ▲ ◄─────────────────────┘ │  beacon                     │
 *	   └─────────────────────┴───────────◄─────────────┴─────────────────────────────┘
 */
#ifndef CORE_WATCHER_WATCHER_H
#define CORE_WATCHER_WATCHER_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"

#include <stdbool.h>

#define BEACON_MS          5000
#define BEACON_SIGNATURE   "X-Diarchy-Signature" /* base64 of Ed25519 over the body, both ways */
#define WATCHER_SILENT_MS  20000
#define WATCHER_SPEAK_MS   45000
#define BEACON_TOLD_MAX    32
#define BEACON_DELIVER_MAX 8
#define BEACON_SKEW_MS     (10 * MINUTE_MS) /* a beacon's time may be off by this much */

/* A message that a site asks the watcher to deliver (its own egress is dead). */
struct beacon_delivery {
	uint64_t number; /* the site's; with site and boot the key against repeats */
	char channel[NAME_BYTES_MAX + 1];
	bool is_edit;
	char message[128];
	const char *payload; /* JSON or mail text */
};
struct beacon_receipt {
	uint64_t number;
	bool is_delivered;
	bool is_lost;       /* the message to edit is gone: create a new one */
	bool is_unanswered; /* sent, but no answer in time: it may have arrived */
	char message[128];
	char reason[REASON_BYTES_MAX];
};

/* site → watcher.  Signed: Ed25519 over the JSON text (doc/formats.md). */
struct beacon {
	char lab[NAME_BYTES_MAX + 1], site[NAME_BYTES_MAX + 1];
	uint64_t boot, seq; /* boot: start of the process, wall ms; seq grows: no replays */
	struct wall wall;
	const char *hears[SITES_MAX]; /* sites whose link with it is up */
	uint32_t n_hears;
	const char *told[BEACON_TOLD_MAX]; /* roots of incidents that some channel shows */
	uint32_t n_told;
	bool wants_drill;
	struct beacon_delivery deliver[BEACON_DELIVER_MAX];
	uint32_t n_deliver;
};

struct beacon_view { /* of one site, in the answer */
	char site[NAME_BYTES_MAX + 1];
	bool is_heard;
	int64_t quiet_ms; /* since its last beacon; -1 never heard */
	struct wall
		since; /* when it became heard or silent; never heard: when we began to listen */
	const char *told[BEACON_TOLD_MAX];
	uint32_t n_told;
};
struct beacon_answer {
	char watcher[NAME_BYTES_MAX + 1];
	uint64_t boot, seq; /* echo of the beacon's */
	struct wall wall;
	struct beacon_view sites[SITES_MAX];
	uint32_t n_sites;
	struct beacon_receipt receipts[BEACON_DELIVER_MAX];
	uint32_t n_receipts;
	bool drill_done, drill_ok;
	char drill_reason[REASON_BYTES_MAX];
	char config_why[REASON_BYTES_MAX]; /* why its newest lab.yaml isn't taken up; "" it is */
	struct sha256 lab_hash;            /* of the lab.yaml that it runs; zero: it doesn't say */
};

/* JSON and back; texts are copied into `a`. */
void beacon_write(const struct beacon *b, struct str *out);
enum rc beacon_read(const char *text, size_t n, struct arena *a, struct beacon *ret,
	struct err *e) MUST_USE;
void beacon_answer_write(const struct beacon_answer *b, struct str *out);
enum rc beacon_answer_read(const char *text, size_t n, struct arena *a, struct beacon_answer *ret,
	struct err *e) MUST_USE;

enum watcher_effect_kind {
	WATCHER_DO_DELIVER, /* to the channel named: its own notices, drills, and what sites handed it */
	WATCHER_DO_SAVE, /* durable state changed: watcher_save before anything else leaves */
	WATCHER_SAY,     /* log line */
};
struct watcher_effect {
	enum watcher_effect_kind kind;
	uint64_t number; /* answer with watcher_delivered */
	char channel[NAME_BYTES_MAX + 1];
	bool is_edit;
	char message[128];
	struct str payload;
	char text[REASON_BYTES_MAX];
};

#define WATCHER_CHANNELS_MAX 8
struct watcher_channel {
	const char *name;
	enum { WATCHER_DISCORD, WATCHER_WEBHOOK, WATCHER_SMTP } kind;
	const char *from, *to; /* mail */
	bool is_for_sites;     /* what they hand over goes there, and nothing of its own */
};
struct watcher_config {
	const char *lab, *name;
	const char *sites[SITES_MAX];
	uint32_t n_sites;
	struct watcher_channel channels[WATCHER_CHANNELS_MAX];
	uint32_t n_channels;
	struct sha256 lab_hash;
};

/* What became of a delivery. */
struct watcher_outcome {
	uint64_t number;
	bool is_delivered;
	bool is_lost;           /* the message to edit is gone */
	bool is_unanswered;     /* sent, but no answer in time: it may have arrived */
	int64_t retry_after_ms; /* not delivered: when to try again; -1 not given */
	const char *message;    /* delivered: the channel's id of it; NULL */
	const char *reason;     /* not delivered: why, for people; NULL */
};

struct watcher;
struct watcher *watcher_new(const struct watcher_config *config, struct now now); /* borrowed */
void watcher_free(struct watcher *w);
SCOPED_BY(watcher_free, struct watcher *)

/* Another lab.yaml: sites and channels that keep their names keep what is known of them; who is new is
 * given the time of a start to be heard.  What is borrowed is from now on `config`. */
void watcher_reload(struct watcher *w, struct now now, const struct watcher_config *config);
/* The newest lab.yaml can't be taken up, and the running one stays: said to whoever asks, until another
 * word; NULL: all is well. */
void watcher_config_trouble(struct watcher *w, const char *why);

/* A verified beacon arrived; the answer's texts live until the next call. */
enum rc watcher_beacon(struct watcher *w, struct now now, const struct beacon *b,
	struct beacon_answer *ret, struct err *e) MUST_USE;
void watcher_delivered(struct watcher *w, struct now now, const struct watcher_outcome *o);
void watcher_tick(struct watcher *w, struct now now);
bool watcher_next(struct watcher *w, struct watcher_effect *ret);
struct mono watcher_wake(const struct watcher *w);

/* Who is heard, as text for people. */
void watcher_describe(const struct watcher *w, struct now now, struct str *out);

void watcher_save(const struct watcher *w, struct str *out); /* JSON */
enum rc watcher_load(struct watcher *w, struct now now, const char *text, size_t n,
	struct err *e) MUST_USE;

#endif

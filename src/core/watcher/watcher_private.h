/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watcher_private: what the files of this folder share of struct watcher.
 *
 *	watcher.c   states of the sites, beacons, time
 *	sending.c   messages: what channels should show and what they show; deliveries for sites
 *	texts.c     what the messages say
 *	saving.c    what outlives a restart
 *	reload.c    another lab.yaml
 *
 * There is one outage at a time: it begins when a silence is the watcher's to tell, its message
 * names all sites that are silent now and is edited as they come and go, and it ends when all are
 * heard.  Messages are versions wanted and versions shown, a slot a channel, as a site's outbox has
 * them; the drill has one more slot, whose message is edited day by day.
 */
#ifndef CORE_WATCHER_WATCHER_PRIVATE_H
#define CORE_WATCHER_WATCHER_PRIVATE_H

#include "base/ring.h"
#include "core/watcher/watcher.h"

#define HANDED_KEPT 64 /* outcomes remembered against repeats, a site */
#define BOOTS_KEPT  8  /* earlier runs of a site, whose beacons are replays */

enum watched_state { WATCHED_UNKNOWN, WATCHED_HEARD, WATCHED_SILENT, WATCHED_TOLD };

struct handed {                /* what a site asked us to deliver */
	uint64_t boot, number; /* the site's */
	uint64_t ours;         /* number in flight; 0 done */
	bool is_delivered, is_lost, is_unanswered;
	char message[128];
	char reason[REASON_BYTES_MAX];
};

struct watched {
	enum watched_state state;
	struct mono listened; /* since when we listen to it */
	struct mono heard;    /* last beacon; of the saved state after a start */
	struct mono booted;   /* since when its present run is heard; {0}: since before ours */
	struct wall heard_wall, since;
	struct wall gap_from,
		gap_until; /* its silence that this outage told of; {0}: none, lasts */
	uint64_t boot, seq;
	uint64_t past_boots[BOOTS_KEPT];
	uint32_t next_past_boot;
	char *told[BEACON_TOLD_MAX];
	uint32_t n_told;
	uint32_t hears; /* bit n: site n */
	struct handed handed[HANDED_KEPT];
	uint32_t next_handed;
	bool wants_drill, drill_done, drill_ok;
	char drill_reason[REASON_BYTES_MAX];
};

struct slot { /* one message in one channel */
	char message[128];
	uint32_t wanted, shown;
	uint64_t number; /* in flight; 0 none */
	uint32_t sending;
	struct mono due, deadline;
	struct mono delivered; /* the last time; {0}: not in this run */
	uint32_t failures;
	bool may_be_repeat; /* an attempt to create it got no answer */
};

struct watcher {
	struct watcher_config cfg;
	struct mono started, save_due;
	struct watched sites[SITES_MAX];
	bool has_outage;
	struct wall outage_ended; /* {0}: it goes on */
	struct slot outage[WATCHER_CHANNELS_MAX], drill[WATCHER_CHANNELS_MAX];
	uint32_t drill_attempts;
	char config_why[REASON_BYTES_MAX];
	uint64_t last_number;
	bool is_unsaved;     /* the state on disk must change before an effect leaves */
	struct ring effects; /* of struct watcher_effect */
};

/* watcher.c */
bool watcher_has_told(const struct watcher *w); /* some site is silent, and we told it */
/* A living site that hears it all the same: only the way from there to us is broken; SITES_MAX none. */
uint32_t watcher_witness(const struct watcher *w, uint32_t site);
/* A site whose silence was told may not be declared any more. */
void watcher_end_orphaned_outage(struct watcher *w, struct now now);

/* sending.c */
void sending_say(struct watcher *w, const char *site, const char *what);
void sending_begin_outage(struct watcher *w);        /* from here on about another one */
void sending_want_outage(struct watcher *w);         /* its message is to be written anew */
bool sending_is_outage_out(const struct watcher *w); /* some channel shows it, or is about to */
void sending_drop_outage(struct watcher *w);         /* nobody is told of it */
/* One that is under way, or passed just now, proves the way for whoever asks meanwhile: no second message
 * that says the same. */
void sending_want_drill(struct watcher *w, struct now now);
void sending_tick(struct watcher *w, struct now now);
int64_t sending_wake_ms(const struct watcher *w);
void sending_take(struct watcher *w, struct watched *s, uint64_t boot,
	const struct beacon_delivery *d);
const struct handed *sending_handed(const struct watched *s, uint64_t boot, uint64_t number);

/* texts.c */
void texts_outage(const struct watcher *w, uint32_t channel, struct now now, struct str *out);
void texts_drill(const struct watcher *w, uint32_t channel, struct now now, struct str *out);

#endif

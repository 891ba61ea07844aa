/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts: what the API needs to know of the journals at any time, kept instead of searched.
 *
 * Read from the store once, then kept fresh by facts_event() as events come in.
 */
#ifndef API_FACTS_H
#define API_FACTS_H

#include "node/site.h"

struct config_fact {                            /* the newest `config` event of a site */
	char *hash, *commit, *author, *summary; /* NULL: not known */
	struct wall since;
	uint64_t hlc;
};
struct drill_fact {     /* the newest drill through a watcher, by whichever site */
	struct wall at; /* {0}: none yet */
	bool is_ok;
	uint64_t hlc;
};
struct told_fact {          /* receipts since the start, a channel */
	uint64_t delivered; /* by this site, or by a watcher for it */
};

struct facts {
	struct config_fact configs[SITES_MAX];
	struct drill_fact drills[WATCHERS_MAX];
	struct told_fact told[CHANNELS_MAX];
};

/* Also after a reload: indices follow the lab. */
enum rc facts_load(struct facts *f, const struct site *s, struct err *e) MUST_USE;
/* True when something that /status shows has changed. */
bool facts_event(struct facts *f, const struct site *s, const struct event *ev);
void facts_fini(struct facts *f);

#endif

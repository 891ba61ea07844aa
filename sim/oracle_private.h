/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_private: what the oracles share with each other. */
#ifndef SIM_ORACLE_PRIVATE_H
#define SIM_ORACLE_PRIVATE_H

#include "sim/world.h"

#define JUST_NOW_MS (20 * SECOND_MS)

/* oracle.c */
/* How many messages of the newest are remembered. */
uint32_t oracle_kept(const struct world *w);
/* Both ends of the link are up. */
bool oracle_is_linked(const struct world *w);
/* The site hears of the other by the watcher. */
bool oracle_can_ask_watcher(const struct world *w, uint8_t site);
/* The check of a kind about a site; CHECK_NONE. */
uint16_t oracle_named(const struct world *w, enum check_kind kind, uint8_t subject);

/* oracle_alerts.c */
void oracle_alerts_still(struct world *w);
void oracle_alerts_healed(struct world *w);
/* Nobody is to be told of it. */
bool oracle_alerts_is_spared(const struct world *w, const struct incident *in);
void oracle_alerts_message(struct world *w, const struct sim_message *m, bool is_new);
/* `m` tells what went on all the time, and `o` had told that it was over. */
bool oracle_alerts_is_anew(const struct world *w, const struct sim_message *m,
	const struct sim_message *o);

/* oracle_copies.c */
void oracle_copies_healed(struct world *w);

/* oracle_reports.c */
/* What this site knows can get to Discord. */
bool oracle_can_tell(const struct world *w, uint8_t site);
/* What the message tells of is still so. */
bool oracle_is_going_on(const struct world *w, const struct sim_message *m);

/* oracle_messages.c */
/* Nobody can know whether a message of this incident is there. */
bool oracle_is_unsure(const struct world *w, const char *incident);

/* oracle_journals.c */
/* Both sites hold the same events, chain by chain. */
void oracle_same_history(struct world *w);

#endif

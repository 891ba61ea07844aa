/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ways: which group an alert is in, and where its group is told.
 *
 * An alert is in one group.  Without routing that is the one of its name; with it the one of the
 * routes that it matches and of the labels that the first of them groups by, so that a group goes
 * one way as a whole. What people bring grows at their hands: at so many groups what is new is
 * told apart by its way only.
 *
 * The owner of an incident writes into it whom it is for (incident.to), so that others know, and a
 * restart does.
 */
#ifndef CORE_ALERT_WAYS_H
#define CORE_ALERT_WAYS_H

#include "core/alert/alert_private.h"

/* The group of ours that an alert of these labels belongs to; NULL: there is none, or no room for
 * it. */
struct alert_group *ways_group(struct alert *a, const struct labels *labels, bool may_make);
/* One of ours under a key that it had before; NULL: no room. */
struct alert_group *ways_make(struct alert *a, const char *key, const char *alertname);
/* Its alerts came, or others: where it goes. */
void ways_place(struct alert *a, struct alert_group *g);
void ways_forget(struct alert *a, const struct alert_group *g);
/* Other routes: alerts of ours that are in another group now move there. */
void ways_load(struct alert *a);

/* Whom the incident is for as things are, before a version of it is written. */
void ways_address(struct alert *a, struct now now, struct tracked *t);
/* The group that it is about; NULL: none, or one that isn't routed. */
struct alert_group *ways_group_of(const struct alert *a, const struct incident *in);
bool ways_lead_to(const struct alert *a, const struct incident *in, uint8_t channel);
/* Nobody is to be told, now or later. */
bool ways_lead_nowhere(const struct incident *in);
/* The first message may go out: the group has waited, and is not muted.  Else it is due later. */
bool ways_is_due(struct alert *a, struct now now, const struct incident *in, uint8_t channel);
/* What can't be edited and has been told is told of no sooner. */
struct mono ways_next(const struct alert *a, struct now now, const struct incident *in,
	uint8_t channel);
/* It is to be told of once more, though nothing changed. */
bool ways_is_repeated(struct alert *a, struct now now, const struct incident *in, uint8_t channel);

#endif

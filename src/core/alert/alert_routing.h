/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert_routing: who is told of which alerts, in which groups, and which are kept from being told
 * by others: questions that whoever read an Alertmanager configuration answers.
 *
 * Without one (alert_config.routing is NULL) alerts of one name are a group, and all channels are
 * told.
 */
#ifndef CORE_ALERT_ALERT_ROUTING_H
#define CORE_ALERT_ALERT_ROUTING_H

#include "base/series.h"
#include "base/time.h"
#include "core/alert/incident.h"

struct alert_way {        /* where alerts go, by all the routes that they match */
	uint64_t id;      /* the same for the same routes */
	uint32_t first;   /* the route that groups them */
	uint8_t channels; /* bit n: channel n is told */
	/* By channel: the first message waits for others; before what can't be edited is told of once more;
	 * and after this it is, though nothing changed. */
	int64_t wait_ms[CHANNELS_MAX], interval_ms[CHANNELS_MAX], repeat_ms[CHANNELS_MAX];
};

struct alert_address { /* whom a group is told to, in Alertmanager's words */
	const char *receiver;
	struct labels group; /* that it is told apart by there */
	struct str key;      /* {}/{severity="page"}:{alertname="Down"} */
};

struct alert_routing {
	void *ctx;
	void (*route)(void *ctx, const struct labels *alert, struct alert_way *ret);
	/* Whether alerts that go this way are told apart by this label. */
	bool (*groups_by)(void *ctx, const struct alert_way *way, const char *label);
	/* The channels of the way of which some route isn't muted at that time of the day. */
	uint8_t (*open)(void *ctx, const struct labels *alert, struct wall at);
	/* By the first of the alert's routes that leads to the channel; false: none does.  Labels are
	 * the alert's, listed in `a`; the caller releases the key. */
	bool (*address)(void *ctx, const struct labels *alert, uint8_t channel, struct arena *a,
		struct alert_address *ret);
	int64_t resolve_ms; /* what was posted without an end is over after this */
	uint32_t n_rules;   /* of inhibition; at most 64 */
	/* Bit n: the alert matches rule n's side. */
	void (*inhibits)(void *ctx, const struct labels *alert, uint64_t *ret_as_source,
		uint64_t *ret_as_target);
	/* Of the labels that must be equal: their hash, and whether they are. */
	uint64_t (*equal_hash)(void *ctx, uint32_t rule, const struct labels *alert);
	bool (*is_equal)(void *ctx, uint32_t rule, const struct labels *a, const struct labels *b);
};

#endif

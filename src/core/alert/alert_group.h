/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert_group: alerts of one name at one site, and their event.
 *
 * Names are what people read and what incidents list, so they are short, hold nothing that JSON
 * escapes, and are no declared check's: "HighLoad@dublin" is the event's subject, the checks are
 * "alert:HighLoad@dublin" and "HighLoad{instance=nas:9100}@dublin".  What is cut ends in the
 * fingerprint.
 */
#ifndef CORE_ALERT_ALERT_GROUP_H
#define CORE_ALERT_ALERT_GROUP_H

#include "base/json_flat.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/str.h"
#include "core/alert/alert_routing.h"
#include "core/alert/alerts.h"
#include "core/alert/silence.h"

#define ALERT_NAME_MAX 144 /* bytes, as members of incidents may have */

struct alert_item {
	char name[ALERT_NAME_MAX + 1]; /* as a check */
	uint16_t index;                /* the same; UINT16_MAX: it is none */
	uint64_t fingerprint;
	void *block; /* the labels, the annotations and all texts */
	size_t block_bytes;
	struct labels labels, annotations;
	const char *generator;         /* "" */
	const char *summary;           /* of the annotations what says it best; "" */
	struct silence_label *matched; /* the labels, and what silences of checks go by */
	uint8_t n_matched;
	struct wall starts, ends, updated;
	struct wall ended;             /* {0}: it fires */
	struct mono deadline;          /* ours: it is over if it isn't posted again before */
	int64_t patience_ms;           /* from a posting of it to that; 0: as always */
	bool is_listed;                /* one of the checks */
	struct alert_item *alike;      /* the next of the same fingerprint and other labels */
	uint64_t source_of, target_of; /* bits of rules of inhibition */
	bool is_inhibited, was_inhibited;
	uint64_t inhibited_by; /* fingerprint */
	struct silence_verdict silences;
};

struct alert_group {
	char *key; /* "HighLoad@dublin" */
	char check[ALERT_NAME_MAX + 1];
	uint8_t site;              /* index; ALERT_NO_SITE when not declared any more */
	uint64_t stamp;            /* hybrid logical time of the event applied last */
	struct alert_item **items; /* in the order of arrival */
	uint32_t n, cap;
	struct map known;              /* fingerprint -> item, and those alike behind it */
	uint32_t more;                 /* of others': fire, and aren't among the items */
	char reason[REASON_BYTES_MAX]; /* what the first that fired says */
	const char *severity;          /* the worst of what fires, or fired last */
	uint16_t index;                /* as a check; UINT16_MAX: it is none */
	char *alertname;
	struct silence_label matched[4];
	uint8_t n_matched;
	bool is_changed;           /* ours: to be journaled */
	bool is_untold;            /* what its checks are is to be judged anew */
	bool is_said;              /* ours: this run has journaled it */
	struct mono said, say_due; /* ours: it was, and may be again */
	int64_t wait_ms;           /* between the two; longer while it goes on changing */
	struct mono emptied;       /* nothing is left of it since */
	/* Where its first alert goes, as all of them (ways.h). */
	bool is_routed;
	struct alert_way way;
	uint64_t ident;        /* ours: of the way, and of the labels that it is told apart by */
	int64_t open_minute;   /* of the day of which open_channels is known; -1 */
	uint8_t open_channels; /* bit n: some route to channel n isn't muted */
	uint32_t n_inhibited;  /* of its alerts */
};

/* What `posted` says, as an item of the site; RC_INPUT, RC_LIMIT say what is wrong with it. */
enum rc alert_item_new(struct alert_item **ret, const struct posted_alert *posted, const char *site,
	struct err *e) MUST_USE;
/* The same alert was posted again: `item` says what `newer` says, and that one is gone. */
void alert_item_renew(struct alert_item *item, struct alert_item *newer);
void alert_item_free(struct alert_item *item);
SCOPED_BY(alert_item_free, struct alert_item *)
uint64_t alert_fingerprint(const struct labels *labels);

/* The key of the group that an alert of these labels belongs to. */
void alert_group_key(const struct labels *labels, const char *site, struct str *out);
/* Of a group that is told apart by these labels, the n-th that looks so: "HighLoad{rack=3}@dublin",
 * "alert{rack=3}~2@dublin". */
void alert_group_key_of(const struct labels *apart, const char *site, unsigned nth,
	struct str *out);
struct alert_group *alert_group_new(const char *key, const char *alertname);
const char *alert_name(const struct labels *labels); /* "unnamed" without one */
void alert_group_free(struct alert_group *g);
SCOPED_BY(alert_group_free, struct alert_group *)
/* The group has it from here on, or no longer. */
void alert_group_add(struct alert_group *g, struct alert_item *item);
void alert_group_forget(struct alert_group *g, const struct alert_item *item);
struct alert_item *alert_group_find(const struct alert_group *g, const struct labels *labels);
uint32_t alert_group_firing(const struct alert_group *g); /* those counted only, too */
uint32_t alert_group_unlisted(const struct alert_group *g);
uint32_t alert_group_listed(const struct alert_group *g);
/* All that fires is inhibited. */
bool alert_group_is_inhibited(const struct alert_group *g);
/* What it says as a whole follows from its alerts, but for those that are inhibited. */
void alert_group_reckon(struct alert_group *g);

/* The body of its event.  Lists as many as fit, at most `most`, those first that are listed already,
 * and marks them; `reason` and `severity` follow. */
void alert_group_write(struct alert_group *g, uint32_t most, struct str *out);
struct wall alert_group_since(const struct alert_group *g);
/* The first that fires, and isn't inhibited if there is such a one, else the first; NULL. */
const struct alert_item *alert_group_first(const struct alert_group *g);
/* RC_INPUT: not what a site writes. */
enum rc alert_group_read(const char *key, const struct json_node *body, struct alert_group **ret,
	struct err *e) MUST_USE;

/* "critical", "warning" or "info" of what a label says; their ranks are 2, 1 and 0. */
const char *alert_severity(const struct labels *labels);
uint8_t alert_severity_rank(const char *severity);

#endif

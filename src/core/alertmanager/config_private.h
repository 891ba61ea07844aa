/* SPDX-License-Identifier: Apache-2.0 */
/* One file that is being read, and what its units give each other.  Private to config*.c. */
#ifndef CORE_ALERTMANAGER_CONFIG_PRIVATE_H
#define CORE_ALERTMANAGER_CONFIG_PRIVATE_H

#include "core/alertmanager/config.h"

#define NOT_SAID (-1)
#define SMTP     "say it in lab.yaml's notify.smtp"
#define OURS     "messages are worded here"

struct reader {
	struct doc_reader doc;
	const struct alertmanager_world *world;
	struct alertmanager *am;
	uint32_t n_routes;
};

/* As they are written. */
struct global_written {
	int64_t resolve_timeout_ms;
	const char *smtp_from, *smtp_smarthost;
	int8_t smtp_needs_tls;
	const struct http_written *http;
};
struct file_written {
	struct global_written global;
	const struct doc_node *route;
	struct doc_list inhibit_rules, receivers, time_intervals, mute_time_intervals;
};

/* ---- config.c */

/* For keys whose value is a duration, in ms. */
void alertmanager_take_duration(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to);

/* ---- config_routes.c; receivers and intervals, which they name, are read before */

extern const struct doc_shape alertmanager_inhibit_shape;

void alertmanager_read_routes(struct reader *r, const struct doc *doc, const struct doc_node *node);
void alertmanager_read_inhibit_rules(struct reader *r, const struct doc_list *list);

/* ---- config_receivers.c */

extern const struct doc_shape alertmanager_receiver_shape;

void alertmanager_read_receivers(struct reader *r, const struct file_written *file);
bool alertmanager_has_receiver(const struct alertmanager *am, const char *name);

/* ---- config_intervals.c */

extern const struct doc_shape alertmanager_intervals_shape;

void alertmanager_read_intervals(struct reader *r, const struct file_written *w);

#endif

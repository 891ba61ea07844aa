/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_private: what the files of this folder share of a running site.
 *
 *	serve.c    start, signals, the one timer, the end
 *	drive.c    effects of the machine -> ports, and what ports report -> the machine
 *	metrics.c  samples: targets, scraping, storage
 *	remote_write.c  samples, sent on
 *	own.c      what it scrapes of itself
 *	rules.c    rules: when they are due, on the pool
 *	alerting.c which rules this site has, and what becomes of their alerts
 *	questions.c  about samples, between the API and the links
 *	copies.c   of the other sites' key series
 *	chores.c   background work of a store
 *	beacon.c   beacons to watchers
 *	reload.c   lab.yaml: at the start, on SIGHUP, when it changes
 *	reserve.c  room on the disk, and what is kept back for the day when there is none
 *	common.c   what watch needs as well: options, clocks, keys
 */
#ifndef DAEMON_SERVE_PRIVATE_H
#define DAEMON_SERVE_PRIVATE_H

#include "api/api.h"
#include "core/rules/handover.h"
#include "daemon/common.h"
#include "daemon/copies.h"
#include "daemon/metrics.h"
#include "daemon/noticing.h"
#include "daemon/rules.h"
#include "daemon/serve.h"
#include "node/site.h"
#include "port/files/lab_files.h"
#include "port/git/git.h"
#include "port/keys/keys.h"
#include "port/link/link_port.h"
#include "port/notify/notify.h"
#include "port/probe/probe.h"
#include "port/sqlite/sqlite_store.h"

struct questions;
struct serve;

struct running { /* the probe of one check */
	struct serve *s;
	uint16_t check;
	struct probe *probe;      /* under way; NULL none */
	struct probe_result last; /* for /metrics */
	bool has_last;
};

struct serve {
	struct serve_options options;
	const char *state_dir;
	uv_loop_t loop;
	struct zones *zones;
	struct lab *lab;
	uint8_t self;
	struct private_key key;
	struct keys_signer *signer;
	struct sqlite_store *store;
	struct site *site;
	struct link_port *link;
	struct questions *questions; /* that the sites ask each other */
	struct copies *copies;       /* of the peers' key series; NULL: none declared so far */
	struct http_client *http;
	struct prober *prober;
	struct notify *notify;
	struct metrics *metrics;   /* NULL: none declared */
	struct rule_runner *rules; /* NULL likewise */
	struct handover *handover; /* of their alerts */
	struct seldom unheard;     /* alerts that couldn't be taken */
	struct api *api;
	struct running *running; /* one a check */
	uint16_t n_running;
	uv_timer_t tick, house, watchdog;
	uv_signal_t signals[3];
	struct noticing noticing; /* that lab.yaml changed */
	bool is_reloading;
	char lab_why[REASON_BYTES_MAX]; /* the newest lab.yaml isn't taken up; "" it is */
	char certificate_why[REASON_BYTES_MAX];
	int certificate_failures; /* in a row */
	bool has_reserve, is_reserve_missed;
	bool is_short_of_room;
	const char *why_stopping; /* NULL: it isn't */
	uv_timer_t leaving;       /* until what is being told is answered, for a while */
	struct seldom refusals;   /* of the peer link's callers */
	int open_ports;           /* ports that have not closed yet */
};

/* serve.c */
void serve_leave_if_done(struct serve *s); /* when it is stopping */

/* drive.c */
void drive_drain(struct serve *s); /* after every input to the machine */
enum rc drive_start_ports(struct serve *s, struct err *e) MUST_USE;
void drive_drop_probes(struct serve *s); /* while the prober is there */
void drive_load_probes(struct serve *s); /* one slot a check of s->lab; cancels what is under way */
enum rc drive_secret(void *ctx, const struct secret *secret, struct str *ret, struct err *e);
void drive_write_metrics(void *ctx, struct str *out);
struct link_port_lab drive_link_lab(const struct serve *s, struct link_port_site sites[SITES_MAX]);

/* alerting.c */
void alerting_start(struct serve *s);                              /* where there are metrics */
enum rc alerting_declare(struct serve *s, struct err *e) MUST_USE; /* what s->lab says */
const struct rules *alerting_rules(void *serve);
const char *alerting_query_log_file(void *serve);
struct labels alerting_external_labels(void *serve);

/* questions.c */
void questions_start(struct serve *s);
void questions_look(struct serve *s); /* links may have changed, or time has passed */
void questions_received(struct serve *s, uint8_t peer, uint64_t connection,
	const struct link_msg *msg);
enum rc questions_ask(void *serve, uint8_t site, const struct api_question *q,
	api_site_answered *done, void *done_ctx, struct err *e);
void questions_stop(struct serve *s); /* who waits is told; before the ports are closed */
void questions_free(struct serve *s); /* when the loop has ended */

/* beacon.c */
void beacon_send(struct serve *s, uint8_t watcher, const struct beacon *b);

/* reload.c */
enum rc reload_first(struct serve *s, struct err *e) MUST_USE;
void reload_begin(struct serve *s);
void reload_watch(struct serve *s);
void reload_look_at_certificate(struct serve *s); /* every few seconds */
enum rc reload_login(const struct serve *s, struct str *password_hash, struct str *token,
	struct api_login *ret, struct err *e) MUST_USE;

/* reserve.c */
void reserve_look(struct serve *s);
void reserve_use(struct serve *s); /* the journal can't be written */

#endif

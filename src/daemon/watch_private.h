/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_private: what the files of this folder share of a running watcher.
 *
 *	watch.c      start, beacons, the state file, the end
 *	watch_lab.c  lab.yaml: at the start, on SIGHUP, when it changes
 */
#ifndef DAEMON_WATCH_PRIVATE_H
#define DAEMON_WATCH_PRIVATE_H

#include "core/watcher/watcher.h"
#include "daemon/common.h"
#include "daemon/noticing.h"
#include "daemon/watch.h"
#include "port/http_server/http_server.h"

struct watch {
	struct watch_options options;
	const char *state_dir;
	uv_loop_t loop;
	struct zones *zones;
	struct lab *lab;
	const struct lab_watcher *self; /* in lab */
	struct private_key key;
	struct watcher_config config; /* of lab */
	struct watcher *watcher;
	struct http_server *server;
	uv_timer_t tick, watchdog, leaving;
	uv_signal_t signals[3];
	struct noticing noticing; /* that lab.yaml changed */
	struct arena arena;       /* of the beacon being answered */
	struct seldom refusals;
	uint32_t n_sent;  /* deliveries that have no outcome yet */
	bool is_stopping; /* nothing more is begun */
	bool is_deaf;     /* nor heard */
	bool is_over;
};

/* watch.c */
void watch_drain(struct watch *w); /* after every input to the machine */

/* watch_lab.c */
enum rc watch_lab_first(struct watch *w, struct err *e) MUST_USE;
/* Read again; a broken one is said, and the running one stays. */
void watch_lab_reload(struct watch *w);
void watch_lab_notice(struct watch *w); /* from now on, when the file changes */

#endif

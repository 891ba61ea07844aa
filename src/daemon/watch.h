/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: run a watcher, the dead-man's switch outside both sites: `diarchy watch`.
 *
 *	POST /beacon    a site's signed beacon (daemon/beacon.c); the answer is signed, too
 *	GET /           who is heard, for people; /healthz: ok
 *
 * Small on purpose: no journal, no pages, one state file.  Deliveries are made by a short-lived
 * child (deliver.h), so that the libraries that HTTPS needs are not resident in between.
 */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include "base/err.h"
#include "base/log.h"

struct watch_options {
	const char *lab_path;
	const char *name;      /* NULL: the watcher whose key ours is */
	const char *key_path;  /* NULL: the credential "diarchy-key" */
	const char *state_dir; /* NULL: $STATE_DIRECTORY or /var/lib/diarchy */
	const char *listen;    /* NULL: as lab.yaml says */
	enum log_level least;
};

enum rc watch_run(const struct watch_options *options, struct err *e) MUST_USE;

#endif

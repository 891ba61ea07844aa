/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: run one site: `diarchy serve`.
 *
 * Introduces the ports to the machine of node/site.h and is dull on purpose: it feeds events,
 * carries out effects, and arms one timer.  Runs until SIGTERM or SIGINT; SIGHUP, or a change of
 * lab.yaml, reloads.
 */
#ifndef DAEMON_SERVE_H
#define DAEMON_SERVE_H

#include "base/err.h"
#include "base/log.h"

struct serve_options {
	const char *lab_path; /* lab.yaml */
	const char *site;     /* NULL: the one whose key ours is */
	const char *key_path; /* NULL: the credential "diarchy-key" */
	/* Made if it doesn't exist; NULL: $STATE_DIRECTORY or /var/lib/diarchy. */
	const char *state_dir;
	const char *listen; /* NULL: as lab.yaml says */
	enum log_level least;
};

/* Returns RC_OK after an orderly end. */
enum rc serve_run(const struct serve_options *options, struct err *e) MUST_USE;

#endif

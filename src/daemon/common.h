/* SPDX-License-Identifier: Apache-2.0 */
/* common: what serve and watch both need at their start. */
#ifndef DAEMON_COMMON_H
#define DAEMON_COMMON_H

#include "base/hash.h"
#include "base/seldom.h"
#include "base/time.h"
#include "core/lab/lab.h"
#include "port/files/lab_files.h"

/* At an orderly stop what is being told has so long to be answered; systemd gives 90 s. */
#define DAEMON_ANSWER_MS 5000

/* Both clocks, now: the only place where the program reads them for its decisions. */
struct now daemon_now(void);

/* What would kill us from outside is an error at the place where it happens instead: SIGPIPE, where
 * nobody reads any more, and SIGXFSZ, where a file may not grow. */
void daemon_ignore_signals(void);

/* glibc keeps what was freed for whom it may come in handy: an arena for each thread, and after one
 * large piece was freed all that are as large in there.  Neither; before the first thread. */
void daemon_bound_heap(void);

/* The key at `path`, or the systemd credential "diarchy-key" when it is NULL. */
enum rc daemon_key(const char *path, struct private_key *ret, struct err *e) MUST_USE;

/* `given`, else $STATE_DIRECTORY, else /var/lib/diarchy; made when it isn't there. */
enum rc daemon_state_dir(const char *given, const char **ret, struct err *e) MUST_USE;

/* `who` ("a caller", "a beacon") came from there and was refused; a few of these a minute. */
void daemon_log_refusal(struct seldom *seldom, const char *who, const char *from, const char *why);

/* lab.yaml; its findings go to the log.  When it can't be used `first` tells where and why, and how
 * many more there are. */
enum rc daemon_read_lab(const char *path, struct zones *zones, struct lab **ret, struct str *first,
	struct err *e) MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one line a fact, on standard error.
 *
 * Under systemd (JOURNAL_STREAM names our standard error) lines carry the <priority> prefix of
 * sd-daemon(3); on a terminal a time and a colour; elsewhere RFC 3339 and the level.  Control
 * characters become spaces.  Secrets never get here: callers log names, not values.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

void log_init(enum log_level least); /* looks at JOURNAL_STREAM and the terminal */
void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif

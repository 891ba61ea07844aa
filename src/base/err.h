/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: what went wrong, in one value and one sentence.
 *
 * A fallible function returns an enum rc and takes a `struct err *e` as its last parameter, which
 * may be NULL.  The row of RC_TABLE decides the exit status of the CLI and the HTTP status of the
 * API; the text in struct err says what happened, where, and what to do.  Reporting never
 * allocates.  An outcome that is no failure (unchanged, not found) is part of the output instead.
 *
 *	rc = doc_read(&doc, path, e);
 *	if (rc != RC_OK)
 *		return err_in(e, rc, "reading %s", path);	-> "reading lab.yaml: line 7: ..."
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

/*        name         exit  http  text                                        */
/* clang-format off */
#define RC_TABLE(X)                                                                                \
	X(OK,          0,    200,  "ok")                                                           \
	X(LIMIT,       75,   429,  "limit reached")                                                \
	X(INPUT,       65,   400,  "malformed input")                                              \
	X(USAGE,       64,   400,  "wrong usage")                                                  \
	X(NOT_FOUND,   66,   404,  "no such thing")                                                \
	X(REFUSED,     77,   403,  "not allowed")                                                  \
	X(AUTH,        77,   401,  "login needed")                                                 \
	X(CONFLICT,    73,   409,  "in conflict with what is there")                               \
	X(CORRUPT,     74,   500,  "stored data fails its checksum")                               \
	X(IO,          74,   500,  "input or output failed")                                       \
	X(FULL,        74,   507,  "no space left")                                                \
	X(OFFLINE,     69,   502,  "cannot be reached")                                            \
	X(TIMEOUT,     69,   504,  "no answer in time")                                            \
	X(UNSUPPORTED, 78,   501,  "not supported yet")                                            \
	X(INTERNAL,    70,   500,  "a defect in this program")
/* clang-format on */

enum rc {
#define X(name, exit, http, text) RC_##name,
	RC_TABLE(X)
#undef X
};

#define ERR_TEXT_MAX 512

struct err {
	enum rc rc;
	char text[ERR_TEXT_MAX]; /* always terminated; "" while nothing went wrong */
};

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Record a new error and return `rc`, so that callers write `return err_set(...)`. */
enum rc err_set(struct err *e, enum rc rc, const char *fmt, ...) PRINTF(3, 4);

/* The same, followed by ": " and the text of errno value `errnum`. */
enum rc err_errno(struct err *e, enum rc rc, int errnum, const char *fmt, ...) PRINTF(4, 5);

/* Put "where: " before the text already recorded; returns `rc`. */
enum rc err_in(struct err *e, enum rc rc, const char *fmt, ...) PRINTF(3, 4);

const char *rc_name(enum rc rc); /* "LIMIT" */
const char *rc_text(enum rc rc); /* "limit reached" */
int rc_exit(enum rc rc);         /* sysexits(3) where one fits */
int rc_http(enum rc rc);

#endif

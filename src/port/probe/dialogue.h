/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialogue: send and expect, line by line, as blackbox_exporter's query_response.
 *
 * Pure: lines go in, actions come out.  A step waits until a line matches its pattern (others are
 * passed over), then sends its text with the pattern's groups in place of ${1}, then starts TLS.
 * Lines end in LF or CRLF; what stands before the end of the connection is a line, too.
 *
 *	EXPECTING ─line matches─► SEND ─► START_TLS ─► the next step ... DONE
 */
#ifndef PORT_PROBE_DIALOGUE_H
#define PORT_PROBE_DIALOGUE_H

#include "base/str.h"
#include "core/lab/probe_spec.h"

#define DIALOGUE_LINE_MAX 65536 /* blackbox_exporter's (bufio.Scanner) */

enum dialogue_action {
	DIALOGUE_WAIT,      /* more bytes, please */
	DIALOGUE_SEND,      /* dialogue.send, with its newline */
	DIALOGUE_START_TLS, /* what comes next is under TLS */
	DIALOGUE_DONE,
};

struct dialogue {
	const struct tcp_spec *spec;
	uint32_t step;
	bool is_met;   /* the step's pattern matched */
	bool is_sent;  /* its text was sent */
	bool is_ended; /* the connection was closed by the other side */
	struct str in; /* not yet looked at */
	size_t looked; /* of it, known to hold no newline */
	struct str send;
	struct str last; /* the last line that didn't match, for messages */
};

void dialogue_init(struct dialogue *d, const struct tcp_spec *spec);
void dialogue_fini(struct dialogue *d);
SCOPED_FINI(dialogue_fini, struct dialogue)

void dialogue_feed(struct dialogue *d, const char *bytes, size_t n);
void dialogue_end(struct dialogue *d);

/* What to do now; call again after doing it.  RC_LIMIT: the line or the pattern is too much;
 * RC_INPUT: a line that matches can't come any more, or bytes came before TLS that should come
 * under it (a STARTTLS injection). */
enum rc dialogue_next(struct dialogue *d, enum dialogue_action *ret, struct err *e) MUST_USE;
/* The pattern that is waited for, as written; NULL when none is. */
const char *dialogue_expects(const struct dialogue *d);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes: what changed since it was last told.
 *
 * Who learns of a change marks it; nothing is written before changes_write(), which writes each
 * marked object once, whole.  Evidence that arrives without changing a word is told by nobody: for
 * that, and for what the clock changes, changes_look() compares fingerprints of what was told.
 */
#ifndef API_CHANGES_H
#define API_CHANGES_H

#include "api/view.h"

/* Of a lab of thousands that changes at once (a site died) one message tells so much, and the next
 * ones the rest: whoever reads at the pace of a phone must not fall behind. */
#define CHANGE_BYTES_A_KIND (SSE_BACKLOG_BYTES_MAX / 16 * 3) /* checks; incidents */

struct change_mark {    /* of a check */
	uint64_t print; /* of what was told last */
	bool is_silenced;
	bool is_dirty;
};

struct changes {
	struct change_mark *checks;
	uint16_t n_checks, next_check; /* the next message begins with */
	struct map incidents;          /* ids that changed */
	bool are_silences_dirty;
	struct wall silences_due;        /* one begins or ends by then */
	uint64_t links, sites, watchers; /* prints of what was told last */
};

void changes_fini(struct changes *s);
/* Everything is known as it is now: a status was told. */
void changes_reset(struct changes *s, const struct view *v);

void changes_mark_check(struct changes *s, uint16_t check);
void changes_mark_incident(struct changes *s, const char *id);
void changes_mark_links(struct changes *s);
void changes_mark_silences(struct changes *s);

/* Look for what nobody marks: evidence of checks; silences that began or ended. */
void changes_look_at_checks(struct changes *s, const struct view *v);
void changes_look_at_silences(struct changes *s, const struct view *v);

/* The data of a `change` event (doc/api.md); false, and nothing written, when nothing changed. */
bool changes_write(struct changes *s, const struct view *v, struct json_out *w);

#endif

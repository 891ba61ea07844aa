/* SPDX-License-Identifier: Apache-2.0 */
#include "api/view.h"

#include "core/journal/scrub.h"

#include <inttypes.h>
#include <stdio.h>

/* What the disk has changed is shown to be there, and no more of it: it may not even be JSON. */
void view_event(struct json_out *w, const struct lab *lab, const struct event *ev, uint64_t cursor)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct event shown = *ev;
	bool is_damaged = !journal_fits_hash(ev);
	char number[24];

	if (is_damaged) {
		shown.body = "{}";
		str_add(&text, "this event was changed by the disk: what it says isn't believed");
	} else {
		site_event_text(lab, ev, &text);
	}
	snprintf(number, sizeof number, "%" PRIu64, cursor);
	json_object_open(w, NULL);
	event_write_members(&shown, w);
	json_text(w, "text", str_c(&text));
	json_text(w, "cursor", number);
	json_close(w);
}

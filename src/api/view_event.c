/* SPDX-License-Identifier: Apache-2.0 */
#include "api/view.h"

#include <inttypes.h>
#include <stdio.h>

void view_event(struct json_out *w, const struct lab *lab, const struct event *ev, uint64_t cursor)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char number[24];

	site_event_text(lab, ev, &text);
	snprintf(number, sizeof number, "%" PRIu64, cursor);
	json_object_open(w, NULL);
	event_write_members(ev, w);
	json_text(w, "text", str_c(&text));
	json_text(w, "cursor", number);
	json_close(w);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/notice.h"

/* What happened to the incident that made this request, for receivers that only look at one word.
 * */
static const char *event_of(const struct incident *in, const struct notice_context *c)
{
	if (c->is_first)
		return "opened";
	return in->state == INCIDENT_OPEN ? "updated" : incident_state_name(in->state);
}

void notice_webhook(const struct incident *in, const struct notice_context *c, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_int(&w, "version", 1);
	json_text(&w, "lab", c->lab);
	json_text(&w, "from", c->from);
	json_text(&w, "event", event_of(in, c));
	json_time(&w, "at", c->now);
	json_bool(&w, "may_be_repeat", c->may_be_repeat);
	json_text(&w, "url", c->url);
	json_object_open(&w, "incident");
	incident_describe(in, &w);
	json_close(&w);
	json_close(&w);
}

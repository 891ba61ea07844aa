/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/notice_words.h"

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
	scoped(str_fini) struct str headline = STR_EMPTY;
	struct json_out w;

	words_headline(in, &headline);
	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_int(&w, "version", 1);
	json_text(&w, "lab", c->lab);
	json_text(&w, "from", c->from);
	json_text(&w, "event", event_of(in, c));
	json_text(&w, "headline", str_c(&headline)); /* as a person is told it */
	json_time(&w, "at", c->now);
	json_bool(&w, "may_be_repeat", c->may_be_repeat);
	json_text(&w, "url", c->url);
	json_object_open(&w, "incident");
	incident_describe(in, &w);
	json_close(&w);
	json_close(&w);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Names and reasons come from other sites and from what they watch: any bytes in all the texts of
 * an incident must give JSON, and a part must stay within its bound. */
#include "core/alert/notice_text.h"

#include "core/alert/notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_json(const struct str *text)
{
	json_t *json = NULL;

	must(json_read(&json, str_c(text), text->len, NULL) == RC_OK);
	json_decref(json);
}

static struct incident *made_of(const char *text)
{
	struct incident *in = incident_new();
	struct incident_member *m;

	str_copy(in->id, sizeof in->id, "dublin-1");
	incident_set(in, &in->owner, text);
	incident_set(in, &in->cause, text);
	incident_set(in, &in->title, text);
	incident_set(in, &in->severity, text);
	incident_set(in, &in->failing_from, text);
	in->version = 1;
	in->state = (enum incident_state)((unsigned char)text[0] % 4);
	in->since = in->opened = in->recovered = in->acked = (struct wall){ 1795386851000 };
	m = incident_member(in, text, true);
	if (m) {
		incident_set(in, &m->reason, text);
		incident_set(in, &m->scope, "path");
	}
	in->before[in->n_before++] =
		(struct incident_before){ in->since, must_strdup(text), must_strdup(text) };
	return in;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(mem_free) char *text = must_alloc(size + 1);
	scoped(incident_free) struct incident *in = NULL;
	scoped(str_fini) struct str discord = STR_EMPTY, webhook = STR_EMPTY, mail = STR_EMPTY;
	scoped(part_fini) struct part part = PART(40);
	struct notice_context c = { .now = { 1795386851000 }, .is_first = true };

	memcpy(text, data, size);
	c.lab = c.from = c.url = c.description = c.runbook = c.mention = c.home = text;
	in = made_of(text);
	notice_discord(in, &c, &discord);
	is_json(&discord);
	notice_webhook(in, &c, &webhook);
	is_json(&webhook);
	notice_mail(in, &c, text, text, &mail);
	part_say(&part, text, TEXT_MARKDOWN, SIZE_MAX);
	must(part.units <= part.most && part.units == text_units(str_c(&part.text)));
	must(utf8_valid(str_c(&part.text), part.text.len));
	return 0;
}

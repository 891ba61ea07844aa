/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/notice_text.h"
#include "core/alert/notice_words.h"

#define LINE_UNITS  400
#define LINES_MAX   40 /* of the other checks */
#define LABEL_WIDTH 14

/* A line that is already clean. */
static void add_clean(struct str *out, const char *label, const char *line)
{
	str_addf(out, "\n  %-*s%s", LABEL_WIDTH, label, line);
}

/* "  since        03:04:11 GMT"; nothing when there is nothing to say. */
static void add_row(struct str *out, const char *label, const char *raw)
{
	scoped(part_fini) struct part p = PART(LINE_UNITS);

	if (!raw)
		return;
	part_say(&p, raw, TEXT_PLAIN, SIZE_MAX);
	if (p.units)
		add_clean(out, label, str_c(&p.text));
}

static void add_time(struct str *out, const char *label, const struct notice_context *c,
	struct wall t)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (t.ms)
		words_time(c, t, &text);
	else
		str_add(&text, "never");
	add_row(out, label, str_c(&text));
}

static void add_headline(struct str *out, const struct incident *in)
{
	scoped(part_fini) struct part p = PART(2 * LINE_UNITS);
	scoped(str_fini) struct str headline = STR_EMPTY;
	const struct incident_member *m = words_cause(in);

	words_headline(in, &headline);
	part_say(&p, str_c(&headline), TEXT_PLAIN, LINE_UNITS);
	if (in->state == INCIDENT_OPEN && m && m->reason && *m->reason) {
		part_add(&p, ": ");
		part_say(&p, m->reason, TEXT_PLAIN, SIZE_MAX);
	}
	str_add(out, str_c(&p.text));
}

static void add_whence(struct str *out, const struct incident *in, const struct notice_context *c)
{
	scoped(str_fini) struct str seen = STR_EMPTY;
	const struct incident_member *m = words_cause(in);

	words_seen(in, c, &seen);
	add_time(out, "since", c, in->since);
	if (words_is_over(in) && in->recovered.ms) {
		add_time(out, "back", c, in->recovered);
		add_row(out, "it was", m ? m->reason : NULL);
	} else if (!words_is_of_alerts(in)) {
		add_time(out, "last good", c, m ? m->last_ok : (struct wall){ 0 });
	}
	add_row(out, words_is_over(in) ? "was seen from" : "seen from", str_c(&seen));
}

static void add_before(struct str *out, const struct incident *in, const struct notice_context *c)
{
	if (!in->n_before)
		add_row(out, "just before", "nothing in the journal");
	for (uint32_t i = 0; i < in->n_before; i++) {
		const struct incident_before *b = &in->before[i];
		scoped(str_fini) struct str line = STR_EMPTY;

		words_time(c, b->at, &line);
		if (b->site && *b->site)
			str_addf(&line, " %s:", b->site);
		str_addf(&line, " %s", b->text ? b->text : "");
		add_row(out, i ? "" : "just before", str_c(&line));
	}
}

static void add_others(struct str *out, const struct incident *in)
{
	const char *label = words_is_of_alerts(in) ? "alerts" : "also";
	uint32_t n = 1, told = in->n_members > 0 /* the cause */, more;

	for (uint32_t i = 0; n && i < LINES_MAX; i++) {
		scoped(part_fini) struct part line = PART(LINE_UNITS);

		n = words_others(in, i, TEXT_PLAIN, &line);
		if (n)
			add_clean(out, i ? "" : label, str_c(&line.text));
		told += n;
	}
	more = in->n_members + in->more_members - told;
	if (more) {
		scoped(str_fini) struct str text = STR_EMPTY;

		str_addf(&text, "and %u more", more);
		add_clean(out, in->n_members > 1 ? "" : label, str_c(&text));
	}
}

static void add_ack(struct str *out, const struct incident *in)
{
	scoped(str_fini) struct str line = STR_EMPTY;

	if (!in->acked.ms)
		return;
	str_add(&line, in->ack_by && *in->ack_by ? in->ack_by : "somebody");
	if (in->ack_why && *in->ack_why)
		str_addf(&line, ": %s", in->ack_why);
	add_row(out, "looked after", str_c(&line));
}

void notice_plain(const struct incident *in, const struct notice_context *c, struct str *out)
{
	scoped(str_fini) struct str origin = STR_EMPTY;

	add_headline(out, in);
	if (in->state == INCIDENT_MERGED) {
		add_row(out, "goes on as", in->merged_into);
	} else {
		add_whence(out, in, c);
		add_before(out, in, c);
		add_others(out, in);
		add_ack(out, in);
	}
	add_row(out, "about", c->description);
	add_row(out, "runbook", c->runbook);
	add_row(out, "page", c->url);
	if (c->may_be_repeat)
		add_row(out, "repeat?", "an earlier attempt got no answer");
	words_origin(in, c, &origin);
	add_row(out, "from", str_c(&origin));
	str_addc(out, '\n');
}

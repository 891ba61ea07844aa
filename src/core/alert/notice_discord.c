/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One embed, readable on a phone at night: what is wrong and why first, then when, then the rest.
 *
 * Every part has a share of its own, and the shares together stay below Discord's limit for the
 * whole message, so nothing needs to be thrown out afterwards and no part can starve another.
 */
#include "base/reason.h"
#include "core/alert/notice_text.h"
#include "core/alert/notice_words.h"

#include <inttypes.h>
#include <stdio.h>

/* Discord's limits, in UTF-16 code units. */
#define CONTENT_LIMIT     2000
#define TITLE_LIMIT       256
#define DESCRIPTION_LIMIT 4096
#define VALUE_LIMIT       1024
#define FOOTER_LIMIT      2048
#define EMBEDS_LIMIT      6000

/* Our shares. */
#define CONTENT_UNITS     600
#define DESCRIPTION_UNITS 1700
#define SHORT_UNITS       300  /* values of the fields that hold a few words */
#define LIST_UNITS        1000 /* values of fields that hold lines */
#define FOOTER_UNITS      400
#define NAMES_UNITS       150 /* of all fields together */
#define SHORT_FIELDS      4   /* since, back or last good, seen from, looked after by */
#define LIST_FIELDS       2

_Static_assert(CONTENT_UNITS <= CONTENT_LIMIT && DESCRIPTION_UNITS <= DESCRIPTION_LIMIT &&
		       LIST_UNITS <= VALUE_LIMIT && FOOTER_UNITS <= FOOTER_LIMIT,
	"each part stays within its own limit");
_Static_assert(TITLE_LIMIT + DESCRIPTION_UNITS + SHORT_FIELDS * SHORT_UNITS +
			       LIST_FIELDS * LIST_UNITS + NAMES_UNITS + FOOTER_UNITS <=
		       EMBEDS_LIMIT,
	"and all of them within the limit of a message");

#define REASON_UNITS  520 /* 240 bytes, every one escaped */
#define ABOUT_UNITS   400
#define URL_UNITS     250
#define NAME_UNITS    150
#define LINES_MAX     12 /* of the other checks: more is no help on a phone */
#define TROUBLE_UNITS 90
#define BEFORE_UNITS  ((LIST_UNITS - PART_MORE_UNITS) / BEFORE_MAX - 1)

enum colour {
	RED = 0xed4245,
	ORANGE = 0xe67e22,
	YELLOW = 0xf0b232,
	GREY = 0x95a5a6,
	GREEN = 0x57f287,
};

static enum colour colour_of(const struct incident *in)
{
	const struct incident_member *m = words_cause(in);

	if (in->state == INCIDENT_MERGED || (in->is_flapping && in->state != INCIDENT_CLOSED))
		return GREY;
	if (words_is_over(in))
		return GREEN;
	if (m && ((m->state && str_eq(m->state, "silent")) ||
			 (m->scope && str_eq(m->scope, "path")) ||
			 (m->reason && str_starts(m->reason, REASON_EXPIRES))))
		return ORANGE;
	return in->severity && str_eq(in->severity, "info") ? YELLOW : RED;
}

/* Discord shows it in the reader's own zone and language.  Styles: t 15:04, T 15:04:05, f 22
 * November 2026 15:04, R 4 minutes ago. */
static void add_stamp(struct part *p, struct wall t, char style)
{
	part_addf(p, "<t:%" PRId64 ":%c>", t.ms / SECOND_MS, style);
}

static void say_site_time(struct part *p, const struct notice_context *c, struct wall t)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	words_site_time(c, t, &text);
	part_separate(p, "\n");
	part_say(p, str_c(&text), TEXT_MARKDOWN, SIZE_MAX);
}

/* "4 minutes ago", the reader's date and time, the site's time: one line each. */
static void add_instant(struct part *p, const struct notice_context *c, struct wall t)
{
	add_stamp(p, t, 'R');
	part_add(p, "\n");
	add_stamp(p, t, 'f');
	say_site_time(p, c, t);
}

static void put_field(struct json_out *w, const char *name, const struct part *value,
	bool is_inline)
{
	if (!value->units)
		return;
	json_object_open(w, NULL);
	json_text(w, "name", name);
	json_text(w, "value", str_c(&value->text));
	json_bool(w, "inline", is_inline);
	json_close(w);
}

static void field_instant(struct json_out *w, const char *name, const struct notice_context *c,
	struct wall t)
{
	scoped(part_fini) struct part p = PART(SHORT_UNITS);

	if (t.ms)
		add_instant(&p, c, t);
	else
		part_add(&p, "never");
	put_field(w, name, &p, true);
}

static void field_seen(struct json_out *w, const struct incident *in,
	const struct notice_context *c)
{
	scoped(part_fini) struct part p = PART(SHORT_UNITS);
	scoped(str_fini) struct str text = STR_EMPTY;

	words_seen(in, c, &text);
	part_say(&p, str_c(&text), TEXT_MARKDOWN, SIZE_MAX);
	put_field(w, words_is_over(in) ? "Was seen from" : "Seen from", &p, false);
}

static void field_before(struct json_out *w, const struct incident *in)
{
	scoped(part_fini) struct part p = PART(LIST_UNITS);
	struct part_list list = { &p, 0 };

	for (uint32_t i = 0; i < in->n_before; i++) {
		const struct incident_before *b = &in->before[i];
		scoped(part_fini) struct part line = PART(BEFORE_UNITS);

		add_stamp(&line, b->at, 'T');
		if (b->site && *b->site) {
			part_add(&line, " ");
			part_say(&line, b->site, TEXT_MARKDOWN, 40);
			part_add(&line, ":");
		}
		part_add(&line, " ");
		part_say(&line, b->text ? b->text : "", TEXT_MARKDOWN, SIZE_MAX);
		part_list_line(&list, str_c(&line.text), 1);
	}
	part_list_end(&list, 0);
	if (!in->n_before)
		part_add(&p, "nothing in the journal");
	put_field(w, "Changed just before", &p, false);
}

static void field_affected(struct json_out *w, const struct incident *in)
{
	scoped(part_fini) struct part p = PART(LIST_UNITS);
	struct part_list list = { &p, 0 };
	uint32_t n = 1, told = in->n_members > 0; /* the cause */

	for (uint32_t i = 0; n && i < LINES_MAX; i++) {
		scoped(part_fini) struct part line = PART(WORDS_OTHERS_UNITS);

		n = words_others(in, i, TEXT_MARKDOWN, &line);
		if (n)
			part_list_line(&list, str_c(&line.text), n);
		told += n;
	}
	part_list_end(&list, in->n_members + in->more_members - told);
	put_field(w, words_is_of_alerts(in) ? "Alerts" : "Also affected", &p, false);
}

static void field_ack(struct json_out *w, const struct incident *in)
{
	scoped(part_fini) struct part p = PART(SHORT_UNITS);

	if (!in->acked.ms)
		return;
	part_say(&p, in->ack_by && *in->ack_by ? in->ack_by : "somebody", TEXT_MARKDOWN, 80);
	part_add(&p, " since ");
	add_stamp(&p, in->acked, 't');
	if (in->ack_why && *in->ack_why) {
		part_add(&p, ": ");
		part_say(&p, in->ack_why, TEXT_MARKDOWN, SIZE_MAX);
	}
	put_field(w, "Looked after by", &p, false);
}

/* A masked link.  What could end it early is percent-encoded; what is no web address is left out,
 * and so is what is too long, for a cut link leads nowhere. */
static void add_link(struct part *p, const char *label, const char *url)
{
	scoped(str_fini) struct str safe = STR_EMPTY;

	if (!url || !(str_starts(url, "https://") || str_starts(url, "http://")))
		return;
	for (; *url; url++) {
		unsigned char c = (unsigned char)*url;

		if (c <= ' ' || c >= 0x7f || strchr("()<>[]\\\"", c))
			str_addf(&safe, "%%%02X", c);
		else
			str_addc(&safe, *url);
	}
	if (safe.len > URL_UNITS)
		return;
	part_separate(p, " · ");
	part_addf(p, "[%s](%s)", label, str_c(&safe));
}

static void say_reason(struct part *p, const struct incident *in)
{
	const struct incident_member *m = words_cause(in);

	if (in->state == INCIDENT_MERGED) {
		part_add(p, "Goes on as ");
		part_say(p, in->merged_into, TEXT_MARKDOWN, 2 * INCIDENT_ID_MAX);
		part_add(p, ", which tells the rest.");
		return;
	}
	if (!m || !m->reason || !*m->reason)
		return;
	if (words_is_over(in))
		part_add(p, "It was: ");
	part_say(p, m->reason, TEXT_MARKDOWN, REASON_UNITS);
}

static void say_flapping(struct part *p, const struct incident *in)
{
	if (!in->is_flapping)
		return;
	part_separate(p, "\n");
	part_addf(p, "Came back and failed again %u times%s", in->relapses,
		in->state == INCIDENT_CLOSED ? "." : "; said once, until it is steady.");
}

/* `headline` is repeated where it did not fit into the title. */
static void put_description(struct json_out *w, const struct incident *in,
	const struct notice_context *c, const char *headline)
{
	scoped(part_fini) struct part p = PART(DESCRIPTION_UNITS);
	scoped(part_fini) struct part links = PART(2 * URL_UNITS + 40);

	if (headline) {
		part_say(&p, headline, TEXT_MARKDOWN, 2 * TITLE_LIMIT);
		part_add(&p, "\n");
	}
	say_reason(&p, in);
	say_flapping(&p, in);
	if (c->description && *c->description) {
		part_separate(&p, "\n");
		part_say(&p, c->description, TEXT_MARKDOWN, ABOUT_UNITS);
	}
	add_link(&links, "Open", c->url);
	add_link(&links, "Runbook", c->runbook);
	if (links.units) {
		part_separate(&p, "\n");
		part_add(&p, str_c(&links.text));
	}
	if (c->may_be_repeat) {
		part_separate(&p, "\n");
		part_add(&p, "-# Maybe a repeat: an earlier attempt got no answer.");
	}
	if (p.units)
		json_text(w, "description", str_c(&p.text));
}

/* Who a configured mention calls; `key` NULL: "parse": ["everyone"]. */
struct mention {
	const char *key;
	char id[24];
};

static bool read_mention(const char *text, struct mention *ret)
{
	const char *key = "users";
	size_t n;

	if (str_eq(text, "@here") || str_eq(text, "@everyone")) {
		*ret = (struct mention){ 0 };
		return true;
	}
	if (!str_starts(text, "<@"))
		return false;
	text += 2;
	if (*text == '&')
		key = "roles";
	text += *text == '&' || *text == '!';
	n = strspn(text, "0123456789");
	if (n == 0 || n >= sizeof ret->id || !str_eq(text + n, ">"))
		return false;
	*ret = (struct mention){ .key = key };
	memcpy(ret->id, text, n);
	return true;
}

/* The line that a locked phone shows, and the only place from which anybody can be called. */
static void put_content(struct json_out *w, const char *headline, const char *reason,
	const struct notice_context *c)
{
	scoped(part_fini) struct part p = PART(CONTENT_UNITS);
	struct mention m;
	bool calls = c->is_first && c->mention && read_mention(c->mention, &m);

	if (calls)
		part_addf(&p, "%s ", c->mention);
	part_say(&p, headline, TEXT_MARKDOWN, TITLE_LIMIT);
	if (reason && *reason) {
		part_add(&p, ": ");
		part_say(&p, reason, TEXT_MARKDOWN, 200);
	}
	json_text(w, "content", str_c(&p.text));
	json_object_open(w, "allowed_mentions");
	json_array_open(w, "parse");
	if (calls && !m.key)
		json_text(w, NULL, "everyone");
	json_close(w);
	if (calls && m.key) {
		json_array_open(w, m.key);
		json_text(w, NULL, m.id);
		json_close(w);
	}
	json_close(w);
}

/* Also says whether all of it fitted. */
static bool put_title(struct json_out *w, const char *headline)
{
	scoped(part_fini) struct part p = PART(TITLE_LIMIT);
	bool is_whole = part_say(&p, headline, TEXT_MARKDOWN, SIZE_MAX);

	json_text(w, "title", p.units ? str_c(&p.text) : "something without a name");
	return is_whole;
}

static void put_footer(struct json_out *w, const struct incident *in,
	const struct notice_context *c)
{
	scoped(part_fini) struct part p = PART(FOOTER_UNITS);
	scoped(str_fini) struct str text = STR_EMPTY;

	words_origin(in, c, &text);
	part_say(&p, str_c(&text), TEXT_PLAIN, SIZE_MAX);
	json_object_open(w, "footer");
	json_text(w, "text", str_c(&p.text));
	json_close(w);
	json_time(w, "timestamp", c->now);
}

static struct wall last_good(const struct incident *in)
{
	const struct incident_member *m = words_cause(in);

	return m ? m->last_ok : (struct wall){ 0 };
}

static void put_fields(struct json_out *w, const struct incident *in,
	const struct notice_context *c)
{
	json_array_open(w, "fields");
	if (in->state != INCIDENT_MERGED) {
		field_instant(w, "Since", c, in->since);
		if (words_is_over(in) && in->recovered.ms)
			field_instant(w, "Back", c, in->recovered);
		else if (!words_is_of_alerts(in)) /* rules say what is bad, not what is good */
			field_instant(w, "Last good evidence", c, last_good(in));
		field_seen(w, in, c);
		field_before(w, in);
		field_affected(w, in);
		field_ack(w, in);
	}
	json_close(w);
}

void notice_discord(const struct incident *in, const struct notice_context *c, struct str *out)
{
	scoped(str_fini) struct str headline = STR_EMPTY;
	const struct incident_member *m = words_cause(in);
	bool says_why = in->state == INCIDENT_OPEN && m;
	struct json_out w;
	bool is_whole;

	words_headline(in, &headline);
	json_begin(&w, out);
	json_object_open(&w, NULL);
	put_content(&w, str_c(&headline), says_why ? m->reason : NULL, c);
	json_array_open(&w, "embeds");
	json_object_open(&w, NULL);
	is_whole = put_title(&w, str_c(&headline));
	put_description(&w, in, c, is_whole ? NULL : str_c(&headline));
	json_int(&w, "color", colour_of(in));
	put_fields(&w, in, c);
	put_footer(&w, in, c);
	json_close(&w);
	json_close(&w);
	json_close(&w);
}

/* Lines about those incidents that are over, or aren't, as one field. */
static void field_backlog(struct json_out *w, struct incident *const *ins, uint32_t n, bool is_over)
{
	scoped(part_fini) struct part p = PART(LIST_UNITS);
	struct part_list list = { &p, 0 };
	char name[40];
	uint32_t found = 0;

	for (uint32_t i = 0; i < n; i++) {
		scoped(str_fini) struct str headline = STR_EMPTY;
		scoped(part_fini) struct part line = PART(NAME_UNITS + TROUBLE_UNITS);

		if ((ins[i]->state != INCIDENT_OPEN) != is_over)
			continue;
		found++;
		words_headline(ins[i], &headline);
		part_say(&line, str_c(&headline), TEXT_MARKDOWN, NAME_UNITS);
		part_add(&line, ", since ");
		add_stamp(&line, ins[i]->since, 't');
		part_list_line(&list, str_c(&line.text), 1);
	}
	part_list_end(&list, 0);
	snprintf(name, sizeof name, "%s (%u)", is_over ? "Over" : "Still not well", found);
	put_field(w, name, &p, false);
}

static void put_outage(struct json_out *w, struct wall from, struct wall until,
	const struct notice_context *c)
{
	scoped(part_fini) struct part p = PART(DESCRIPTION_UNITS);
	char lasted[DURATION_TEXT_MAX];

	part_add(&p, "Nothing could be sent from ");
	add_stamp(&p, from, 'f');
	part_add(&p, " to ");
	add_stamp(&p, until, 't');
	part_addf(&p, ", %s.", duration_text(until.ms > from.ms ? until.ms - from.ms : 0, lasted));
	say_site_time(&p, c, from);
	say_site_time(&p, c, until);
	if (c->may_be_repeat)
		part_add(&p, "\n-# Maybe a repeat: an earlier attempt got no answer.");
	json_text(w, "description", str_c(&p.text));
}

static bool any_open(struct incident *const *ins, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (ins[i]->state == INCIDENT_OPEN)
			return true;
	return false;
}

void notice_backlog_discord(struct incident *const *ins, uint32_t n, struct wall from,
	struct wall until, const struct notice_context *c, struct str *out)
{
	char headline[80];
	struct json_out w;

	snprintf(headline, sizeof headline, "%u incidents while messages could not be sent", n);
	json_begin(&w, out);
	json_object_open(&w, NULL);
	put_content(&w, headline, NULL, c);
	json_array_open(&w, "embeds");
	json_object_open(&w, NULL);
	json_text(&w, "title", headline);
	put_outage(&w, from, until, c);
	json_int(&w, "color", any_open(ins, n) ? RED : GREEN);
	json_array_open(&w, "fields");
	field_backlog(&w, ins, n, false);
	field_backlog(&w, ins, n, true);
	json_close(&w);
	if (n)
		put_footer(&w, ins[0], c);
	json_close(&w);
	json_close(&w);
	json_close(&w);
}

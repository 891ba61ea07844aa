/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/incident.h"

#include <stddef.h>
#include <string.h>

/*
 * Texts are cut to these many bytes *as they stand in JSON*, so that the sum below is a bound on
 * the whole body whatever they contain, and what was cut once is not cut again when it is written
 * anew.
 */
#define TITLE_TEXT_MAX    256
#define CHECK_TEXT_MAX    (2 * NAME_BYTES_MAX + 16) /* "link:A-B" names two sites */
#define SHORT_TEXT_MAX    16
#define VANTAGES_TEXT_MAX 256
#define BEFORE_TEXT_MAX   240

/* A row without its check and reason: brackets, commas, quotes, three times of 15 digits. */
#define ROW_BYTES 84
#define ROW_CELLS 7
/* Keys, numbers and times of the body without its rows. */
#define KEYS_BYTES  640
#define TO_TEXT_MAX (CHANNELS_MAX * (NAME_BYTES_MAX + 1))
#define HEAD_BYTES                                                                        \
	(KEYS_BYTES + TITLE_TEXT_MAX + CHECK_TEXT_MAX + NAME_BYTES_MAX + SHORT_TEXT_MAX + \
		INCIDENT_ID_MAX + VANTAGES_TEXT_MAX + NEWS_BYTES_MAX + TO_TEXT_MAX +      \
		BEFORE_MAX * (BEFORE_TEXT_MAX + NAME_BYTES_MAX + 64))
/* What rows may take, but for the cause's reason, which always fits. */
#define ROWS_BYTES_MAX (EVENT_BODY_BYTES_MAX - HEAD_BYTES - REASON_BYTES_MAX)

#define TIME_MS_MAX INT64_C(253402300799999) /* the end of the year 9999 */

struct text_field {
	const char *name;
	size_t offset;
	size_t most_bytes;
	bool is_required;
};
static const struct text_field texts[] = {
	{ "owner", offsetof(struct incident, owner), NAME_BYTES_MAX, true },
	{ "cause", offsetof(struct incident, cause), CHECK_TEXT_MAX, true },
	{ "title", offsetof(struct incident, title), TITLE_TEXT_MAX, true },
	{ "severity", offsetof(struct incident, severity), SHORT_TEXT_MAX, true },
	{ "failing_from", offsetof(struct incident, failing_from), VANTAGES_TEXT_MAX, false },
	{ "news", offsetof(struct incident, news), NEWS_BYTES_MAX, false },
};

static const struct {
	const char *name;
	size_t offset;
} times[] = {
	{ "opened", offsetof(struct incident, opened) },
	{ "since", offsetof(struct incident, since) },
	{ "recovered", offsetof(struct incident, recovered) },
	{ "closed", offsetof(struct incident, closed) },
};

static const char *const state_names[] = {
	[INCIDENT_OPEN] = "open",
	[INCIDENT_RECOVERING] = "recovering",
	[INCIDENT_CLOSED] = "closed",
	[INCIDENT_MERGED] = "merged",
};

static char **text_at(struct incident *in, size_t offset)
{
	return (char **)((char *)in + offset);
}

static const char *text_of(const struct incident *in, size_t offset)
{
	const char *text = *(char *const *)((const char *)in + offset);

	return text ? text : "";
}

static struct wall *time_at(struct incident *in, size_t offset)
{
	return (struct wall *)((char *)in + offset);
}

static struct wall time_of(const struct incident *in, size_t offset)
{
	return *(const struct wall *)((const char *)in + offset);
}

const char *incident_state_name(enum incident_state s)
{
	return state_names[s];
}

/* ---- memory */

static const struct incident_told untold[CHANNELS_MAX];

/* With room for members and texts behind it. */
static struct incident *new_block(size_t more_bytes)
{
	struct incident *in = must_alloc(sizeof *in + more_bytes);

	in->block_bytes = sizeof *in + more_bytes;
	in->told = untold;
	return in;
}

struct incident *incident_new(void)
{
	return new_block(0);
}

static void release(const struct incident *in, void *p)
{
	uintptr_t block = (uintptr_t)in, at = (uintptr_t)p;

	if (at < block || at >= block + in->block_bytes)
		free(p);
}

static void release_parts(struct incident *in)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		release(in, *text_at(in, texts[i].offset));
	for (uint32_t i = 0; i < in->n_members; i++) {
		release(in, in->members[i].check);
		release(in, in->members[i].state);
		release(in, in->members[i].scope);
		release(in, in->members[i].reason);
	}
	for (uint32_t i = 0; i < in->n_before; i++) {
		release(in, in->before[i].site);
		release(in, in->before[i].text);
	}
	release(in, in->to);
	release(in, in->members);
}

void incident_free(struct incident *in)
{
	if (!in)
		return;
	if (!in->is_one_block)
		release_parts(in);
	free(in->ack_by);
	free(in->ack_why);
	if (in->told != untold)
		free((void *)(uintptr_t)in->told);
	free(in);
}

void incident_set(struct incident *in, char **field, const char *value)
{
	char *old = *field;

	in->is_one_block = false;
	*field = value ? must_strdup(value) : NULL;
	release(in, old); /* last: `value` may be part of it */
}

struct incident_told *incident_receipt(struct incident *in, uint32_t channel)
{
	if (in->told == untold)
		in->told = must_alloc(sizeof untold);
	return (struct incident_told *)(uintptr_t)&in->told[channel];
}

void incident_inherit(struct incident *in, struct incident *from)
{
	in->ack_by = TAKE(from->ack_by);
	in->ack_why = TAKE(from->ack_why);
	in->acked = from->acked;
	in->told = from->told;
	from->told = untold;
}

/* ---- writing */

/* Bytes of the well-formed UTF-8 character at `p`, or 0. */
static size_t character_bytes(const char *p)
{
	unsigned char lead = (unsigned char)*p;
	size_t n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (lead < 0x80)
		return 1;
	return strnlen(p, n) == n && utf8_valid(p, n) ? n : 0;
}

/* How long a byte of ASCII becomes in JSON (json.c writes it so). */
static size_t escaped_bytes(char c)
{
	if (c == '"' || c == '\\' || (c >= '\b' && c <= '\r' && c != '\v'))
		return 2;
	return (unsigned char)c < 0x20 ? 6 : 1;
}

/* The longest prefix of `text` that takes at most `most` bytes in JSON, quotes not counted; what it
 * takes goes to *ret_escaped.  Malformed bytes are written as U+FFFD, three bytes each. */
static size_t fitting(const char *text, size_t most, size_t *ret_escaped)
{
	size_t n = ascii_plain(text, strnlen(text, most)), escaped = n;

	while (text[n]) {
		size_t step = character_bytes(text + n);
		size_t takes = step == 0 ? 3 : step == 1 ? escaped_bytes(text[n]) : step;

		if (escaped + takes > most)
			break;
		escaped += takes;
		n += step ? step : 1;
	}
	*ret_escaped = escaped;
	return n;
}

static void write_text(struct json_out *w, const char *key, const char *text, size_t most)
{
	size_t escaped, n = fitting(text ? text : "", most, &escaped);

	json_textn(w, key, text ? text : "", n);
}

static size_t row_bytes(const char *check)
{
	size_t escaped;

	fitting(check, SIZE_MAX, &escaped);
	return ROW_BYTES + escaped;
}

static struct incident_member *find_member(struct incident *in, const char *check)
{
	for (uint32_t i = 0; i < in->n_members; i++)
		if (str_eq(in->members[i].check, check))
			return &in->members[i];
	return NULL;
}

/* The name's share of what all may take; false: it doesn't fit. */
static bool book_member(struct incident *in, const char *check)
{
	size_t bytes = row_bytes(check);

	if (in->n_members == INCIDENT_MEMBERS_MAX || bytes > ROW_BYTES + CHECK_TEXT_MAX ||
		in->member_bytes + bytes > ROWS_BYTES_MAX)
		return false;
	in->member_bytes += (uint32_t)bytes;
	return true;
}

static void grow_members(struct incident *in)
{
	uint32_t cap = in->cap_members ? 2 * in->cap_members : 8;
	struct incident_member *members = must_alloc(cap * sizeof *members);

	if (in->n_members)
		memcpy(members, in->members, in->n_members * sizeof *members);
	in->is_one_block = false;
	release(in, in->members);
	in->members = members;
	in->cap_members = cap;
}

struct incident_member *incident_member(struct incident *in, const char *check, bool may_add)
{
	struct incident_member *m = find_member(in, check);

	if (m || !may_add || !book_member(in, check))
		return m;
	if (in->n_members == in->cap_members)
		grow_members(in);
	m = &in->members[in->n_members++];
	*m = (struct incident_member){ 0 };
	incident_set(in, &m->check, check);
	return m;
}

void incident_drop_member(struct incident *in, uint32_t i)
{
	struct incident_member *m = &in->members[i];

	in->is_one_block = false;
	in->member_bytes -= (uint32_t)row_bytes(m->check);
	release(in, m->check);
	release(in, m->state);
	release(in, m->scope);
	release(in, m->reason);
	memmove(m, m + 1, (in->n_members - i - 1) * sizeof *m);
	in->n_members--;
}

/* What each reason but the first may take. */
static size_t reason_share(const struct incident *in)
{
	size_t share;

	if (in->n_members < 2)
		return 0;
	share = (ROWS_BYTES_MAX - in->member_bytes) / (in->n_members - 1);
	return share < REASON_BYTES_MAX ? share : REASON_BYTES_MAX;
}

static void write_members(const struct incident *in, struct json_out *w)
{
	size_t share = reason_share(in);

	json_array_open(w, "members");
	for (uint32_t i = 0; i < in->n_members; i++) {
		const struct incident_member *m = &in->members[i];

		json_array_open(w, NULL);
		json_text(w, NULL, m->check);
		write_text(w, NULL, m->state, SHORT_TEXT_MAX);
		write_text(w, NULL, m->scope, SHORT_TEXT_MAX);
		json_int(w, NULL, m->since.ms);
		json_int(w, NULL, m->last_ok.ms);
		json_int(w, NULL, m->recovered.ms);
		write_text(w, NULL, m->reason, i == 0 ? REASON_BYTES_MAX : share);
		json_close(w);
	}
	json_close(w);
}

static void write_before(const struct incident *in, struct json_out *w)
{
	json_array_open(w, "before");
	for (uint32_t i = 0; i < in->n_before; i++) {
		json_object_open(w, NULL);
		json_time(w, "at", in->before[i].at);
		write_text(w, "site", in->before[i].site, NAME_BYTES_MAX);
		write_text(w, "text", in->before[i].text, BEFORE_TEXT_MAX);
		json_close(w);
	}
	json_close(w);
}

void incident_write(const struct incident *in, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	for (size_t i = 0; i < COUNT(texts); i++)
		write_text(&w, texts[i].name, text_of(in, texts[i].offset), texts[i].most_bytes);
	json_text(&w, "state", incident_state_name(in->state));
	json_int(&w, "version", in->version);
	for (size_t i = 0; i < COUNT(times); i++)
		json_time(&w, times[i].name, time_of(in, times[i].offset));
	json_int(&w, "relapses", in->relapses);
	json_bool(&w, "is_flapping", in->is_flapping);
	if (in->is_muted)
		json_bool(&w, "is_muted", true);
	if (in->to)
		write_text(&w, "to", in->to, TO_TEXT_MAX);
	write_text(&w, "merged_into", in->merged_into, INCIDENT_ID_MAX - 1);
	write_members(in, &w);
	json_int(&w, "more_members", in->more_members);
	write_before(in, &w);
	json_close(&w);
}

static enum rc read_text(const struct json_node *value, const char *name, size_t most,
	const char **ret, struct err *e)
{
	if (!value || value->type != JSON_STRING)
		return err_set(e, RC_INPUT, "%s is not a text", name);
	if (value->n > most)
		return err_set(e, RC_INPUT, "%s is longer than %zu bytes", name, most);
	*ret = value->text;
	return RC_OK;
}

/* ---- reading */

/* An incident and what is left of its block. */
struct reading {
	struct incident *in;
	char *room;
	size_t room_bytes;
};

/* Members and texts of the body fit behind the incident.  Whatever else it holds is counted, too. */
static struct reading begin_reading(const struct json_node *body)
{
	const struct json_node *rows = json_node_get(body, "members");
	uint32_t n_members = rows && rows->type == JSON_ARRAY ? rows->n : 0;
	size_t rows_bytes, texts_bytes = 0;
	struct reading r;

	if (n_members > INCIDENT_MEMBERS_MAX)
		n_members = INCIDENT_MEMBERS_MAX;
	rows_bytes = n_members * sizeof(struct incident_member);
	for (const struct json_node *it = body, *end = body + body->span; it < end; it++)
		if (it->type == JSON_STRING)
			texts_bytes += it->n + 1;
	r.in = new_block(rows_bytes + texts_bytes);
	r.in->members = (struct incident_member *)(r.in + 1);
	r.in->cap_members = n_members;
	r.in->is_one_block = true;
	r.room = (char *)(r.in->members + n_members);
	r.room_bytes = texts_bytes;
	return r;
}

static char *keep(struct reading *r, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *kept = r->room;

	must(bytes <= r->room_bytes);
	memcpy(kept, text, bytes);
	r->room += bytes;
	r->room_bytes -= bytes;
	return kept;
}

static enum rc read_texts(struct reading *r, const struct json_node *body, struct err *e)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct json_node *value = json_node_get(body, texts[i].name);
		const char *text = "";
		enum rc rc = RC_OK;

		if (value || texts[i].is_required)
			rc = read_text(value, texts[i].name, texts[i].most_bytes, &text, e);
		if (rc != RC_OK)
			return rc;
		if (!*text && texts[i].is_required)
			return err_set(e, RC_INPUT, "%s is empty", texts[i].name);
		if (*text)
			*text_at(r->in, texts[i].offset) = keep(r, text);
	}
	return RC_OK;
}

static bool is_time(int64_t ms)
{
	return ms >= 0 && ms <= TIME_MS_MAX;
}

static enum rc read_times(struct incident *in, const struct json_node *body, struct err *e)
{
	for (size_t i = 0; i < COUNT(times); i++) {
		const struct json_node *value = json_node_get(body, times[i].name);
		struct wall t = json_node_time(body, times[i].name);

		if (value && value->type != JSON_NULL && (t.ms <= 0 || !is_time(t.ms)))
			return err_set(e, RC_INPUT, "%s is not a time", times[i].name);
		*time_at(in, times[i].offset) = t;
	}
	if (in->opened.ms == 0 || in->since.ms == 0)
		return err_set(e, RC_INPUT, "opened or since is missing");
	return RC_OK;
}

static enum rc read_count(const struct json_node *body, const char *name, uint32_t least,
	uint32_t *ret, struct err *e)
{
	int64_t value = json_node_int(body, name, -1);

	if (value < least || value > UINT32_MAX)
		return err_set(e, RC_INPUT, "%s is not a number from %u to %u", name, least,
			UINT32_MAX);
	*ret = (uint32_t)value;
	return RC_OK;
}

static enum rc read_state(const struct json_node *body, enum incident_state *ret, struct err *e)
{
	const char *name = json_node_text(body, "state", "");

	for (size_t i = 0; i < COUNT(state_names); i++) {
		if (str_eq(name, state_names[i])) {
			*ret = (enum incident_state)i;
			return RC_OK;
		}
	}
	return err_set(e, RC_INPUT, "state is none of open, recovering, closed, merged");
}

static enum rc read_row_times(struct incident_member *m, const struct json_node *const cells[],
	struct err *e)
{
	struct wall *const into[] = { &m->since, &m->last_ok, &m->recovered };

	for (size_t i = 0; i < COUNT(into); i++) {
		if (cells[i]->type != JSON_INTEGER || !is_time(cells[i]->integer))
			return err_set(e, RC_INPUT, "a member's time is no time");
		into[i]->ms = cells[i]->integer;
	}
	return RC_OK;
}

static enum rc read_row(struct reading *r, const struct json_node *row, struct err *e)
{
	const struct json_node *cells[ROW_CELLS];
	const char *check = "", *state = "", *scope = "", *reason = "";
	struct incident_member *m;
	uint32_t n = 0;
	enum rc rc;

	json_node_each (it, row)
		if (n < ROW_CELLS)
			cells[n++] = it;
	if (row->type != JSON_ARRAY || n < ROW_CELLS)
		return err_set(e, RC_INPUT, "a member is no row of seven");
	if ((rc = read_text(cells[0], "check", CHECK_TEXT_MAX, &check, e)) ||
		(rc = read_text(cells[1], "state", SHORT_TEXT_MAX, &state, e)) ||
		(rc = read_text(cells[2], "scope", SHORT_TEXT_MAX, &scope, e)) ||
		(rc = read_text(cells[6], "reason", REASON_BYTES_MAX, &reason, e)))
		return rc;
	if (!*check || find_member(r->in, check))
		return err_set(e, RC_INPUT, "a member without name, or twice the same");
	if (!book_member(r->in, check))
		return err_set(e, RC_INPUT, "more members than fit");
	m = &r->in->members[r->in->n_members++];
	*m = (struct incident_member){ .check = keep(r, check),
		.state = keep(r, state),
		.scope = keep(r, scope),
		.reason = keep(r, reason) };
	return read_row_times(m, cells + 3, e);
}

static enum rc read_members(struct reading *r, const struct json_node *body, struct err *e)
{
	const struct json_node *rows = json_node_get(body, "members");

	if (!rows || rows->type != JSON_ARRAY || rows->n == 0)
		return err_set(e, RC_INPUT, "members is no list, or empty");
	json_node_each (row, rows) {
		enum rc rc = read_row(r, row, e);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc read_earlier(struct reading *r, const struct json_node *entry, struct err *e)
{
	const char *site = "", *text = "";
	struct wall at = json_node_time(entry, "at");
	enum rc rc;

	if ((rc = read_text(json_node_get(entry, "site"), "site", NAME_BYTES_MAX, &site, e)) ||
		(rc = read_text(json_node_get(entry, "text"), "text", BEFORE_TEXT_MAX, &text, e)))
		return rc;
	if (!is_time(at.ms))
		return err_set(e, RC_INPUT, "at is not a time");
	r->in->before[r->in->n_before++] =
		(struct incident_before){ at, keep(r, site), keep(r, text) };
	return RC_OK;
}

static enum rc read_before(struct reading *r, const struct json_node *body, struct err *e)
{
	const struct json_node *entries = json_node_get(body, "before");

	if (!entries || entries->type != JSON_ARRAY)
		return RC_OK;
	if (entries->n > BEFORE_MAX)
		return err_set(e, RC_INPUT, "before has more than %d entries", BEFORE_MAX);
	json_node_each (entry, entries) {
		enum rc rc = read_earlier(r, entry, e);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* Ids end up in links and headers: something visible, without spaces. */
static bool is_id(const char *id)
{
	size_t n = strlen(id);

	if (n == 0 || n >= INCIDENT_ID_MAX || !utf8_valid(id, n))
		return false;
	for (; *id; id++)
		if ((unsigned char)*id <= ' ' || *id == 0x7f)
			return false;
	return true;
}

static enum rc read_merged_into(struct incident *in, const struct json_node *body, struct err *e)
{
	const char *id = json_node_text(body, "merged_into", "");

	if (*id && !is_id(id))
		return err_set(e, RC_INPUT, "merged_into is not an id");
	if (in->state == INCIDENT_MERGED && !*id)
		return err_set(e, RC_INPUT, "merged, but merged_into is empty");
	str_copy(in->merged_into, sizeof in->merged_into, id);
	return RC_OK;
}

enum rc incident_read(const char *id, const struct json_node *body, struct incident **ret,
	struct err *e)
{
	struct reading r;
	scoped(incident_free) struct incident *in = NULL;
	const char *to = json_node_text(body, "to", "");
	enum rc rc;

	if (!is_id(id))
		return err_set(e, RC_INPUT, "incident: not an id");
	if (strlen(to) > TO_TEXT_MAX)
		return err_set(e, RC_INPUT, "incident %s: too many receivers", id);
	r = begin_reading(body);
	in = r.in;
	str_copy(in->id, sizeof in->id, id);
	if ((rc = read_texts(&r, body, e)) || (rc = read_state(body, &in->state, e)) ||
		(rc = read_count(body, "version", 1, &in->version, e)) ||
		(rc = read_times(in, body, e)) ||
		(rc = read_count(body, "relapses", 0, &in->relapses, e)) ||
		(rc = read_merged_into(in, body, e)) || (rc = read_members(&r, body, e)) ||
		(rc = read_count(body, "more_members", 0, &in->more_members, e)) ||
		(rc = read_before(&r, body, e)))
		return err_in(e, rc, "incident %s", id);
	in->is_flapping = json_node_bool(body, "is_flapping", false);
	in->is_muted = json_node_bool(body, "is_muted", false);
	if (*to)
		incident_set(in, &in->to, to);
	*ret = TAKE(in);
	return RC_OK;
}

bool incident_was_told(const struct incident *in)
{
	for (uint32_t i = 0; i < CHANNELS_MAX; i++)
		if (in->told[i].version)
			return true;
	return false;
}

static void describe_ack(const struct incident *in, struct json_out *w)
{
	if (!in->acked.ms) {
		json_text(w, "ack", NULL);
		return;
	}
	json_object_open(w, "ack");
	json_text(w, "by", in->ack_by);
	json_text(w, "why", in->ack_why);
	json_time(w, "at", in->acked);
	json_close(w);
}

static void describe_members(const struct incident *in, struct json_out *w)
{
	json_array_open(w, "members");
	for (uint32_t i = 0; i < in->n_members; i++) {
		const struct incident_member *m = &in->members[i];

		json_object_open(w, NULL);
		json_text(w, "check", m->check);
		json_text(w, "state", m->state);
		json_text(w, "scope", m->scope);
		json_time(w, "since", m->since);
		json_time(w, "last_ok", m->last_ok);
		json_text(w, "reason", m->reason ? m->reason : "");
		json_time(w, "recovered", m->recovered);
		json_close(w);
	}
	json_close(w);
	json_int(w, "more_members", in->more_members);
}

void incident_describe(const struct incident *in, struct json_out *w)
{
	json_text(w, "id", in->id);
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *text = text_of(in, texts[i].offset);

		json_text(w, texts[i].name, *text || texts[i].is_required ? text : NULL);
	}
	json_text(w, "state", incident_state_name(in->state));
	json_int(w, "version", in->version);
	for (size_t i = 0; i < COUNT(times); i++)
		json_time(w, times[i].name, time_of(in, times[i].offset));
	json_text(w, "merged_into", *in->merged_into ? in->merged_into : NULL);
	if (in->to)
		json_text(w, "to", in->to);
	json_bool(w, "is_flapping", in->is_flapping);
	json_int(w, "relapses", in->relapses);
	describe_ack(in, w);
	describe_members(in, w);
	write_before(in, w);
}

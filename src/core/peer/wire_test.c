/* SPDX-License-Identifier: Apache-2.0 */
#include "core/peer/wire.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUNDS 2000

/* A random message of any kind; its heads and events live in `room`. */
struct room {
	struct link_head heads[LINK_HEADS_MAX];
	char events[4096];
};

static void random_text(struct rng *r, char *out, size_t most)
{
	static const char *const pieces[] = { "a", "B", "-", "\"", "\\", "\n", "\xc3\xa9",
		"\xe2\x82\xac", "\xf0\x9f\x90\xb3", "\x01" };
	size_t n = rng_below(r, most);

	out[0] = '\0';
	for (size_t len = 0; len < n; len = strlen(out)) {
		const char *piece = pieces[rng_below(r, COUNT(pieces))];

		if (len + strlen(piece) > most)
			break;
		strcpy(out + len, piece);
	}
}

static void random_hash(struct rng *r, struct sha256 *h)
{
	for (size_t i = 0; i < sizeof h->bytes; i++)
		h->bytes[i] = (uint8_t)rng_next(r);
}

static uint64_t random_number(struct rng *r)
{
	return rng_next(r) >> (1 + rng_below(r, 63)); /* up to INT64_MAX, all magnitudes alike */
}

static void random_heads(struct rng *r, struct link_msg *m, struct room *room, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct link_head *h = &room->heads[i];

		*h = (struct link_head){ .epoch = random_number(r), .seq = random_number(r) };
		do
			random_text(r, h->site, NAME_BYTES_MAX);
		while (h->site[0] == '\0');
		random_hash(r, &h->hash);
	}
	m->heads = room->heads;
	m->n_heads = n;
}

static void random_events(struct rng *r, struct link_msg *m, struct room *room)
{
	m->n_events = (uint32_t)rng_between(r, 1, 100);
	for (uint32_t i = 0; i < m->n_events; i++) {
		char *record = room->events + m->events_len;
		uint8_t length = (uint8_t)sprintf(record + 4, "event %u", i);

		memcpy(record, (uint8_t[]){ 0, 0, 0, length }, 4);
		m->events_len += 4u + length;
	}
	m->events = room->events;
}

static void random_part(struct rng *r, struct link_msg *m, struct room *room)
{
	m->part_len = rng_below(r, sizeof room->events);
	for (size_t i = 0; i < m->part_len; i++)
		room->events[i] = (char)rng_next(r);
	m->part = room->events;
}

static struct link_msg random_msg(struct rng *r, struct room *room)
{
	struct link_msg m = { .kind = (enum link_msg_kind)rng_below(r, LINK_MSG_KINDS) };

	if (m.kind == LINK_EVENTS)
		random_events(r, &m, room);
	else if (m.kind == LINK_BYE)
		random_text(r, m.why, sizeof m.why - 1);
	else if (m.kind == LINK_ASKING)
		random_part(r, &m, room);
	else
		random_heads(r, &m, room,
			m.kind == LINK_PULL ? 1 : (uint32_t)rng_below(r, LINK_HEADS_MAX + 1));
	if (m.kind == LINK_HELLO || m.kind == LINK_BEAT || m.kind == LINK_PULL)
		m.echo = random_number(r);
	if (m.kind == LINK_HELLO || m.kind == LINK_BEAT) {
		m.wall.ms = rng_between(r, 0, 253402300799999);
		m.beat = random_number(r);
		m.echo_held_ms = rng_between(r, 0, DAY_MS);
		m.state_digest = rng_next(r);
		m.can_deliver = rng_chance(r, 1, 2);
		if (m.kind == LINK_BEAT && rng_chance(r, 1, 2)) {
			m.heads_of = m.beat / 2 + 1;
			m.beat += m.beat < 3 ? 3 : 0;
			m.n_heads = 0;
		}
	}
	if (m.kind == LINK_HELLO) {
		m.protocol = (uint32_t)rng_next(r);
		strcpy(m.site, "dublin");
		random_hash(r, &m.lab_hash);
	}
	return m;
}

static void assert_same(const struct link_msg *a, const struct link_msg *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->protocol, b->protocol);
	assert_string_equal(a->site, b->site);
	assert_memory_equal(&a->lab_hash, &b->lab_hash, sizeof a->lab_hash);
	assert_true(a->wall.ms == b->wall.ms && a->beat == b->beat && a->echo == b->echo);
	assert_true(a->echo_held_ms == b->echo_held_ms && a->state_digest == b->state_digest);
	assert_int_equal(a->can_deliver, b->can_deliver);
	assert_true(a->heads_of == b->heads_of);
	assert_string_equal(a->why, b->why);
	assert_int_equal(a->n_events, b->n_events);
	assert_int_equal(a->events_len, b->events_len);
	if (a->events_len)
		assert_memory_equal(a->events, b->events, a->events_len);
	assert_int_equal(a->part_len, b->part_len);
	if (a->part_len)
		assert_memory_equal(a->part, b->part, a->part_len);
	assert_int_equal(a->n_heads, b->n_heads);
	for (uint32_t i = 0; i < a->n_heads; i++) {
		assert_string_equal(a->heads[i].site, b->heads[i].site);
		assert_true(a->heads[i].epoch == b->heads[i].epoch);
		assert_true(a->heads[i].seq == b->heads[i].seq);
		assert_memory_equal(&a->heads[i].hash, &b->heads[i].hash, sizeof a->heads[i].hash);
	}
}

static void what_is_written_is_read_back(void **unused)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct rng r;

	(void)unused;
	rng_seed(&r, 1);
	for (int i = 0; i < ROUNDS; i++) {
		struct room room;
		struct link_msg m = random_msg(&r, &room);
		struct wire_in in;
		struct err e = { 0 };
		size_t used;

		str_clear(&out);
		wire_write(&m, &out);
		str_add(&out, "next"); /* what follows is left alone */
		if (wire_read(out.s, out.len, &in, &used, &e) != RC_OK)
			fail_msg("%s", e.text);
		assert_int_equal(used, out.len - 4);
		assert_true(in.is_known);
		assert_same(&m, &in.msg);
	}
}

static void every_truncation_is_incomplete(void **unused)
{
	struct rng r;

	(void)unused;
	rng_seed(&r, 2);
	for (int i = 0; i < 50; i++) {
		scoped(str_fini) struct str out = STR_EMPTY;
		struct room room;
		struct link_msg m = random_msg(&r, &room);

		wire_write(&m, &out);
		for (size_t n = 0; n < out.len; n++) {
			char *exact =
				must_alloc(n + 1); /* a read beyond it is seen by sanitizers */
			struct wire_in in;
			size_t used = 1;

			memcpy(exact, out.s, n);
			assert_int_equal(wire_read(exact, n, &in, &used, NULL), RC_OK);
			assert_int_equal(used, 0);
			free(exact);
		}
	}
}

static enum rc read_frame(uint32_t length, const char *rest, size_t n, struct err *e)
{
	scoped(str_fini) struct str frame = STR_EMPTY;
	struct wire_in in;
	size_t used;

	for (int shift = 24; shift >= 0; shift -= 8)
		str_addc(&frame, (char)(length >> shift));
	str_addn(&frame, rest, n);
	return wire_read(frame.s, frame.len, &in, &used, e);
}

static void a_length_beyond_the_limit_is_an_error_at_once(void **unused)
{
	uint32_t wrong[] = { 0, 1, LINK_FRAME_BYTES_MAX + 1, INT32_MAX, UINT32_MAX };
	struct err e = { 0 };

	(void)unused;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(read_frame(wrong[i], "", 0, &e), RC_INPUT);
	assert_string_equal(e.text, "frame of 4294967295 bytes, allowed are 2 to 4194304");
	assert_int_equal(read_frame(LINK_FRAME_BYTES_MAX, "", 0, &e), RC_OK);
	assert_int_equal(read_frame(2, "", 0, &e), RC_OK);
}

static void another_version_is_an_error_before_the_frame_is_whole(void **unused)
{
	struct err e = { 0 };

	(void)unused;
	assert_int_equal(read_frame(1000, "\x02", 1, &e), RC_INPUT);
	assert_string_equal(e.text, "frame of version 2, this program speaks 1");
}

/* "GET / HTTP/1.1" and the like. */
static void plain_text_is_an_error_at_once(void **unused)
{
	struct wire_in in;
	size_t used;

	(void)unused;
	assert_int_equal(wire_read("GET / HTTP/1.1\r\n", 16, &in, &used, NULL), RC_INPUT);
}

/* A frame of this kind and body. */
static enum rc read_body(enum link_msg_kind kind, const char *body, size_t n, struct wire_in *in,
	struct err *e)
{
	scoped(str_fini) struct str frame = STR_EMPTY;
	size_t used;
	enum rc rc;

	for (int shift = 24; shift >= 0; shift -= 8)
		str_addc(&frame, (char)((n + 2) >> shift));
	str_addc(&frame, 1);
	str_addc(&frame, (char)kind);
	str_addn(&frame, body, n);
	rc = wire_read(frame.s, frame.len, in, &used, e);
	assert_int_equal(used, rc == RC_OK ? frame.len : 0);
	return rc;
}

static void unknown_kinds_are_skipped_and_unknown_members_ignored(void **unused)
{
	struct wire_in in;

	(void)unused;
	assert_int_equal(read_body(LINK_MSG_KINDS, "\0\1\2", 3, &in, NULL), RC_OK);
	assert_false(in.is_known);
	assert_int_equal(read_body(LINK_BYE, "{\"why\":\"x\",\"new\":[1]}", 21, &in, NULL), RC_OK);
	assert_true(in.is_known);
	assert_string_equal(in.msg.why, "x");
}

#define HASH "\"0000000000000000000000000000000000000000000000000000000000000000\""
#define BEAT(beat, held, wall, digest, deliver, heads)                         \
	"{\"beat\":" beat ",\"echo\":0,\"held_ms\":" held ",\"wall_ms\":" wall \
	",\"digest\":" digest ",\"can_deliver\":" deliver ",\"heads\":" heads "}"

#define HELLO_LIKE_A_BEAT                                                                   \
	"{\"protocol\":2,\"site\":\"a\",\"lab\":" HASH ",\"beat\":1,\"echo\":0,"            \
	"\"held_ms\":0,\"wall_ms\":0,\"digest\":\"0123456789abcdef\",\"can_deliver\":true," \
	"\"heads_of\":1}"

static const struct {
	enum link_msg_kind kind;
	const char *body, *why;
} incomplete[] = {
	{ LINK_BYE, "[]", "BYE: not an object" },
	{ LINK_BYE, "{}", "BYE: member \"why\" is not a text" },
	{ LINK_BEAT, BEAT("-1", "0", "0", "\"0123456789abcdef\"", "true", "[]"),
		"BEAT: member \"beat\" is not a number within its bounds" },
	{ LINK_BEAT, BEAT("1.5", "0", "0", "\"0123456789abcdef\"", "true", "[]"),
		"BEAT: member \"beat\" is not a number within its bounds" },
	{ LINK_BEAT, BEAT("1", "86400001", "0", "\"0123456789abcdef\"", "true", "[]"),
		"BEAT: member \"held_ms\" is not a number within its bounds" },
	{ LINK_BEAT, BEAT("1", "0", "253402300800000", "\"0123456789abcdef\"", "true", "[]"),
		"BEAT: member \"wall_ms\" is not a number within its bounds" },
	{ LINK_BEAT, BEAT("1", "0", "0", "7", "true", "[]"),
		"BEAT: member \"digest\" is not 16 hexadecimal digits" },
	{ LINK_BEAT, BEAT("1", "0", "0", "\"0123456789abcdeg\"", "true", "[]"),
		"BEAT: member \"digest\" is not 16 hexadecimal digits" },
	{ LINK_BEAT, BEAT("1", "0", "0", "\"0123456789abcdef\"", "1", "[]"),
		"BEAT: member \"can_deliver\" is not true or false" },
	{ LINK_BEAT, BEAT("1", "0", "0", "\"0123456789abcdef\"", "true", "[[]]"),
		"BEAT: member \"heads\" is not a list of [site, epoch, seq, hash]" },
	{ LINK_BEAT, BEAT("1", "0", "0", "\"0123456789abcdef\"", "true", "[[\"a\",1,-1," HASH "]]"),
		"BEAT: member \"heads\" is not a list of [site, epoch, seq, hash]" },
	{ LINK_BEAT, BEAT("1", "0", "0", "\"0123456789abcdef\"", "true", "[[\"\",1,1," HASH "]]"),
		"BEAT: member \"heads\" is not a list of [site, epoch, seq, hash]" },
	{ LINK_PULL, "{\"echo\":0,\"heads\":[]}", "PULL: member \"heads\" is not one head" },
	{ LINK_BEAT, BEAT("1", "0", "0", "\"0123456789abcdef\"", "true", "null"),
		"BEAT: member \"heads\" is not a list of at most 256" },
	{ LINK_BEAT, BEAT("1", "0", "0", "\"0123456789abcdef\"", "true,\"heads_of\":1", "[]"),
		"BEAT: member \"heads_of\" is not an earlier beat" },
	{ LINK_HELLO, HELLO_LIKE_A_BEAT, "HELLO: member \"heads\" is not a list of at most 256" },
	{ LINK_HELLO, "{\"protocol\":4294967296}",
		"HELLO: member \"protocol\" is not a number within its bounds" },
	{ LINK_HELLO, "{\"protocol\":1,\"site\":\"\"}", "HELLO: member \"site\" is not a name" },
	{ LINK_HELLO, "{\"protocol\":1,\"site\":\"a\",\"lab\":\"00\"}",
		"HELLO: member \"lab\" is not 64 hexadecimal digits" },
};

static void every_member_must_be_there_and_of_its_kind(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(incomplete); i++) {
		struct wire_in in;
		struct err e = { 0 };

		assert_int_equal(read_body(incomplete[i].kind, incomplete[i].body,
					 strlen(incomplete[i].body), &in, &e),
			RC_INPUT);
		assert_string_equal(e.text, incomplete[i].why);
	}
}

static void a_long_name_or_list_is_refused(void **unused)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct wire_in in;

	(void)unused;
	str_add(&body, "{\"echo\":0,\"heads\":[[\"");
	for (int i = 0; i <= NAME_BYTES_MAX; i++)
		str_addc(&body, 'x');
	str_add(&body, "\",1,1," HASH "]]}");
	assert_int_equal(read_body(LINK_PULL, body.s, body.len, &in, NULL), RC_INPUT);
	str_clear(&body);
	str_add(&body, "{\"beat\":1,\"echo\":0,\"held_ms\":0,\"wall_ms\":0,\"digest\":"
		       "\"0123456789abcdef\","
		       "\"can_deliver\":true,\"heads\":[[\"a\",1,1," HASH "]");
	for (int i = 0; i < LINK_HEADS_MAX; i++)
		str_add(&body, ",[\"a\",1,1," HASH "]");
	str_add(&body, "]}");
	assert_int_equal(read_body(LINK_BEAT, body.s, body.len, &in, NULL), RC_INPUT);
}

static void a_long_goodbye_is_cut_between_characters(void **unused)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct wire_in in;

	(void)unused;
	str_add(&body, "{\"why\":\"x");
	for (int i = 0; i < REASON_BYTES_MAX; i++)
		str_add(&body, "\xe2\x82\xac");
	str_add(&body, "\"}");
	assert_int_equal(read_body(LINK_BYE, body.s, body.len, &in, NULL), RC_OK);
	assert_int_equal(strlen(in.msg.why), 1 + (REASON_BYTES_MAX - 2) / 3 * 3);
	assert_true(utf8_valid(in.msg.why, strlen(in.msg.why)));
}

static void events_must_be_as_many_records_as_they_say(void **unused)
{
	static const struct {
		const char *body;
		size_t n;
		enum rc rc;
	} rows[] = {
		{ "\0\0\0\1\0\0\0\2{}", 10, RC_OK },
		{ "\0\0\0\2\0\0\0\2{}\0\0\0\0", 14, RC_OK },
		{ "\0\0\0\1\0\0\0\2{}\0\0\0\0", 14, RC_INPUT },
		{ "\0\0\0\2\0\0\0\2{}\0\0\0\1", 14, RC_INPUT },
		{ "\0\0\0\2\0\0\0\2{}\0\0\0", 13, RC_INPUT },
		{ "\0\0\0\2\0\0\0\2{}", 10, RC_INPUT },
		{ "\0\0\0\1\xff\xff\xff\xff{}", 10, RC_INPUT },
		{ "\0\0\0\1", 4, RC_INPUT },
		{ "\0\0\0\0", 4, RC_INPUT },
		{ "\0\0", 2, RC_INPUT },
		{ "\0\0\2\1\0\0\0\2{}", 10, RC_INPUT },
		{ "\xff\xff\xff\xff\0", 5, RC_INPUT },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wire_in in;

		assert_int_equal(read_body(LINK_EVENTS, rows[i].body, rows[i].n, &in, NULL),
			rows[i].rc);
	}
}

/* One flipped byte gives an error or another message, never a crash; sanitizers watch. */
static void damage_is_survived(void **unused)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct rng r;

	(void)unused;
	rng_seed(&r, 3);
	for (int i = 0; i < ROUNDS; i++) {
		struct room room;
		struct link_msg m = random_msg(&r, &room);
		struct wire_in in;
		size_t used;

		str_clear(&out);
		wire_write(&m, &out);
		out.s[rng_below(&r, out.len)] ^= (char)(1 + rng_below(&r, 255));
		if (wire_read(out.s, out.len, &in, &used, NULL) == RC_OK)
			assert_true(used <= out.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(every_truncation_is_incomplete),
		cmocka_unit_test(a_length_beyond_the_limit_is_an_error_at_once),
		cmocka_unit_test(another_version_is_an_error_before_the_frame_is_whole),
		cmocka_unit_test(plain_text_is_an_error_at_once),
		cmocka_unit_test(unknown_kinds_are_skipped_and_unknown_members_ignored),
		cmocka_unit_test(every_member_must_be_there_and_of_its_kind),
		cmocka_unit_test(a_long_name_or_list_is_refused),
		cmocka_unit_test(a_long_goodbye_is_cut_between_characters),
		cmocka_unit_test(events_must_be_as_many_records_as_they_say),
		cmocka_unit_test(damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/event.h"

#include "base/limits.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct event sample(void)
{
	struct event ev = {
		.site = "dublin",
		.epoch = 1763000000,
		.seq = 7,
		.hlc = 115540000000000000,
		.wall = { 1763000000123 },
		.kind = "note",
		.subject = "immich",
		.body = "{\"text\":\"Grüße\",\"by\":\"ana\"}",
	};

	for (size_t i = 0; i < sizeof ev.previous.bytes; i++)
		ev.previous.bytes[i] = (uint8_t)i;
	memset(ev.signature, 0xa5, sizeof ev.signature);
	ev.hash = event_hash(&ev);
	return ev;
}

static void write_line(const struct event *ev, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	event_write_json(ev, &w, NULL);
}

static enum rc read_line(const char *text, struct arena *a, struct event *ret, struct err *e)
{
	scoped(json_decref) json_t *object = NULL;
	enum rc rc = json_read(&object, text, strlen(text), e);

	return rc == RC_OK ? event_read_json(object, a, ret, e) : rc;
}

/* Made with Python's hashlib and struct from the layout in event.h. */
static void the_hash_covers_the_documented_bytes(void **state)
{
	struct event ev = sample();
	char hex[SHA256_HEX];

	(void)state;
	assert_string_equal(sha256_hex(&ev.hash, hex),
		"579ce19d97bf0d5703ddc06a4d695bf5d5ee540594984d1ff891aedefe4556be");
}

static void every_field_changes_the_hash(void **state)
{
	struct event same = sample(), ev[9];

	(void)state;
	for (size_t i = 0; i < COUNT(ev); i++)
		ev[i] = same;
	ev[0].site = "dubli";
	ev[1].epoch++;
	ev[2].seq++;
	ev[3].hlc++;
	ev[4].wall.ms++;
	ev[5].kind = "ack";
	ev[6].subject = "";
	ev[7].body = "{}";
	ev[8].previous.bytes[31] ^= 1;
	for (size_t i = 0; i < COUNT(ev); i++) {
		struct sha256 hash = event_hash(&ev[i]);

		assert_memory_not_equal(&hash, &same.hash, sizeof hash);
	}
}

static void text_cannot_move_from_one_field_to_the_next(void **state)
{
	struct event one = sample(), other = sample();
	struct sha256 a, b;

	(void)state;
	one.kind = "no", one.subject = "te";
	other.kind = "note", other.subject = "";
	a = event_hash(&one);
	b = event_hash(&other);
	assert_memory_not_equal(&a, &b, sizeof a);
}

static void every_kind_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_UNKNOWN; i++)
		assert_int_equal(event_kind_of(event_kind_text((enum event_kind)i)), i);
	assert_int_equal(event_kind_of("a-kind-of-next-year"), EVENT_UNKNOWN);
	assert_string_equal(event_kind_text(EVENT_UNKNOWN), "unknown");
}

static void an_event_survives_json_byte_for_byte(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"text\":\"Grüße\",\"by\":\"ana\"}",
		"{\"z\":1,\"a\":[1,-2,3.5,1e+300,true,false,null,{}],\"\":\"\"}",
		"{\"log\":\"\\u001b[31m\\n\\t\\\"\\\\/\x7f\"}",
		"{\"n\":9223372036854775807,\"m\":-9223372036854775808,\"x\":0.1}",
	};
	scoped(arena_fini) struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		scoped(str_fini) struct str first = STR_EMPTY, second = STR_EMPTY;
		struct event ev = sample(), back;
		struct err e = { 0 };

		ev.body = bodies[i];
		ev.hash = event_hash(&ev);
		assert_int_equal(event_validate(&ev, &e), RC_OK);
		write_line(&ev, &first);
		assert_null(strchr(str_c(&first), '\n'));
		assert_int_equal(read_line(str_c(&first), &a, &back, &e), RC_OK);
		write_line(&back, &second);
		assert_string_equal(str_c(&first), str_c(&second));
		assert_string_equal(back.body, ev.body);
		back.hash = event_hash(&back);
		assert_memory_equal(&back.hash, &ev.hash, sizeof ev.hash);
		assert_memory_equal(back.signature, ev.signature, sizeof ev.signature);
	}
}

/* Random documents: whatever spelling they come in, they have one afterwards. */
static void random_value(struct rng *r, struct str *out, int depth)
{
	static const char *const scalars[] = { "1", "-0", "0.0", "-0.0", "1.0", "1e5", "1E+2",
		"123456789012345678", "1.2345678901234568e17", "1e-7", "5e-324", "\"\\u00e9\"",
		"\"\\/\"", "\"\\u001F\"", "\"é\"", "true", "null", "100000000000000.0", "1e15",
		"1e16" };
	size_t n = rng_below(r, 4);

	if (depth == 0 || rng_chance(r, 1, 2)) {
		str_add(out, scalars[rng_below(r, COUNT(scalars))]);
		return;
	}
	str_add(out, "[ ");
	for (size_t i = 0; i < n; i++) {
		str_add(out, i ? "\n,\t" : "");
		random_value(r, out, depth - 1);
	}
	str_add(out, "]");
}

static void spelling_a_body_twice_changes_nothing(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	for (int i = 0; i < 2000; i++) {
		scoped(str_fini) struct str text = STR_EMPTY, once = STR_EMPTY, twice = STR_EMPTY;
		scoped(json_decref) json_t *first = NULL, *second = NULL;

		str_add(&text, "{\"x\" : ");
		random_value(&r, &text, 4);
		str_add(&text, "}");
		assert_int_equal(json_read(&first, str_c(&text), text.len, NULL), RC_OK);
		assert_int_equal(event_write_body(first, &once, NULL), RC_OK);
		assert_int_equal(json_read(&second, str_c(&once), once.len, NULL), RC_OK);
		assert_int_equal(event_write_body(second, &twice, NULL), RC_OK);
		assert_string_equal(str_c(&once), str_c(&twice));
	}
}

/* The slow way: read it, write it, compare. */
static bool is_spelt_when_read(const char *text, size_t n)
{
	scoped(str_fini) struct str spelt = STR_EMPTY;
	scoped(json_decref) json_t *object = NULL;

	return json_read(&object, text, n, NULL) == RC_OK &&
	       event_write_body(object, &spelt, NULL) == RC_OK && spelt.len == n &&
	       memcmp(str_c(&spelt), text, n) == 0;
}

static void a_look_at_the_spelling_finds_what_our_cores_write(void **state)
{
	static const char *const bodies[] = { "{}", "{\"a\":[],\"b\":{}}",
		"{\"word\":\"failing\",\"reason\":\"HTTP 502, wanted 200\",\"took_us\":-1}",
		"{\"text\":\"Gr\303\274\303\237e \\\"\\\\\\n\",\"n\":[0,10,true,false,null]}" };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_true(is_spelt_when_read(bodies[i], strlen(bodies[i])));
		assert_true(event_body_is_spelt(bodies[i], strlen(bodies[i])));
	}
}

static void a_look_at_the_spelling_is_never_more_lenient_than_reading(void **state)
{
	static const char good[] = "{\"a\":\"x\\n\303\274\",\"b\":[-12,0,{\"a\":true}],\"c\":null}";
	static const char bytes[] = "\"\\{}[],: 0-19.eEuntfa/\001\037\177\200\303\274\377";
	char text[sizeof good];
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (int i = 0; i < 200000; i++) {
		size_t n = sizeof good - 1;

		memcpy(text, good, sizeof good);
		for (uint64_t changes = 1 + rng_below(&r, 3); changes > 0; changes--)
			text[rng_below(&r, n)] = bytes[rng_below(&r, sizeof bytes - 1)];
		if (event_body_is_spelt(text, n))
			assert_true(is_spelt_when_read(text, n));
	}
}

static void a_body_in_another_spelling_is_refused(void **state)
{
	static const char *const bodies[] = { "{ }", "{\n}", "{\"a\":1.0}", "{\"a\":\"\\u00e9\"}",
		"[]", "1", "", "{", "{\"a\":-0}", "{\"a\":01}", "{\"a\":1,}",
		"{\"a\":[{\"b\":1,\"b\":2}]}", "{\"a\":1,\"a\":2}", "{}{}", "{\"a\":\"\xff\"}",
		NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct event ev = sample();

		ev.body = bodies[i];
		assert_int_equal(event_validate(&ev, NULL), RC_INPUT);
	}
}

static void names_out_of_bounds_are_refused(void **state)
{
	char long_name[NAME_BYTES_MAX + 2], long_subject[EVENT_SUBJECT_BYTES_MAX + 2];
	struct event ev[11];
	size_t n = 0;

	(void)state;
	memset(long_name, 'x', sizeof long_name);
	memset(long_subject, 'x', sizeof long_subject);
	long_name[sizeof long_name - 1] = long_subject[sizeof long_subject - 1] = '\0';
	for (size_t i = 0; i < COUNT(ev); i++)
		ev[i] = sample();
	ev[n++].site = "";
	ev[n++].site = NULL;
	ev[n++].site = long_name;
	ev[n++].site = "dub\nlin";
	ev[n++].site = "dub\xfflin";
	ev[n++].kind = "";
	ev[n++].kind = long_name;
	ev[n++].kind = "\x1b[31m";
	ev[n++].subject = NULL;
	ev[n++].subject = long_subject;
	ev[n++].subject = "\x7f";
	for (size_t i = 0; i < n; i++) {
		struct err e = { 0 };

		assert_int_not_equal(event_validate(&ev[i], &e), RC_OK);
		assert_string_not_equal(e.text, "");
	}
}

static void numbers_out_of_range_are_refused(void **state)
{
	struct event ev[8];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ev); i++)
		ev[i] = sample();
	ev[n++].epoch = 0;
	ev[n++].epoch = (uint64_t)INT64_MAX + 1;
	ev[n++].seq = 0;
	ev[n++].seq = UINT64_MAX;
	ev[n++].hlc = 0;
	ev[n++].hlc = INT64_MAX;
	ev[n++].wall.ms = -1;
	ev[n++].wall.ms = EVENT_WALL_MAX_MS + 1;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(event_validate(&ev[i], NULL), RC_INPUT);
}

static void a_body_nested_too_deep_or_too_long_is_a_limit_not_a_crash(void **state)
{
	scoped(str_fini) struct str deep = STR_EMPTY, wide = STR_EMPTY;
	struct event ev = sample();

	(void)state;
	str_add(&deep, "{\"a\":");
	for (int i = 0; i < EVENT_BODY_DEPTH_MAX; i++)
		str_addc(&deep, '[');
	for (int i = 0; i < EVENT_BODY_DEPTH_MAX; i++)
		str_addc(&deep, ']');
	str_addc(&deep, '}');
	ev.body = str_c(&deep);
	assert_int_equal(event_validate(&ev, NULL), RC_LIMIT);
	str_add(&wide, "{\"a\":\"");
	while (wide.len < EVENT_BODY_BYTES_MAX - 2)
		str_addc(&wide, 'x');
	str_add(&wide, "\"}");
	ev.body = str_c(&wide);
	assert_int_equal(wide.len, EVENT_BODY_BYTES_MAX);
	assert_int_equal(event_validate(&ev, NULL), RC_OK);
	str_consume(&wide, 1);
	str_add(&wide, "  ");
	ev.body = str_c(&wide);
	assert_int_equal(event_validate(&ev, NULL), RC_LIMIT);
}

static void the_deepest_body_travels_inside_a_message(void **state)
{
	scoped(str_fini) struct str deep = STR_EMPTY, line = STR_EMPTY;
	scoped(arena_fini) struct arena a = { 0 };
	struct event ev = sample(), back;

	(void)state;
	str_add(&deep, "{\"a\":");
	for (int i = 1; i < EVENT_BODY_DEPTH_MAX; i++)
		str_addc(&deep, '[');
	for (int i = 1; i < EVENT_BODY_DEPTH_MAX; i++)
		str_addc(&deep, ']');
	str_addc(&deep, '}');
	ev.body = str_c(&deep);
	assert_int_equal(event_validate(&ev, NULL), RC_OK);
	write_line(&ev, &line);
	assert_int_equal(read_line(str_c(&line), &a, &back, NULL), RC_OK);
}

/* Each member in turn missing, and of another type. */
static void a_line_that_lacks_a_member_is_refused(void **state)
{
	static const char *const members[] = { "site", "epoch", "seq", "hlc", "wall", "kind",
		"subject", "body", "previous", "hash", "signature" };
	scoped(str_fini) struct str line = STR_EMPTY;
	struct event ev = sample(), back;
	scoped(arena_fini) struct arena a = { 0 };

	(void)state;
	write_line(&ev, &line);
	for (size_t i = 0; i < COUNT(members); i++) {
		scoped(json_decref) json_t *object = NULL;
		struct err e = { 0 };

		assert_int_equal(json_read(&object, str_c(&line), line.len, NULL), RC_OK);
		json_object_set_new(object, members[i], json_array());
		assert_int_equal(event_read_json(object, &a, &back, &e), RC_INPUT);
		assert_non_null(strstr(e.text, members[i]));
		json_object_del(object, members[i]);
		assert_int_equal(event_read_json(object, &a, &back, &e), RC_INPUT);
	}
}

static void members_of_a_newer_program_are_ignored(void **state)
{
	scoped(str_fini) struct str line = STR_EMPTY;
	scoped(arena_fini) struct arena a = { 0 };
	struct event ev = sample(), back;
	struct json_out w;

	(void)state;
	json_begin(&w, &line);
	json_object_open(&w, NULL);
	event_write_members(&ev, &w);
	json_int(&w, "cursor", 12);
	json_text(&w, "text", "dublin: Grüße");
	json_close(&w);
	assert_int_equal(read_line(str_c(&line), &a, &back, NULL), RC_OK);
	assert_int_equal(back.seq, ev.seq);
}

static void an_arena_that_is_full_is_a_limit_not_a_crash(void **state)
{
	scoped(str_fini) struct str line = STR_EMPTY;
	struct event ev = sample(), back;

	(void)state;
	write_line(&ev, &line);
	for (size_t budget = 16; budget < 128; budget += 16) {
		scoped(arena_fini) struct arena a = { .budget_bytes = budget };
		enum rc rc = read_line(str_c(&line), &a, &back, NULL);

		assert_true(rc == RC_LIMIT || (rc == RC_OK && budget >= 80));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_covers_the_documented_bytes),
		cmocka_unit_test(every_field_changes_the_hash),
		cmocka_unit_test(text_cannot_move_from_one_field_to_the_next),
		cmocka_unit_test(every_kind_has_a_text_of_its_own),
		cmocka_unit_test(an_event_survives_json_byte_for_byte),
		cmocka_unit_test(spelling_a_body_twice_changes_nothing),
		cmocka_unit_test(a_look_at_the_spelling_finds_what_our_cores_write),
		cmocka_unit_test(a_look_at_the_spelling_is_never_more_lenient_than_reading),
		cmocka_unit_test(a_body_in_another_spelling_is_refused),
		cmocka_unit_test(names_out_of_bounds_are_refused),
		cmocka_unit_test(numbers_out_of_range_are_refused),
		cmocka_unit_test(a_body_nested_too_deep_or_too_long_is_a_limit_not_a_crash),
		cmocka_unit_test(the_deepest_body_travels_inside_a_message),
		cmocka_unit_test(a_line_that_lacks_a_member_is_refused),
		cmocka_unit_test(members_of_a_newer_program_are_ignored),
		cmocka_unit_test(an_arena_that_is_full_is_a_limit_not_a_crash),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}

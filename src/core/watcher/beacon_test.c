/* SPDX-License-Identifier: Apache-2.0 */
#include "core/watcher/watcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 4 * WATCH_BODY_BYTES_MAX);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static enum rc read_beacon(const char *text, struct beacon *ret, struct err *e)
{
	return beacon_read(text, strlen(text), &arena, ret, e);
}

static enum rc read_answer(const char *text, struct beacon_answer *ret, struct err *e)
{
	return beacon_answer_read(text, strlen(text), &arena, ret, e);
}

static struct beacon full_beacon(void)
{
	struct beacon b = { .lab = "home",
		.site = "dublin",
		.boot = 1767225600000,
		.seq = 42,
		.wall = { 1767225642123 },
		.hears = { "mumbai" },
		.n_hears = 1,
		.told = { "site:mumbai", "immich \"quoted\" \xe2\x82\xac" },
		.n_told = 2,
		.wants_drill = true,
		.deliver = { { .number = UINT64_MAX - 1,
				     .channel = "discord",
				     .is_edit = true,
				     .message = "1180",
				     .payload = "{\"content\":\"\\n\"}" },
			{ .number = 2, .channel = "mail", .payload = "Subject: x\r\n\r\ny\r\n" } },
		.n_deliver = 2 };

	return b;
}

static void a_beacon_is_read_as_it_was_written(void **state)
{
	struct beacon b = full_beacon(), r;
	scoped(str_fini) struct str text = STR_EMPTY;

	(void)state;
	beacon_write(&b, &text);
	assert_int_equal(read_beacon(str_c(&text), &r, NULL), RC_OK);
	assert_string_equal(r.lab, "home");
	assert_string_equal(r.site, "dublin");
	assert_int_equal(r.boot, b.boot);
	assert_int_equal(r.seq, 42);
	assert_int_equal(r.wall.ms, b.wall.ms);
	assert_int_equal(r.n_hears, 1);
	assert_string_equal(r.hears[0], "mumbai");
	assert_int_equal(r.n_told, 2);
	assert_string_equal(r.told[0], "site:mumbai");
	assert_string_equal(r.told[1], b.told[1]);
	assert_true(r.wants_drill);
	assert_int_equal(r.n_deliver, 2);
	assert_true(r.deliver[0].number == UINT64_MAX - 1);
	assert_string_equal(r.deliver[0].channel, "discord");
	assert_true(r.deliver[0].is_edit);
	assert_string_equal(r.deliver[0].message, "1180");
	assert_string_equal(r.deliver[0].payload, "{\"content\":\"\\n\"}");
	assert_false(r.deliver[1].is_edit);
	assert_string_equal(r.deliver[1].message, "");
	assert_string_equal(r.deliver[1].payload, "Subject: x\r\n\r\ny\r\n");
}

static void an_answer_is_read_as_it_was_written(void **state)
{
	struct beacon_answer a = { .watcher = "webhost",
		.boot = 7,
		.seq = 8,
		.wall = { 1767225642123 },
		.sites = { { .site = "dublin", .is_heard = true, .since = { 1767225600000 } },
			{ .site = "mumbai",
				.quiet_ms = -1,
				.since = { 1767225600001 },
				.told = { "immich", "link:dublin-mumbai" },
				.n_told = 2 } },
		.n_sites = 2,
		.receipts = { { .number = 3, .is_delivered = true, .message = "1180" },
			{ .number = 4, .is_lost = true, .reason = "HTTP 404" },
			{ .number = 5, .is_unanswered = true, .reason = "no answer" } },
		.n_receipts = 3,
		.drill_done = true,
		.drill_ok = false,
		.drill_reason = "HTTP 500",
		.config_why = "lab.yaml:3:1: no such key",
		.lab_hash = sha256_of("lab", 3) };
	struct beacon_answer r;
	scoped(str_fini) struct str text = STR_EMPTY;

	(void)state;
	beacon_answer_write(&a, &text);
	assert_int_equal(read_answer(str_c(&text), &r, NULL), RC_OK);
	assert_string_equal(r.watcher, "webhost");
	assert_int_equal(r.boot, 7);
	assert_int_equal(r.seq, 8);
	assert_int_equal(r.wall.ms, a.wall.ms);
	assert_int_equal(r.n_sites, 2);
	assert_string_equal(r.sites[0].site, "dublin");
	assert_true(r.sites[0].is_heard);
	assert_int_equal(r.sites[0].quiet_ms, 0);
	assert_int_equal(r.sites[0].since.ms, 1767225600000);
	assert_int_equal(r.sites[0].n_told, 0);
	assert_false(r.sites[1].is_heard);
	assert_int_equal(r.sites[1].quiet_ms, -1);
	assert_int_equal(r.sites[1].n_told, 2);
	assert_string_equal(r.sites[1].told[1], "link:dublin-mumbai");
	assert_int_equal(r.n_receipts, 3);
	assert_int_equal(r.receipts[0].number, 3);
	assert_true(r.receipts[0].is_delivered);
	assert_false(r.receipts[0].is_lost);
	assert_string_equal(r.receipts[0].message, "1180");
	assert_false(r.receipts[1].is_delivered);
	assert_true(r.receipts[1].is_lost);
	assert_string_equal(r.receipts[1].reason, "HTTP 404");
	assert_false(r.receipts[1].is_unanswered);
	assert_true(r.receipts[2].is_unanswered);
	assert_false(r.receipts[2].is_delivered);
	assert_true(r.drill_done);
	assert_false(r.drill_ok);
	assert_string_equal(r.drill_reason, "HTTP 500");
	assert_string_equal(r.config_why, "lab.yaml:3:1: no such key");
	assert_memory_equal(&r.lab_hash, &a.lab_hash, sizeof r.lab_hash);
}

static void what_a_beacon_must_say_is_named_when_it_is_missing(void **state)
{
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{ "", "beacon: " },
		{ "7", "\"lab\" is missing" },
		{ "{\"site\":\"x\"}", "\"lab\" is missing" },
		{ "{\"lab\":\"\",\"site\":\"x\"}", "\"lab\" is missing" },
		{ "{\"lab\":5,\"site\":\"x\"}", "\"lab\" is missing" },
		{ "{\"lab\":\"x\"}", "\"site\" is missing" },
		{ "{\"lab\":\"x\",\"site\":\"y\",\"deliver\":[{}]}",
			"deliver[0]: \"channel\" is missing" },
		{ "{\"lab\":\"x\",\"site\":\"y\",\"deliver\":[{\"channel\":\"c\"}]}",
			"deliver[0]: \"payload\" is missing" },
		{ "{\"lab\":\"x\",\"site\":\"y\",\"deliver\":[{\"channel\":\"c\",\"payload\":\"\"}]"
		  "}",
			"deliver[0]: \"payload\" is missing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct beacon b;
		struct err e = { 0 };

		assert_int_equal(read_beacon(rows[i].text, &b, &e), RC_INPUT);
		assert_non_null(strstr(e.text, rows[i].complaint));
	}
}

static void names_and_ids_beyond_their_limits_are_refused(void **state)
{
	char text[1024], name[NAME_BYTES_MAX + 2], id[200];
	struct beacon b;
	struct err e = { 0 };

	(void)state;
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	snprintf(text, sizeof text, "{\"lab\":\"%s\",\"site\":\"x\"}", name);
	assert_int_equal(read_beacon(text, &b, &e), RC_INPUT);
	assert_non_null(strstr(e.text, "\"lab\" is longer than 64 bytes"));
	name[NAME_BYTES_MAX] = '\0';
	snprintf(text, sizeof text, "{\"lab\":\"%s\",\"site\":\"x\"}", name);
	assert_int_equal(read_beacon(text, &b, &e), RC_OK);
	memset(id, '1', sizeof id);
	id[128] = '\0';
	snprintf(text, sizeof text,
		"{\"lab\":\"x\",\"site\":\"y\",\"deliver\":[{\"channel\":\"c\",\"payload\":\"p\","
		"\"message\":\"%s\"}]}",
		id);
	assert_int_equal(read_beacon(text, &b, &e), RC_INPUT);
	assert_non_null(strstr(e.text, "\"message\" is too long"));
}

static void more_deliveries_than_a_beacon_carries_are_refused(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct beacon b;
	struct err e = { 0 };

	(void)state;
	str_add(&text, "{\"lab\":\"x\",\"site\":\"y\",\"deliver\":[");
	for (int i = 0; i <= BEACON_DELIVER_MAX; i++)
		str_addf(&text, "%s{\"channel\":\"c\",\"payload\":\"p\"}", i ? "," : "");
	str_add(&text, "]}");
	assert_int_equal(read_beacon(str_c(&text), &b, &e), RC_LIMIT);
}

static void a_beacon_that_exceeds_its_memory_is_refused(void **state)
{
	struct beacon b = full_beacon();
	scoped(str_fini) struct str text = STR_EMPTY;
	struct beacon r;

	(void)state;
	arena_fini(&arena);
	arena_init(&arena, 64);
	beacon_write(&b, &text);
	assert_int_equal(read_beacon(str_c(&text), &r, NULL), RC_LIMIT);
}

static void what_is_told_is_cut_at_its_limit_and_nonsense_in_it_skipped(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct beacon b;

	(void)state;
	str_add(&text, "{\"lab\":\"x\",\"site\":\"y\",\"told\":[7,\"\",null");
	for (int i = 0; i < BEACON_TOLD_MAX + 5; i++)
		str_addf(&text, ",\"check-%d\"", i);
	str_add(&text, "]}");
	assert_int_equal(read_beacon(str_c(&text), &b, NULL), RC_OK);
	assert_int_equal(b.n_told, BEACON_TOLD_MAX);
	assert_string_equal(b.told[0], "check-0");
}

static void an_answer_beyond_its_limits_is_cut(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct beacon_answer a;

	(void)state;
	str_add(&text, "{\"watcher\":\"w\",\"sites\":[{\"site\":7},{}");
	for (int i = 0; i < SITES_MAX + 3; i++)
		str_addf(&text, ",{\"site\":\"s%d\"}", i);
	str_add(&text, "],\"receipts\":[");
	for (int i = 0; i < BEACON_DELIVER_MAX + 3; i++)
		str_addf(&text, "%s{\"number\":%d}", i ? "," : "", i + 1);
	str_add(&text, "]}");
	assert_int_equal(read_answer(str_c(&text), &a, NULL), RC_OK);
	assert_int_equal(a.n_sites, SITES_MAX);
	assert_string_equal(a.sites[0].site, "s0");
	assert_int_equal(a.sites[0].quiet_ms, -1);
	assert_int_equal(a.n_receipts, BEACON_DELIVER_MAX);
	assert_int_equal(a.receipts[BEACON_DELIVER_MAX - 1].number, BEACON_DELIVER_MAX);
}

static void an_answer_without_a_name_is_none(void **state)
{
	struct beacon_answer a;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(read_answer("{}", &a, &e), RC_INPUT);
	assert_string_equal(e.text, "answer of the watcher: \"watcher\" is missing");
	assert_int_equal(read_answer("<html>", &a, &e), RC_INPUT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_beacon_is_read_as_it_was_written),
		TEST(an_answer_is_read_as_it_was_written),
		TEST(what_a_beacon_must_say_is_named_when_it_is_missing),
		TEST(names_and_ids_beyond_their_limits_are_refused),
		TEST(more_deliveries_than_a_beacon_carries_are_refused),
		TEST(a_beacon_that_exceeds_its_memory_is_refused),
		TEST(what_is_told_is_cut_at_its_limit_and_nonsense_in_it_skipped),
		TEST(an_answer_beyond_its_limits_is_cut),
		TEST(an_answer_without_a_name_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

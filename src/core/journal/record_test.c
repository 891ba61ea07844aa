/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/event.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LENGTH_BYTES 4

static struct event sample(void)
{
	struct event ev = {
		.site = "dublin",
		.epoch = 1763000000,
		.seq = 7,
		.hlc = 115540000000000000,
		.wall = { 1763000000123 },
		.kind = "note",
		.subject = "",
		.body = "{\"text\":\"Grüße\",\"by\":\"ana\"}",
	};

	memset(ev.previous.bytes, 1, sizeof ev.previous.bytes);
	memset(ev.signature, 0xa5, sizeof ev.signature);
	ev.hash = event_hash(&ev);
	return ev;
}

static enum rc read_all(const struct str *records, struct event *ret, size_t n)
{
	const char *at = str_c(records), *end = at + records->len;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = event_read_record(&at, end, &ret[i], NULL);
	return rc == RC_OK && at != end ? RC_CONFLICT : rc;
}

static void an_event_survives_as_a_record(void **state)
{
	scoped(str_fini) struct str records = STR_EMPTY;
	struct event ev = sample(), back[2];
	struct sha256 hash;

	(void)state;
	event_write_record(&ev, &records);
	ev.seq++;
	event_write_record(&ev, &records);
	assert_int_equal(read_all(&records, back, COUNT(back)), RC_OK);
	assert_int_equal(back[0].seq, 7);
	assert_int_equal(back[1].seq, 8);
	assert_string_equal(back[1].body, ev.body);
	assert_string_equal(back[1].subject, "");
	assert_int_equal(back[1].wall.ms, ev.wall.ms);
	assert_memory_equal(back[1].signature, ev.signature, sizeof ev.signature);
	hash = event_hash(&back[0]);
	assert_memory_equal(&hash, &back[0].hash, sizeof hash);
}

static void what_the_hash_covers_travels_as_it_is_hashed(void **state)
{
	scoped(str_fini) struct str record = STR_EMPTY;
	struct event ev = sample();
	struct sha256 hash;

	(void)state;
	event_write_record(&ev, &record);
	hash = sha256_of(record.s + LENGTH_BYTES,
		record.len - LENGTH_BYTES - SHA256_BYTES - SIGNATURE_BYTES);
	assert_memory_equal(&hash, &ev.hash, sizeof hash);
}

static void a_record_that_is_cut_off_anywhere_is_refused(void **state)
{
	scoped(str_fini) struct str record = STR_EMPTY;
	struct event ev = sample(), back;

	(void)state;
	event_write_record(&ev, &record);
	for (size_t n = 0; n < record.len; n++) {
		/* Of its exact size, for the sanitizers. */
		scoped(mem_free) char *cut = must_alloc(n + 1);
		struct str whole = { .s = cut, .len = n };
		uint8_t length = (uint8_t)(n - LENGTH_BYTES);

		memcpy(cut, record.s, n);
		assert_int_equal(read_all(&whole, &back, 1), RC_INPUT);
		if (n < LENGTH_BYTES)
			continue;
		cut[2] = 0; /* and says so */
		cut[3] = (char)length;
		assert_int_equal(read_all(&whole, &back, 1), RC_INPUT);
	}
}

static void a_record_with_more_than_an_event_in_it_is_refused(void **state)
{
	scoped(str_fini) struct str record = STR_EMPTY;
	struct event ev = sample(), back;

	(void)state;
	event_write_record(&ev, &record);
	str_addc(&record, '\0');
	assert_int_equal(read_all(&record, &back, 1), RC_CONFLICT); /* another begins there */
	record.s[3]++;
	assert_int_equal(read_all(&record, &back, 1), RC_INPUT);
}

static void a_record_of_another_version_is_refused(void **state)
{
	scoped(str_fini) struct str record = STR_EMPTY;
	struct event ev = sample(), back;
	struct err e = { 0 };
	const char *at;

	(void)state;
	event_write_record(&ev, &record);
	at = record.s;
	*strchr(record.s + LENGTH_BYTES, '1') = '2';
	assert_int_equal(event_read_record(&at, record.s + record.len, &back, &e), RC_INPUT);
	assert_string_equal(e.text, "not the record of an event");
	assert_ptr_equal(at, record.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_survives_as_a_record),
		cmocka_unit_test(what_the_hash_covers_travels_as_it_is_hashed),
		cmocka_unit_test(a_record_that_is_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_record_with_more_than_an_event_in_it_is_refused),
		cmocka_unit_test(a_record_of_another_version_is_refused),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}

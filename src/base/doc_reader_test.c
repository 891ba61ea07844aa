/* SPDX-License-Identifier: Apache-2.0 */
#include "base/doc_reader.h"

#include "base/doc_fixture.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct part {
	const char *name;
	uint64_t count;
};
struct whole {
	const char *text, *path;
	bool flag;
	int8_t set;
	int64_t every_ms;
	uint64_t count, size;
	double number;
	int choice;
	struct doc_texts texts;
	struct labels labels;
	struct secret secret;
	struct part part, *pointer;
	struct part *list;
	uint32_t n_list;
};

static const struct doc_key part_keys[] = {
	{ "name", doc_text, offsetof(struct part, name) },
	{ "count", doc_count, offsetof(struct part, count) },
	{ 0 },
};
static void part_init(struct doc_reader *r, void *to)
{
	(void)r;
	((struct part *)to)->count = 7;
}
static const struct doc_shape part_shape = {
	.name = "part",
	.size_bytes = sizeof(struct part),
	.keys = part_keys,
	.init = part_init,
};
static const struct doc_choice choices[] = { { "red", 1 }, { "green", 2 }, { 0 } };
static const struct doc_key whole_keys[] = {
	{ "text", doc_text, offsetof(struct whole, text) },
	{ "path", doc_path, offsetof(struct whole, path) },
	{ "flag", doc_flag, offsetof(struct whole, flag) },
	{ "set", doc_flag_set, offsetof(struct whole, set) },
	{ "every", doc_duration, offsetof(struct whole, every_ms) },
	{ "count", doc_count, offsetof(struct whole, count) },
	{ "size", doc_size, offsetof(struct whole, size) },
	{ "number", doc_number, offsetof(struct whole, number) },
	{ "choice", doc_choose, offsetof(struct whole, choice), .choices = choices },
	{ "texts", doc_text_list, offsetof(struct whole, texts) },
	{ "labels", doc_labels, offsetof(struct whole, labels) },
	{ "secret", doc_secret, offsetof(struct whole, secret) },
	{ "part", doc_mapping, offsetof(struct whole, part), .shape = &part_shape },
	{ "pointer", doc_pointer, offsetof(struct whole, pointer), .shape = &part_shape },
	{ "list", doc_list, offsetof(struct whole, list), .shape = &part_shape },
	{ "old", doc_ignored },
	{ "never", doc_refused, .hint = "use choice" },
	{ "not_on", doc_refused_flag },
	{ 0 },
};
static void whole_init(struct doc_reader *r, void *to)
{
	struct whole *w = to;

	(void)r;
	w->text = "default";
	w->set = -1;
	w->every_ms = 1;
}
static const struct doc_shape whole_shape = {
	.name = "whole",
	.size_bytes = sizeof(struct whole),
	.keys = whole_keys,
	.init = whole_init,
};

struct fixture {
	struct arena arena;
	struct findings findings;
	struct doc *doc;
	struct whole whole;
};

static void fixture_fini(struct fixture *f)
{
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
	arena_fini(&f->arena);
}
SCOPED_FINI(fixture_fini, struct fixture)

static void read(struct fixture *f, const char *text, size_t budget)
{
	struct doc_reader r = {
		.arena = &f->arena,
		.findings = &f->findings,
		.file = "test.yml",
		.folder = "/etc/",
	};

	arena_init(&f->arena, budget);
	f->doc = doc_fixture(text);
	doc_read(&r, &whole_shape, f->doc->root, &f->whole);
}

static void every_kind_of_value_is_read(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct whole *w = &f.whole;

	(void)state;
	read(&f,
		"{text: 5, path: a/b, flag: yes, set: false, every: 1m30s, count: 12,\n"
		"size: 10MB, number: 1.5, choice: green, texts: [a, 'b c'], labels: {z: 1, a: x},\n"
		"part: {name: p}, pointer: {count: 1}, list: [{name: x}, {count: 2}], old: 1,\n"
		"not_on: false}",
		0);
	assert_int_equal(f.findings.n, 0);
	assert_string_equal(w->text, "5");
	assert_string_equal(w->path, "/etc/a/b");
	assert_true(w->flag);
	assert_int_equal(w->set, 0);
	assert_int_equal(w->every_ms, 90000);
	assert_int_equal(w->count, 12);
	assert_int_equal(w->size, 10 << 20);
	assert_true(w->number == 1.5);
	assert_int_equal(w->choice, 2);
	assert_int_equal(w->texts.n, 2);
	assert_string_equal(w->texts.v[1], "b c");
	assert_int_equal(w->labels.n, 2);
	assert_string_equal(w->labels.v[0].name, "a");
	assert_string_equal(w->part.name, "p");
	assert_int_equal(w->part.count, 7);
	assert_int_equal(w->pointer->count, 1);
	assert_int_equal(w->n_list, 2);
	assert_string_equal(w->list[0].name, "x");
	assert_int_equal(w->list[0].count, 7);
	assert_int_equal(w->list[1].count, 2);
}

static void what_is_absent_or_empty_keeps_its_default(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	read(&f, "{text: , every: ~, part: }", 0);
	assert_int_equal(f.findings.n, 0);
	assert_string_equal(f.whole.text, "default");
	assert_int_equal(f.whole.every_ms, 1);
	assert_int_equal(f.whole.set, -1);
	assert_null(f.whole.pointer);
}

static void sizes_are_of_1024_and_add_up(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* UINT64_MAX: refused */
	} cases[] = {
		{ "0", 0 },
		{ "1B", 1 },
		{ "1KB", 1024 },
		{ "1KiB", 1024 },
		{ "1.5MB", 1572864 },
		{ "1GB512MB", 1610612736 },
		{ "2TB", 2199023255552 },
		{ "12", UINT64_MAX },
		{ "MB", UINT64_MAX },
		{ "-1MB", UINT64_MAX },
		{ "1mb", UINT64_MAX },
		{ "8EiB", UINT64_MAX },
		{ "0x10B", UINT64_MAX },
		{ "infB", UINT64_MAX },
		{ "1e400B", UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(fixture_fini) struct fixture f = { 0 };
		char text[64];

		snprintf(text, sizeof text, "{size: %s}", cases[i].text);
		read(&f, text, 0);
		assert_int_equal(f.findings.n, cases[i].bytes == UINT64_MAX);
		assert_true(f.whole.size == (cases[i].bytes == UINT64_MAX ? 0 : cases[i].bytes));
	}
}

static void mistakes_are_told_with_their_places_and_reading_goes_on(void **state)
{
	static const struct {
		uint32_t line, column;
		const char *text;
	} wanted[] = {
		{ 1, 8, "flag: expected true or false, not 'maybe'" },
		{ 2, 8, "every: expected a duration such as 15s or 1h30m, not '5'" },
		{ 3, 1, "unknown key 'chioce' in whole (did you mean 'choice'?)" },
		{ 4, 1, "'never' is not supported: use choice" },
		{ 5, 8, "texts: expected a list, not 'x'" },
		{ 6, 9, "choice: 'gren' is none of red, green (did you mean 'green'?)" },
		{ 7, 13, "unknown key 'nam' in part (did you mean 'name'?)" },
		{ 8, 1, "'not_on' is not supported yet" },
		{ 9, 8, "count: expected a number from 0, not '-1'" },
	};
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	read(&f,
		"{flag: maybe,\nevery: 5,\nchioce: red,\nnever: x,\ntexts: x,\nchoice: gren,\n"
		"list: [{}, {nam: x}],\nnot_on: true,\ncount: -1, text: read}",
		0);
	assert_int_equal(f.findings.n, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_string_equal(f.findings.items[i].text, wanted[i].text);
		assert_int_equal(f.findings.items[i].line, wanted[i].line);
		assert_int_equal(f.findings.items[i].column, wanted[i].column);
	}
	assert_string_equal(f.whole.text, "read");
}

static void a_secret_in_the_file_is_taken_and_warned_of_but_not_repeated(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	read(&f, "{secret: hunter2}", 0);
	assert_int_equal(f.findings.n, 1);
	assert_true(f.findings.items[0].is_warning);
	assert_null(strstr(f.findings.items[0].text, "hunter2"));
	assert_int_equal(f.whole.secret.kind, SECRET_INLINE);
	assert_string_equal(f.whole.secret.name, "test.yml:1");
	assert_string_equal(f.whole.secret.value, "hunter2");
}

static void memory_has_a_budget_and_its_end_is_said_once(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	read(&f, "{text: a text, path: x, texts: [a, b, c], list: [{name: x}]}", 16);
	assert_int_equal(f.findings.n_errors, 1);
	assert_non_null(strstr(f.findings.items[0].text, "more memory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value_is_read),
		cmocka_unit_test(what_is_absent_or_empty_keeps_its_default),
		cmocka_unit_test(sizes_are_of_1024_and_add_up),
		cmocka_unit_test(mistakes_are_told_with_their_places_and_reading_goes_on),
		cmocka_unit_test(a_secret_in_the_file_is_taken_and_warned_of_but_not_repeated),
		cmocka_unit_test(memory_has_a_budget_and_its_end_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

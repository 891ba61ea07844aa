/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/dashboards.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "/tmp/diarchy-dashboards-XXXXXX"

/* The names that a test has put are removed with the folder. */
struct lab_folder {
	char path[sizeof FOLDER];
	char lab[sizeof FOLDER + sizeof "/lab.yaml"];
	const char *names[8];
	unsigned n;
};

static void path_of(const struct lab_folder *f, const char *name, char ret[128])
{
	snprintf(ret, 128, "%s/dashboards/%s", f->path, name);
}

static void begin(struct lab_folder *f)
{
	char path[128];

	*f = (struct lab_folder){ .path = FOLDER };
	assert_non_null(mkdtemp(f->path));
	snprintf(f->lab, sizeof f->lab, "%s/lab.yaml", f->path);
	path_of(f, "", path);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void end(struct lab_folder *f)
{
	char path[128];

	for (unsigned i = 0; i < f->n; i++) {
		path_of(f, f->names[i], path);
		unlink(path);
	}
	path_of(f, "", path);
	rmdir(path);
	assert_int_equal(rmdir(f->path), 0);
}
SCOPED_FINI(end, struct lab_folder)

static void put(struct lab_folder *f, const char *name, const char *text)
{
	char path[128];
	FILE *out;

	path_of(f, name, path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	f->names[f->n++] = name;
}

static void a_lab_without_the_folder_has_no_dashboards(void **state)
{
	scoped(dashboards_fini) struct dashboards d = { 0 };

	(void)state;
	assert_int_equal(dashboards_list(&d, "/nonexistent/lab.yaml", NULL), RC_OK);
	assert_int_equal(d.n, 0);
}

static void dashboards_are_listed_by_name_with_what_they_are_called(void **state)
{
	scoped(end) struct lab_folder f;
	scoped(dashboards_fini) struct dashboards d = { 0 };

	(void)state;
	begin(&f);
	put(&f, "b.json", "{\"panels\": []}");
	put(&f, "a.json",
		"{\"title\": \"Hosts\", \"description\": \"all\", \"tags\": [\"x\", 1, \"y\"]}");
	put(&f, "notes.txt", "no dashboard");
	put(&f, ".hidden.json", "{}");
	assert_int_equal(dashboards_list(&d, f.lab, NULL), RC_OK);
	assert_int_equal(d.n, 2);
	assert_string_equal(d.items[0].name, "a");
	assert_string_equal(d.items[0].title, "Hosts");
	assert_string_equal(d.items[0].description, "all");
	assert_int_equal(d.items[0].n_tags, 2);
	assert_string_equal(d.items[0].tags[1], "y");
	assert_string_equal(d.items[1].title, "b");
	assert_null(d.items[1].wrong);
}

static void one_that_is_torn_is_listed_with_where_it_is_wrong(void **state)
{
	scoped(end) struct lab_folder f;
	scoped(dashboards_fini) struct dashboards d = { 0 };

	(void)state;
	begin(&f);
	put(&f, "torn.json", "{\"title\":\n \"x\",");
	assert_int_equal(dashboards_list(&d, f.lab, NULL), RC_OK);
	assert_non_null(d.items[0].wrong);
	assert_non_null(strstr(d.items[0].wrong, "dashboards/torn.json: line 2"));
}

static void a_dashboard_comes_as_it_stands_in_its_file(void **state)
{
	scoped(end) struct lab_folder f;
	scoped(str_fini) struct str text = STR_EMPTY;

	(void)state;
	begin(&f);
	put(&f, "one two.json", "{ \"title\" : 1.50 }\n");
	assert_int_equal(dashboard_read(f.lab, "one two", &text, NULL), RC_OK);
	assert_string_equal(str_c(&text), "{ \"title\" : 1.50 }\n");
}

static void no_name_leads_out_of_the_folder(void **state)
{
	static const char *const names[] = { "", ".", "..", "../lab", "a/b", "/etc/passwd", ".a",
		" a", "a\\b", "a\nb" };
	scoped(end) struct lab_folder f;
	scoped(str_fini) struct str text = STR_EMPTY;

	(void)state;
	begin(&f);
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_false(dashboard_name_is_valid(names[i]));
		assert_int_equal(dashboard_read(f.lab, names[i], &text, NULL), RC_NOT_FOUND);
	}
	assert_int_equal(text.len, 0);
}

static void what_the_pages_do_not_know_is_said_once_by_name(void **state)
{
	static const char text[] =
		"{\"panels\": [{\"type\": \"geomap\", \"title\": \"Where\"}, {\"type\": "
		"\"geomap\"},"
		" {\"type\": \"row\", \"panels\": [{\"type\": \"stat\","
		"  \"transformations\": [{\"id\": \"merge\"}, {\"id\": \"histogram\"}]}]}],"
		" \"templating\": {\"list\": [{\"type\": \"adhoc\"}, {\"type\": \"query\"}]}}";
	scoped(findings_fini) struct findings f = { 0 };

	(void)state;
	dashboard_check("a.json", text, sizeof text - 1, &f);
	assert_int_equal(f.n_errors, 0);
	assert_int_equal(f.n, 3);
	assert_string_equal(f.items[0].text, "panel 'geomap' is not supported (panel 'Where')");
	assert_string_equal(f.items[1].text, "transformation 'histogram' is not supported");
	assert_string_equal(f.items[2].text, "variable 'adhoc' is not supported");
}

static void what_is_no_json_is_an_error_with_its_place(void **state)
{
	static const char text[] = "{\"title\":\n  ]";
	scoped(findings_fini) struct findings f = { 0 };

	(void)state;
	dashboard_check("a.json", text, sizeof text - 1, &f);
	assert_int_equal(f.n_errors, 1);
	assert_int_equal(f.items[0].line, 2);
	assert_string_equal(f.items[0].file, "a.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lab_without_the_folder_has_no_dashboards),
		cmocka_unit_test(dashboards_are_listed_by_name_with_what_they_are_called),
		cmocka_unit_test(one_that_is_torn_is_listed_with_where_it_is_wrong),
		cmocka_unit_test(a_dashboard_comes_as_it_stands_in_its_file),
		cmocka_unit_test(no_name_leads_out_of_the_folder),
		cmocka_unit_test(what_the_pages_do_not_know_is_said_once_by_name),
		cmocka_unit_test(what_is_no_json_is_an_error_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every test/lab/wrong/NAME.yaml has its findings beside it, in NAME.expected.  DIARCHY_UPDATE=1
 * writes them anew, to be looked at before they are committed.
 */
#include "cli/check.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "port/files/files.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
	const char *root = getenv("DIARCHY_SOURCE");

	(void)state;
	return root ? chdir(root) || chdir("test/lab") : -1;
}

static enum rc run(const char *path, bool is_json, struct str *ret, struct err *e)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	enum rc rc;

	assert_non_null(out);
	rc = cli_check(path, out, is_json, e);
	fclose(out);
	str_addn(ret, text, n);
	free(text);
	return rc;
}

static void update(const char *path, const struct str *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fwrite(str_c(text), 1, text->len, f);
	fclose(f);
}

static void compare(const char *name)
{
	scoped(str_fini) struct str out = STR_EMPTY, expected = STR_EMPTY;
	char path[256];

	assert_int_equal(run(name, false, &out, NULL), RC_INPUT);
	snprintf(path, sizeof path, "%.*s.expected", (int)(strlen(name) - 5), name);
	if (getenv("DIARCHY_UPDATE"))
		update(path, &out);
	assert_int_equal(file_read(path, 1 << 20, &expected, NULL), RC_OK);
	if (!str_eq(str_c(&expected), str_c(&out)))
		print_error("%s\n", name);
	assert_string_equal(str_c(&out), str_c(&expected));
}

static void every_wrong_file_gets_exactly_the_findings_beside_it(void **state)
{
	DIR *dir = opendir("wrong");
	const struct dirent *it;
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	assert_int_equal(chdir("wrong"), 0);
	while ((it = readdir(dir))) {
		const char *ending = strrchr(it->d_name, '.');

		if (!ending || !str_eq(ending, ".yaml"))
			continue;
		compare(it->d_name);
		n++;
	}
	closedir(dir);
	assert_int_equal(chdir(".."), 0);
	assert_true(n >= 15);
}

static void a_file_without_a_fault_is_summed_up(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	assert_int_equal(run("design.yaml", false, &out, NULL), RC_OK);
	assert_string_equal(str_c(&out), "design.yaml: ok: 2 sites, 23 checks\n");
}

static void a_folder_stands_for_the_lab_yaml_in_it(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(run("wrong", false, &out, &e), RC_NOT_FOUND);
	assert_string_equal(e.text, "wrong/lab.yaml: No such file or directory");
	assert_string_equal(str_c(&out), "");
}

static void a_file_that_is_too_long_is_said_not_passed_over(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	char path[] = "/tmp/diarchy-check-XXXXXX", expected[128];
	int fd = mkstemp(path);
	enum rc rc;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, LAB_FILE_BYTES_MAX + 1), 0);
	close(fd);
	rc = run(path, false, &out, NULL);
	unlink(path);
	assert_int_equal(rc, RC_LIMIT);
	snprintf(expected, sizeof expected,
		"%s:1:1: error: the file is longer than 4194304 bytes\n%s: 1 error\n", path, path);
	assert_string_equal(str_c(&out), expected);
}

/* `text` as the one dashboard of a lab that is sound. */
static enum rc check_dashboard(const char *text, struct str *out)
{
	char folder[] = "/tmp/diarchy-check-XXXXXX", dashboards[64], file[64], lab[64];
	scoped(str_fini) struct str bytes = STR_EMPTY, dashboard = STR_EMPTY;
	enum rc rc;

	assert_non_null(mkdtemp(folder));
	snprintf(lab, sizeof lab, "%s/lab.yaml", folder);
	snprintf(dashboards, sizeof dashboards, "%s/dashboards", folder);
	snprintf(file, sizeof file, "%s/dashboards/a.json", folder);
	assert_int_equal(file_read("design.yaml", 1 << 20, &bytes, NULL), RC_OK);
	str_add(&dashboard, text);
	assert_int_equal(mkdir(dashboards, 0700), 0);
	update(lab, &bytes);
	update(file, &dashboard);
	rc = run(folder, false, out, NULL);
	unlink(file);
	unlink(lab);
	rmdir(dashboards);
	rmdir(folder);
	return rc;
}

static void what_the_pages_cannot_show_of_a_dashboard_is_a_warning(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	assert_int_equal(check_dashboard("{\"panels\": [{\"type\": \"geomap\"}]}", &out), RC_OK);
	assert_non_null(strstr(str_c(&out),
		"/dashboards/a.json:1:1: warning: panel 'geomap' is not supported\n"));
	assert_non_null(strstr(str_c(&out), "lab.yaml: ok: 2 sites"));
}

static void a_dashboard_that_is_no_json_is_an_error(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	assert_int_equal(check_dashboard("{\n  \"panels\"", &out), RC_INPUT);
	assert_non_null(strstr(str_c(&out), "/dashboards/a.json:2:"));
	assert_non_null(strstr(str_c(&out), "lab.yaml: 1 error\n"));
}

static void programs_get_the_findings_as_json(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(json_decref) json_t *answer = NULL;
	const json_t *first;

	(void)state;
	assert_int_equal(run("wrong/later.yaml", true, &out, NULL), RC_INPUT);
	assert_int_equal(json_read(&answer, str_c(&out), out.len, NULL), RC_OK);
	assert_false(json_get_bool(answer, "ok", true));
	assert_int_equal(json_get_int(answer, "errors", 0), 7);
	first = json_array_get(json_object_get(answer, "findings"), 0);
	assert_string_equal(json_get_text(first, "file", ""), "wrong/later.yaml");
	assert_int_equal(json_get_int(first, "line", 0), 5);
	assert_int_equal(json_get_int(first, "column", 0), 1);
	assert_string_equal(json_get_text(first, "severity", ""), "error");
	assert_string_equal(json_get_text(first, "text", ""), "'pools' is not supported yet");
}

static void a_good_file_has_its_hash_in_json(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY, bytes = STR_EMPTY;
	scoped(json_decref) json_t *answer = NULL;
	char hash[SHA256_HEX];
	struct sha256 expected;

	(void)state;
	assert_int_equal(run("design.yaml", true, &out, NULL), RC_OK);
	assert_int_equal(json_read(&answer, str_c(&out), out.len, NULL), RC_OK);
	assert_int_equal(file_read("design.yaml", 1 << 20, &bytes, NULL), RC_OK);
	expected = sha256_of(str_c(&bytes), bytes.len);
	assert_true(json_get_bool(answer, "ok", false));
	assert_int_equal(json_get_int(answer, "sites", 0), 2);
	assert_string_equal(json_get_text(answer, "hash", ""), sha256_hex(&expected, hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrong_file_gets_exactly_the_findings_beside_it),
		cmocka_unit_test(a_file_without_a_fault_is_summed_up),
		cmocka_unit_test(a_folder_stands_for_the_lab_yaml_in_it),
		cmocka_unit_test(a_file_that_is_too_long_is_said_not_passed_over),
		cmocka_unit_test(what_the_pages_cannot_show_of_a_dashboard_is_a_warning),
		cmocka_unit_test(a_dashboard_that_is_no_json_is_an_error),
		cmocka_unit_test(programs_get_the_findings_as_json),
		cmocka_unit_test(a_good_file_has_its_hash_in_json),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}

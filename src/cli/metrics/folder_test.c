/* SPDX-License-Identifier: Apache-2.0 */
/* Real folders, whole and damaged, as people look at them: 80 columns, no colours. */
#include "cli/metrics/folder.h"
#include "core/metrics/store.h"
#include "port/blockfiles/blockfiles.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define BEGIN_MS INT64_C(1700000000000)
#define SERIES   20
#define SAMPLES  300

struct folder {
	char path[64];
	struct blockfiles *files;
	struct store *store;
};

static void work(struct folder *f, int64_t ms)
{
	struct now now = { { 1000 + ms }, { BEGIN_MS + ms } };
	struct store_work *w;
	struct mono wake;

	while ((w = store_due(f->store, now, &wake))) {
		store_work_run(w);
		assert_int_equal(store_work_done(f->store, w, NULL), RC_OK);
	}
}

static void fill(struct folder *f)
{
	const struct series_sink *sink = store_sink(f->store);

	for (int t = 0; t < SAMPLES; t++) {
		for (int i = 0; i < SERIES; i++) {
			char text[16];
			struct label v[2] = { { METRIC_NAME, "requests_total", 8, 14 },
				{ "instance", text, 8,
					(uint32_t)snprintf(text, sizeof text, "%d", i) } };
			struct labels l = { v, 2 };
			series_ref ref;

			assert_int_equal(sink->series(sink->self, &l, &ref, NULL), RC_OK);
			assert_int_equal(
				sink->append(sink->self, ref, BEGIN_MS + t * 1000, t * 7.25 + i),
				SERIES_TAKEN);
		}
		assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	}
}

static void folder_init(struct folder *f)
{
	static const struct store_settings settings;

	*f = (struct folder){ .path = "/tmp/diarchy-metrics.XXXXXX" };
	assert_non_null(mkdtemp(f->path));
	assert_int_equal(blockfiles_open(&f->files, f->path, NULL), RC_OK);
	assert_int_equal(store_open(&f->store, blockfiles_port(f->files), &settings,
				 (struct now){ { 1000 }, { BEGIN_MS } }, NULL),
		RC_OK);
	fill(f);
	store_flush_soon(f->store);
	work(f, SAMPLES * 1000);
}

static void folder_fini(struct folder *f)
{
	char command[128];

	store_close(f->store);
	blockfiles_close(f->files);
	snprintf(command, sizeof command, "rm -rf '%s'", f->path);
	assert_int_equal(system(command), 0);
}
SCOPED_FINI(folder_fini, struct folder)

/* Flip a bit in the middle of the file whose name begins so. */
static void damage(const struct folder *f, const char *prefix)
{
	DIR *d = opendir(f->path);
	struct dirent *it;
	char path[512] = "";
	FILE *file;
	int byte;

	assert_non_null(d);
	while ((it = readdir(d)))
		if (str_starts(it->d_name, prefix))
			snprintf(path, sizeof path, "%s/%s", f->path, it->d_name);
	closedir(d);
	file = fopen(path, "r+");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	fseek(file, ftell(file) / 3, SEEK_SET);
	byte = fgetc(file);
	fseek(file, -1, SEEK_CUR);
	fputc(byte ^ 4, file);
	assert_int_equal(fclose(file), 0);
}

typedef enum rc run_on_folder(struct call *c, struct err *e);

/* What it says. */
static const char *run(struct call *c, run_on_folder *command, const char *path)
{
	static const char *arguments[3];

	arguments[0] = "verb";
	arguments[1] = path;
	*c = (struct call){ .arguments = arguments, .n_arguments = 2 };
	c->page.term.width = 80;
	assert_int_equal(command(c, NULL), RC_OK);
	for (const char *line = str_c(&c->page.out); *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
	return str_c(&c->page.out);
}

static void done(struct call *c)
{
	page_fini(&c->page);
}

static void assert_says(const char *page, const char *text)
{
	if (!strstr(page, text))
		fail_msg("'%s' isn't in:\n%s", text, page);
}

static void a_whole_folder_in_use_is_ok(void **state)
{
	scoped(folder_fini) struct folder f;
	struct call c;
	const char *page;

	(void)state;
	folder_init(&f);
	page = run(&c, metrics_verify_folder, f.path);
	assert_says(page, ": ok\n");
	assert_says(page, "  6,000 samples in 1 part, 1 index segment, 0 deletions");
	assert_int_equal(c.exit, 0);
	done(&c);
}

static void what_is_damaged_is_named_with_what_to_do(void **state)
{
	scoped(folder_fini) struct folder f;
	struct call c;
	const char *page;

	(void)state;
	folder_init(&f);
	damage(&f, "part-");
	page = run(&c, metrics_verify_folder, f.path);
	assert_says(page, "part-0000000");
	assert_says(page, ": part: ");
	assert_says(page, "  It has samples of 2023-11-14 22:13 - 2023-11-14 22:18 UTC.");
	assert_says(page, "put the file back from a snapshot or a");
	assert_says(page, ": 1 damaged\n");
	assert_int_equal(c.exit, 1);
	done(&c);
}

static void what_takes_the_room_is_listed(void **state)
{
	scoped(folder_fini) struct folder f;
	struct call c;
	const char *page;

	(void)state;
	folder_init(&f);
	page = run(&c, metrics_analyse_folder, f.path);
	assert_says(page, "20 series, 6,000 samples\n");
	assert_says(page, "2023-11-14 22:13 - 2023-11-14 22:18 UTC\n");
	assert_says(page, "  20 ");
	assert_says(page, "requests_total\n");
	assert_says(page, "instance\n");
	assert_says(page, "__name__=requests_total\n");
	done(&c);
}

static void a_folder_that_is_none_is_an_error(void **state)
{
	static const char *arguments[] = { "verify", "/nonexistent/metrics", NULL };
	struct call c = { .arguments = arguments, .n_arguments = 2 };
	struct err e = { 0 };

	(void)state;
	assert_int_not_equal(metrics_verify_folder(&c, &e), RC_OK);
	assert_int_not_equal(metrics_analyse_folder(&c, &e), RC_OK);
	assert_non_null(strstr(e.text, "/nonexistent/metrics"));
	c.n_arguments = 1;
	assert_int_equal(metrics_verify_folder(&c, &e), RC_USAGE);
}

static void numbers_are_short_and_readable(void **state)
{
	char buf[BYTES_TEXT_MAX];

	(void)state;
	assert_string_equal(metrics_bytes_text(999, buf), "999 bytes");
	assert_string_equal(metrics_bytes_text(1000, buf), "1.0 kB");
	assert_string_equal(metrics_bytes_text(999499, buf), "999 kB");
	assert_string_equal(metrics_bytes_text(999500, buf), "1.0 MB");
	assert_string_equal(metrics_bytes_text(12345678901, buf), "12 GB");
	assert_string_equal(metrics_count_text(7, buf), "7");
	assert_string_equal(metrics_count_text(1000, buf), "1,000");
	assert_string_equal(metrics_count_text(12345678, buf), "12,345,678");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_folder_in_use_is_ok),
		cmocka_unit_test(what_is_damaged_is_named_with_what_to_do),
		cmocka_unit_test(what_takes_the_room_is_listed),
		cmocka_unit_test(a_folder_that_is_none_is_an_error),
		cmocka_unit_test(numbers_are_short_and_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboards of a lab's folder (test/dashboards), over real sockets. */
#include "api/api_fixture.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void start_with_dashboards(struct fixture *f)
{
	const char *root = getenv("DIARCHY_SOURCE");
	static char path[512]; /* outlives the API */
	struct api_setup setup;

	assert_non_null(root);
	snprintf(path, sizeof path, "%s/test/dashboards/lab.yaml", root);
	fixture_init_site(f);
	setup = fixture_setup(f);
	setup.lab_path = path;
	assert_int_equal(api_start(&f->api, &setup, NULL), RC_OK);
}

static void the_dashboards_of_the_labs_folder_are_listed_and_given(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *all = NULL, *one = NULL;
	const json_t *torn;

	(void)state;
	start_with_dashboards(&f);
	all = fixture_get(&f, LAB_ "/dashboards");
	assert_members(all, "dashboards more");
	assert_members(json_at(all, "dashboards.0"), "name title description tags wrong");
	torn = json_where(json_at(all, "dashboards"), "name", "torn");
	assert_non_null(strstr(text_at(torn, "wrong"), "line "));
	one = fixture_get(&f, LAB_ "/dashboards/every-panel");
	assert_string_equal(text_at(one, "title"), "Every panel");
}

static void a_dashboard_that_is_not_there_or_torn_is_refused_in_words(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	start_with_dashboards(&f);
	fixture_expect(&f, "GET", LAB_ "/dashboards/nobody", NULL, 404, "NOT_FOUND");
	fixture_expect(&f, "GET", LAB_ "/dashboards/..%2Flab", NULL, 404, "NOT_FOUND");
	fixture_expect(&f, "GET", LAB_ "/dashboards/torn", NULL, 400, "INPUT");
}

static void a_lab_from_no_folder_has_none(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_expect(&f, "GET", LAB_ "/dashboards", NULL, 404, "NOT_FOUND");
}

/* The pool's threads, busy for as long as a test wants it. */
struct busy {
	uv_work_t work[4];
	uv_sem_t end;
};

static void be_busy(uv_work_t *work)
{
	struct busy *b = work->data;

	uv_sem_wait(&b->end);
}

static void was_busy(uv_work_t *work, int status)
{
	(void)work;
	assert_int_equal(status, 0);
}

static void occupy(struct busy *b, uv_loop_t *loop)
{
	assert_int_equal(uv_sem_init(&b->end, 0), 0);
	for (size_t i = 0; i < COUNT(b->work); i++) {
		b->work[i].data = b;
		assert_int_equal(uv_queue_work(loop, &b->work[i], be_busy, was_busy), 0);
	}
}

static void release(struct busy *b)
{
	for (size_t i = 0; i < COUNT(b->work); i++)
		uv_sem_post(&b->end);
}

static void more_requests_than_may_be_under_way_are_refused_and_the_others_answered(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct pump waiting[DASHBOARD_READS_MAX];
	struct busy busy;
	char ask[128];

	(void)state;
	start_with_dashboards(&f);
	occupy(&busy, &f.loop);
	snprintf(ask, sizeof ask,
		"GET " LAB_ "/dashboards/every-panel HTTP/1.1\r\nHost: %s\r\n\r\n",
		api_address(f.api));
	for (size_t i = 0; i < COUNT(waiting); i++) {
		pump_connect(&waiting[i], &f.loop, api_address(f.api));
		pump_send(&waiting[i], ask);
	}
	pump_run(&f.loop, 50);
	fixture_expect(&f, "GET", LAB_ "/dashboards", NULL, 429, "LIMIT");
	release(&busy);
	for (size_t i = 0; i < COUNT(waiting); i++) {
		scoped(pump_answer_fini) struct pump_answer a = { 0 };

		pump_answer(&waiting[i], &a);
		assert_int_equal(a.status, 200);
		pump_fini(&waiting[i]);
	}
	uv_sem_destroy(&busy.end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dashboards_of_the_labs_folder_are_listed_and_given),
		cmocka_unit_test(a_dashboard_that_is_not_there_or_torn_is_refused_in_words),
		cmocka_unit_test(a_lab_from_no_folder_has_none),
		cmocka_unit_test(
			more_requests_than_may_be_under_way_are_refused_and_the_others_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

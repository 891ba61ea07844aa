/* SPDX-License-Identifier: Apache-2.0 */
#include "port/host_metrics/host_page.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct readers {
	uv_loop_t loop;
	struct host_page *page;
	struct host_page_reader v[HOST_READERS_MAX + 1];
	uint32_t n_pages, n_refused;
	char why[64];
	struct str text; /* of the last page */
	bool is_closed;
};

static void on_done(void *ctx, const struct str *text, const char *why)
{
	struct readers *r = ctx;

	r->n_pages += text != NULL;
	r->n_refused += why != NULL;
	if (why)
		str_copy(r->why, sizeof r->why, why);
	str_clear(&r->text);
	if (text)
		str_addn(&r->text, str_c(text), text->len);
}

static void on_closed(void *ctx)
{
	((struct readers *)ctx)->is_closed = true;
}

static void set_up(struct readers *r)
{
	*r = (struct readers){ .is_closed = false };
	uv_loop_init(&r->loop);
	r->page = host_page_new(&r->loop);
	for (uint32_t i = 0; i < COUNT(r->v); i++)
		r->v[i] = (struct host_page_reader){ .done = on_done, .ctx = r };
}

static void tear_down(struct readers *r)
{
	host_page_close(r->page, on_closed, r);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_true(r->is_closed);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	str_fini(&r->text);
}

static void read_until(struct readers *r, uint32_t n_pages)
{
	while (r->n_pages < n_pages)
		uv_run(&r->loop, UV_RUN_ONCE);
}

static void many_readers_cost_one_collection(void **state)
{
	struct readers r;

	(void)state;
	set_up(&r);
	host_page_read(r.page, &r.v[0]);
	host_page_read(r.page, &r.v[1]);
	assert_int_equal(r.n_pages, 0);
	read_until(&r, 2);
	assert_non_null(strstr(str_c(&r.text), "\nnode_load1 "));
	host_page_read(r.page, &r.v[2]); /* within the second: at once */
	assert_int_equal(r.n_pages, 3);
	tear_down(&r);
}

static void an_old_page_is_collected_anew(void **state)
{
	struct readers r;

	(void)state;
	set_up(&r);
	host_page_read(r.page, &r.v[0]);
	read_until(&r, 1);
	uv_sleep(HOST_PAGE_FRESH_MS + 10);
	host_page_read(r.page, &r.v[1]);
	assert_int_equal(r.n_pages, 1);
	read_until(&r, 2);
	tear_down(&r);
}

static void who_leaves_is_told_nothing(void **state)
{
	struct readers r;

	(void)state;
	set_up(&r);
	for (uint32_t i = 0; i < 3; i++)
		host_page_read(r.page, &r.v[i]);
	host_page_leave(r.page, &r.v[1]);
	host_page_leave(r.page, &r.v[2]); /* the last one */
	host_page_read(r.page, &r.v[3]);
	read_until(&r, 2);
	uv_run(&r.loop, UV_RUN_NOWAIT);
	assert_int_equal(r.n_pages, 2);
	tear_down(&r);
}

static void a_crowd_is_refused(void **state)
{
	struct readers r;

	(void)state;
	set_up(&r);
	for (uint32_t i = 0; i < COUNT(r.v); i++)
		host_page_read(r.page, &r.v[i]);
	assert_int_equal(r.n_refused, 1);
	assert_string_equal(r.why, "too many wait for it");
	read_until(&r, HOST_READERS_MAX);
	tear_down(&r);
}

static void who_waits_at_the_end_is_told_so(void **state)
{
	struct readers r;

	(void)state;
	set_up(&r);
	host_page_read(r.page, &r.v[0]);
	tear_down(&r);
	assert_int_equal(r.n_pages, 0);
	assert_int_equal(r.n_refused, 1);
	assert_string_equal(r.why, "stopping");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_readers_cost_one_collection),
		cmocka_unit_test(an_old_page_is_collected_anew),
		cmocka_unit_test(who_leaves_is_told_nothing),
		cmocka_unit_test(a_crowd_is_refused),
		cmocka_unit_test(who_waits_at_the_end_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

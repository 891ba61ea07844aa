/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/own.h"

#include "base/doc_fixture.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct own_host hosts[] = {
	{ "nas", "10.2.0.10", "10.2.0.10:9100" },
	{ "router", "10.2.0.1", NULL },
	{ "media", "fd00::20", "[fd00::20]:9100" },
};

static struct scrape_configs *read_yaml(const char *yaml)
{
	struct doc *doc = doc_fixture(yaml);
	struct scrape_section section = { .file = "p.yml",
		.folder = "",
		.global = doc_get(doc->root, "global"),
		.scrape_configs = doc_get(doc->root, "scrape_configs") };
	scoped(findings_fini) struct findings findings = { 0 };
	struct scrape_configs *c = NULL;
	struct err e = { 0 };

	if (scrape_config_read(&c, &section, 1, &findings, &e) != RC_OK)
		fail_msg("%s", findings.items[0].text);
	doc_fixture_free(doc);
	return c;
}

static struct own_wish wish_of(const char *machine)
{
	return (struct own_wish){ .site = "mumbai",
		.machine = machine,
		.page = "127.0.0.1:7080",
		.has_host = true,
		.hosts = hosts,
		.n_hosts = COUNT(hosts) };
}

/* "JOB: ADDRESS instance job site; ..." of all jobs. */
static void say(const struct scrape_configs *c, struct str *out)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct target_group *g = c->v[i].n_sds ? c->v[i].sds[0].fixed.groups : NULL;

		str_addf(out, "%s%s:", i ? "; " : "", c->v[i].job_name);
		for (uint32_t k = 0; g && k < g->n; k++)
			str_addf(out, " %s=%s(%s,%s)", labels_get(&g->targets[k], "instance"),
				labels_get(&g->targets[k], "__address__"),
				labels_get(&g->targets[k], "job"),
				labels_get(&g->targets[k], "site"));
	}
}

static void a_site_scrapes_itself_its_machine_and_declared_exporters(void **state)
{
	scoped(scrape_configs_free) struct scrape_configs *c =
		read_yaml("{global: {scrape_interval: 15s, sample_limit: 10}, scrape_configs: []}");
	scoped(str_fini) struct str out = STR_EMPTY;
	struct own_wish w = wish_of("router.lan");

	(void)state;
	assert_int_equal(own_jobs_add(c, &w, NULL), RC_OK);
	say(c, &out);
	assert_string_equal(str_c(&out), "diarchy/site: router=127.0.0.1:7080(diarchy,mumbai); "
					 "diarchy/host: router=127.0.0.1:7080(node,mumbai); "
					 "diarchy/hosts: nas=10.2.0.10:9100(node,mumbai) "
					 "media=[fd00::20]:9100(node,mumbai)");
	assert_true(c->v[0].is_inside && c->v[1].is_inside && !c->v[2].is_inside);
	assert_string_equal(c->v[1].metrics_path, "/metrics/host");
	assert_int_equal(c->v[0].terms.interval_ms, 15000);
	assert_int_equal(c->v[0].terms.timeout_ms, 10000);
	assert_int_equal(c->v[1].terms.sample_limit, 0); /* others' limit, not our own's */
}

static void a_machine_with_a_declared_exporter_is_measured_once(void **state)
{
	scoped(scrape_configs_free) struct scrape_configs *c = read_yaml("{}");
	scoped(str_fini) struct str out = STR_EMPTY;
	struct own_wish w = wish_of("NAS");

	(void)state;
	assert_int_equal(own_jobs_add(c, &w, NULL), RC_OK);
	say(c, &out);
	assert_string_equal(str_c(&out), "diarchy/site: nas=127.0.0.1:7080(diarchy,mumbai); "
					 "diarchy/hosts: nas=10.2.0.10:9100(node,mumbai) "
					 "media=[fd00::20]:9100(node,mumbai)");
}

static void a_machine_is_known_by_its_name_before_its_addresses(void **state)
{
	static const char *const addresses[] = { "192.168.9.9", "10.2.0.1", NULL };
	scoped(scrape_configs_free) struct scrape_configs *c = read_yaml("{}");
	scoped(scrape_configs_free) struct scrape_configs *d = read_yaml("{}");
	struct own_wish w = wish_of("debian");

	(void)state;
	w.n_hosts = 2;
	assert_int_equal(own_jobs_add(c, &w, NULL), RC_OK);
	assert_string_equal(labels_get(&c->v[1].sds[0].fixed.groups[0].targets[0], "instance"),
		"debian");
	w.addresses = addresses;
	assert_int_equal(own_jobs_add(d, &w, NULL), RC_OK);
	assert_string_equal(labels_get(&d->v[1].sds[0].fixed.groups[0].targets[0], "instance"),
		"router");
}

static void a_name_that_begins_alike_is_another_machine(void **state)
{
	scoped(scrape_configs_free) struct scrape_configs *c = read_yaml("{}");
	struct own_wish w = wish_of("nas2");

	(void)state;
	assert_int_equal(own_jobs_add(c, &w, NULL), RC_OK);
	assert_string_equal(labels_get(&c->v[1].sds[0].fixed.groups[0].targets[0], "instance"),
		"nas2");
}

static void the_machine_is_left_out_when_nobody_wants_it(void **state)
{
	scoped(scrape_configs_free) struct scrape_configs *c = read_yaml("{}");
	scoped(str_fini) struct str out = STR_EMPTY;
	struct own_wish w = wish_of("debian");

	(void)state;
	w.has_host = false;
	w.n_hosts = 0;
	assert_int_equal(own_jobs_add(c, &w, NULL), RC_OK);
	say(c, &out);
	assert_string_equal(str_c(&out), "diarchy/site: debian=127.0.0.1:7080(diarchy,mumbai)");
}

static void what_people_wrote_stays_and_a_name_of_ours_is_refused(void **state)
{
	scoped(scrape_configs_free) struct scrape_configs *c =
		read_yaml("{scrape_configs: [{job_name: node}, {job_name: diarchy/host}]}");
	struct own_wish w = wish_of("debian");
	struct err e = { 0 };

	(void)state;
	assert_int_equal(own_jobs_add(c, &w, &e), RC_CONFLICT);
	assert_string_equal(e.text, "p.yml, line 1: a job is called 'diarchy/host', as one of our "
				    "own is: call it otherwise");
	assert_string_equal(c->v[0].job_name, "node");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_scrapes_itself_its_machine_and_declared_exporters),
		cmocka_unit_test(a_machine_with_a_declared_exporter_is_measured_once),
		cmocka_unit_test(a_machine_is_known_by_its_name_before_its_addresses),
		cmocka_unit_test(a_name_that_begins_alike_is_another_machine),
		cmocka_unit_test(the_machine_is_left_out_when_nobody_wants_it),
		cmocka_unit_test(what_people_wrote_stays_and_a_name_of_ours_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

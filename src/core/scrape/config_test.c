/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/config.h"

#include "base/doc_fixture.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
	struct doc *doc;
	struct findings findings;
	struct scrape_configs *configs;
	struct err e;
};

static void fixture_fini(struct fixture *f)
{
	scrape_configs_free(f->configs);
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
}
SCOPED_FINI(fixture_fini, struct fixture)

static enum rc read(struct fixture *f, const char *text)
{
	struct scrape_section section = { .file = "prometheus.yml", .folder = "/etc/p/" };

	f->doc = doc_fixture(text);
	section.global = doc_get(f->doc->root, "global");
	section.scrape_configs = doc_get(f->doc->root, "scrape_configs");
	return scrape_config_read(&f->configs, &section, 1, &f->findings, &f->e);
}

static const struct scrape_config *job(struct fixture *f, const char *text)
{
	if (read(f, text) != RC_OK)
		fail_msg("%s: %s", text, f->findings.items[0].text);
	return &f->configs->v[0];
}

static void what_a_job_leaves_out_is_prometheus_default(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct scrape_config *c = job(&f, "{scrape_configs: [{job_name: node}]}");

	(void)state;
	assert_string_equal(c->job_name, "node");
	assert_int_equal(c->terms.interval_ms, 60000);
	assert_int_equal(c->terms.timeout_ms, 10000);
	assert_string_equal(c->metrics_path, "/metrics");
	assert_string_equal(c->scheme, "http");
	assert_true(c->honor_timestamps);
	assert_false(c->honor_labels);
	assert_true(c->enable_compression);
	assert_int_equal(c->fallback_protocol, SCRAPE_PROTOCOL_NONE);
	assert_int_equal(c->terms.protocols.n, 4);
	assert_int_equal(c->terms.protocols.v[0], SCRAPE_OPENMETRICS_1_0_0);
	assert_int_equal(c->terms.protocols.v[3], SCRAPE_TEXT_0_0_4);
	assert_int_equal(c->terms.name_validation, NAMES_UTF8);
	assert_int_equal(c->terms.name_escaping, ESCAPE_ALLOW_UTF8);
	assert_string_equal(name_escaping_text(c->terms.name_escaping), "allow-utf-8");
	assert_int_equal(f.configs->global.evaluation_interval_ms, 60000);
}

static void the_global_section_stands_in_for_what_a_job_leaves_out(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct scrape_config *c = job(&f,
		"{global: {scrape_interval: 15s, scrape_timeout: 5s, sample_limit: 10,\n"
		"body_size_limit: 1MB, label_limit: 3, keep_dropped_targets: 4, target_limit: 5,\n"
		"scrape_protocols: [PrometheusText0.0.4], external_labels: {site: dublin},\n"
		"metric_name_validation_scheme: legacy},\n"
		"scrape_configs: [{job_name: a}, {job_name: b, scrape_interval: 3s, sample_limit: "
		"7},\n"
		"{job_name: c, scrape_interval: 30s, scrape_timeout: 20s,\n"
		"metric_name_validation_scheme: utf8}]}");

	(void)state;
	assert_int_equal(c[0].terms.interval_ms, 15000);
	assert_int_equal(c[0].terms.timeout_ms, 5000);
	assert_int_equal(c[0].terms.sample_limit, 10);
	assert_int_equal(c[0].terms.body_size_limit_bytes, 1 << 20);
	assert_int_equal(c[0].terms.label_limit, 3);
	assert_int_equal(c[0].terms.keep_dropped_targets, 4);
	assert_int_equal(c[0].terms.target_limit, 5);
	assert_int_equal(c[0].terms.protocols.n, 1);
	assert_int_equal(c[0].terms.name_escaping, ESCAPE_UNDERSCORES);
	assert_int_equal(c[1].terms.timeout_ms, 3000); /* the interval is shorter */
	assert_int_equal(c[1].terms.sample_limit, 7);
	assert_int_equal(c[2].terms.timeout_ms, 20000);
	assert_int_equal(c[2].terms.name_escaping, ESCAPE_ALLOW_UTF8);
	assert_string_equal(labels_get(&f.configs->global.external_labels, "site"), "dublin");
}

static void every_kind_of_discovery_is_read_with_its_defaults(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct scrape_config *c = job(&f,
		"{scrape_configs: [{job_name: a,\n"
		"static_configs: [{targets: ['x:1', 'y:2'], labels: {l: v}}, {targets: [z]}],\n"
		"file_sd_configs: [{files: ['t/*.json', /x.yml]}],\n"
		"http_sd_configs: [{url: 'http://sd/targets', bearer_token_file: tok}],\n"
		"dns_sd_configs: [{names: [_x._tcp.lan]}, {names: [b], type: a, port: 80}],\n"
		"kubernetes_sd_configs: [{role: pod, api_server: 'https://k:6443',\n"
		"namespaces: {names: [a, b]}, selectors: [{role: pod, label: 'app=x'}],\n"
		"attach_metadata: {node: true}, authorization: {credentials_file: t}}]}]}");

	(void)state;
	assert_int_equal(c->n_sds, 6);
	assert_int_equal(c->sds[0].kind, SD_STATIC);
	assert_int_equal(c->sds[0].fixed.n, 2);
	assert_string_equal(c->sds[0].fixed.groups[1].source, "1");
	assert_string_equal(labels_get(&c->sds[0].fixed.groups[0].targets[1], "__address__"),
		"y:2");
	assert_string_equal(labels_get(&c->sds[0].fixed.groups[0].labels, "l"), "v");
	assert_string_equal(c->sds[1].file.files.v[0], "/etc/p/t/*.json");
	assert_string_equal(c->sds[1].file.files.v[1], "/x.yml");
	assert_int_equal(c->sds[1].file.refresh_ms, 300000);
	assert_int_equal(c->sds[2].http.refresh_ms, 60000);
	assert_string_equal(c->sds[2].http.http.authorization->credentials.name, "/etc/p/tok");
	assert_int_equal(c->sds[3].dns.type, DNS_SD_SRV);
	assert_int_equal(c->sds[3].dns.refresh_ms, 30000);
	assert_int_equal(c->sds[4].dns.type, DNS_SD_A);
	assert_int_equal(c->sds[4].dns.port, 80);
	assert_int_equal(c->sds[5].kubernetes.role, KUBE_POD);
	assert_int_equal(c->sds[5].kubernetes.namespaces.n, 2);
	assert_string_equal(c->sds[5].kubernetes.selectors[0].label, "app=x");
	assert_true(c->sds[5].kubernetes.attach_node);
	assert_true(c->sds[5].kubernetes.has_http);
	assert_true(c->sds[5].kubernetes.http.follow_redirects);
}

static void the_rest_of_a_job_is_read(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct scrape_config *c = job(&f,
		"{scrape_configs: [{job_name: a, honor_labels: true, honor_timestamps: false,\n"
		"track_timestamps_staleness: true, metrics_path: /probe, scheme: https,\n"
		"params: {module: [http_2xx], 'a[]': [x, y]}, enable_compression: false,\n"
		"fallback_scrape_protocol: PrometheusText0.0.4,\n"
		"native_histogram_bucket_limit: 100, native_histogram_min_bucket_factor: 1.1,\n"
		"relabel_configs: [{action: drop, source_labels: [a]}],\n"
		"metric_relabel_configs: [{action: labeldrop, regex: a}, {target_label: b}]}]}");

	(void)state;
	assert_true(c->honor_labels);
	assert_false(c->honor_timestamps);
	assert_true(c->track_timestamps_staleness);
	assert_false(c->enable_compression);
	assert_string_equal(c->scheme, "https");
	assert_string_equal(c->metrics_path, "/probe");
	assert_int_equal(c->n_params, 2);
	assert_string_equal(c->params[0].name, "a[]");
	assert_int_equal(c->params[0].n_values, 2);
	assert_string_equal(c->params[1].values[0], "http_2xx");
	assert_int_equal(c->fallback_protocol, SCRAPE_TEXT_0_0_4);
	assert_int_equal(c->relabel.n, 1);
	assert_int_equal(c->metric_relabel.n, 2);
}

static bool is_said(const struct findings *f, const char *text, bool is_warning)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->items[i].is_warning == is_warning && strstr(f->items[i].text, text))
			return true;
	return false;
}

static void mistakes_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[{}]", "lacks its job_name" },
		{ "[{job_name: a}, {job_name: a}]", "a second job is called 'a'" },
		{ "[x]", "each item must be a mapping" },
		{ "{job_name: a}", "expected a list" },
		{ "[{job_name: a, scrape_intervall: 1s}]",
			"(did you mean 'scrape_interval'?) (job 'a')" },
		{ "[{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]", "longer than" },
		{ "[{job_name: a, scheme: ftp}]", "'ftp' is none of http, https" },
		{ "[{job_name: a, scrape_protocols: []}]", "at least one protocol" },
		{ "[{job_name: a, scrape_protocols: [PrometheusText0.0.4, PrometheusText0.0.4]}]",
			"twice" },
		{ "[{job_name: a, scrape_protocols: [OpenMetrics]}]",
			"none of OpenMetricsText1.0.0" },
		{ "[{job_name: a, static_configs: [{targets: ['http://x/']}]}]",
			"is not an address" },
		{ "[{job_name: a, static_configs: [{target: ['x']}]}]", "did you mean 'targets'" },
		{ "[{job_name: a, file_sd_configs: [{}]}]", "lacks files" },
		{ "[{job_name: a, file_sd_configs: [{files: ['a/*/b.yml']}]}]",
			"only its last part" },
		{ "[{job_name: a, file_sd_configs: [{files: [a.txt]}]}]", "must end in .json" },
		{ "[{job_name: a, http_sd_configs: [{}]}]", "lacks url" },
		{ "[{job_name: a, http_sd_configs: [{url: 'x'}]}]", "expected a URL" },
		{ "[{job_name: a, dns_sd_configs: [{names: []}]}]", "lacks names" },
		{ "[{job_name: a, dns_sd_configs: [{names: [a], type: A}]}]", "a port is needed" },
		{ "[{job_name: a, kubernetes_sd_configs: [{}]}]", "lacks role" },
		{ "[{job_name: a, kubernetes_sd_configs: [{role: pods}]}]", "did you mean 'pod'" },
		{ "[{job_name: a, kubernetes_sd_configs: [{role: pod, kubeconfig_file: x, "
		  "api_server: 'http://x'}]}]",
			"only one of" },
		{ "[{job_name: a, kubernetes_sd_configs: [{role: pod, bearer_token_file: x}]}]",
			"need the api_server" },
		{ "[{job_name: a, kubernetes_sd_configs: [{role: pod, selectors: [{role: "
		  "node}]}]}]",
			"knows nothing of node" },
		{ "[{job_name: a, kubernetes_sd_configs: [{role: endpoints, selectors: [{role: "
		  "pod}, "
		  "{role: pod}]}]}]",
			"stands there twice" },
		{ "[{job_name: a, consul_sd_configs: [{server: x}]}]",
			"'consul_sd_configs' is not supported" },
		{ "[{job_name: a, metric_name_validation_scheme: legacy, "
		  "metric_name_escaping_scheme: allow-utf-8}]",
			"needs metric_name_validation_scheme" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(fixture_fini) struct fixture f = { 0 };
		scoped(str_fini) struct str text = STR_EMPTY;

		str_addf(&text, "{scrape_configs: %s}", cases[i].text);
		if (read(&f, str_c(&text)) != RC_INPUT ||
			!is_said(&f.findings, cases[i].says, false))
			fail_msg("%s: %s", cases[i].text,
				f.findings.n ? f.findings.items[0].text : "accepted");
	}
}

static void places_are_exact(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	assert_int_equal(read(&f, "{scrape_configs: [\n {job_name: a,\n  tls_config: {ca_file: x,\n"
				  "   cafile: y}}]}"),
		RC_INPUT);
	assert_string_equal(f.findings.items[0].file, "prometheus.yml");
	assert_int_equal(f.findings.items[0].line, 4);
	assert_int_equal(f.findings.items[0].column, 4);
	assert_string_equal(f.findings.items[0].text,
		"unknown key 'cafile' in tls_config (did you mean 'ca_file'?) (job 'a')");
}

static void who_wants_native_histograms_asks_for_protobuf_first(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 }, other = { 0 };
	const struct scrape_config *c =
		job(&f, "{global: {scrape_native_histograms: true},\n"
			"scrape_configs: [{job_name: a, always_scrape_classic_histograms: true},\n"
			"{job_name: b, scrape_native_histograms: false},\n"
			"{job_name: c, scrape_protocols: [PrometheusText0.0.4]}]}");

	(void)state;
	assert_int_equal(c[0].terms.protocols.n, 5);
	assert_int_equal(c[0].terms.protocols.v[0], SCRAPE_PROTOBUF);
	assert_int_equal(c[0].terms.classic_histograms, SCRAPE_YES);
	assert_int_equal(c[1].terms.protocols.n, 4);
	assert_int_equal(c[1].terms.native_histograms, SCRAPE_NO);
	assert_int_equal(c[2].terms.protocols.n, 1);
	c = job(&other, "{scrape_configs: [{job_name: a, scrape_protocols: [PrometheusProto]}]}");
	assert_int_equal(c->terms.protocols.n, 1);
	assert_int_equal(c->terms.protocols.v[0], SCRAPE_PROTOBUF);
}

static void a_job_may_leave_alone_what_all_others_convert(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct scrape_config *c =
		job(&f, "{global: {convert_classic_histograms_to_nhcb: true},\n"
			"scrape_configs: [{job_name: a},\n"
			"{job_name: b, convert_classic_histograms_to_nhcb: false}]}");

	(void)state;
	assert_int_equal(c[0].terms.convert_classic, SCRAPE_YES);
	assert_int_equal(c[1].terms.convert_classic, SCRAPE_NO);
}

static void logs_of_failures_and_queries_lie_beside_the_configuration(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct scrape_config *c = job(&f,
		"{global: {scrape_failure_log_file: failed.log, query_log_file: /var/q.log},\n"
		"scrape_configs: [{job_name: a},\n"
		"{job_name: b, scrape_failure_log_file: /var/b.log}]}");

	(void)state;
	assert_string_equal(c[0].terms.failure_log_file, "/etc/p/failed.log");
	assert_string_equal(c[1].terms.failure_log_file, "/var/b.log");
	assert_string_equal(f.configs->global.query_log_file, "/var/q.log");
}

/* Each is accepted, or refused by its name; none is unknown. */
static void every_key_of_prometheus_is_known_by_name(void **state)
{
	static const char *const keys[] = { "job_name", "scrape_interval", "scrape_timeout",
		"fallback_scrape_protocol", "scrape_protocols", "always_scrape_classic_histograms",
		"convert_classic_histograms_to_nhcb", "metrics_path", "honor_labels",
		"honor_timestamps", "track_timestamps_staleness", "scheme", "params",
		"enable_compression", "scrape_failure_log_file", "basic_auth", "authorization",
		"oauth2", "bearer_token", "bearer_token_file", "follow_redirects", "enable_http2",
		"tls_config", "proxy_url", "no_proxy", "proxy_from_environment",
		"proxy_connect_header", "http_headers", "azure_sd_configs", "consul_sd_configs",
		"digitalocean_sd_configs", "docker_sd_configs", "dockerswarm_sd_configs",
		"dns_sd_configs", "ec2_sd_configs", "eureka_sd_configs", "file_sd_configs",
		"gce_sd_configs", "hetzner_sd_configs", "http_sd_configs", "ionos_sd_configs",
		"kubernetes_sd_configs", "kuma_sd_configs", "lightsail_sd_configs",
		"linode_sd_configs", "marathon_sd_configs", "nerve_sd_configs", "nomad_sd_configs",
		"openstack_sd_configs", "ovhcloud_sd_configs", "puppetdb_sd_configs",
		"scaleway_sd_configs", "serverset_sd_configs", "stackit_sd_configs",
		"triton_sd_configs", "uyuni_sd_configs", "vultr_sd_configs", "static_configs",
		"relabel_configs", "metric_relabel_configs", "body_size_limit", "sample_limit",
		"label_limit", "label_name_length_limit", "label_value_length_limit",
		"target_limit", "keep_dropped_targets", "metric_name_validation_scheme",
		"metric_name_escaping_scheme", "native_histogram_bucket_limit",
		"native_histogram_min_bucket_factor" };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		scoped(fixture_fini) struct fixture f = { 0 };
		char text[200];

		snprintf(text, sizeof text, "{scrape_configs: [{job_name: a, %s: [{}]}]}", keys[i]);
		(void)!read(&f, text);
		assert_false(is_said(&f.findings, "unknown key", false));
	}
}

static void jobs_of_other_files_share_the_global_section_and_the_names(void **state)
{
	scoped(doc_fixture_free) struct doc *first =
		doc_fixture("{global: {scrape_interval: 7s}, scrape_configs: [{job_name: a}]}");
	scoped(doc_fixture_free) struct doc *second = doc_fixture(
		"{scrape_configs: [{job_name: b, file_sd_configs: [{files: [x.yml]}]}]}");
	scoped(doc_fixture_free) struct doc *third =
		doc_fixture("{scrape_configs: [{job_name: a}]}");
	struct scrape_section s[3] = {
		{ "one.yml", "", doc_get(first->root, "global"),
			doc_get(first->root, "scrape_configs") },
		{ "d/two.yml", "d/", NULL, doc_get(second->root, "scrape_configs") },
		{ "d/three.yml", "d/", NULL, doc_get(third->root, "scrape_configs") },
	};
	scoped(scrape_configs_free) struct scrape_configs *configs = NULL;
	scoped(findings_fini) struct findings findings = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(scrape_config_read(&configs, s, 2, &findings, &e), RC_OK);
	assert_int_equal(configs->n, 2);
	assert_int_equal(configs->v[1].terms.interval_ms, 7000);
	assert_string_equal(configs->v[1].sds[0].file.files.v[0], "d/x.yml");
	scrape_configs_free(TAKE(configs));
	assert_int_equal(scrape_config_read(&configs, s, 3, &findings, &e), RC_INPUT);
	assert_string_equal(findings.items[0].file, "d/three.yml");
	assert_non_null(strstr(findings.items[0].text, "the first stands in one.yml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_job_leaves_out_is_prometheus_default),
		cmocka_unit_test(the_global_section_stands_in_for_what_a_job_leaves_out),
		cmocka_unit_test(every_kind_of_discovery_is_read_with_its_defaults),
		cmocka_unit_test(the_rest_of_a_job_is_read),
		cmocka_unit_test(mistakes_are_refused_with_their_place),
		cmocka_unit_test(places_are_exact),
		cmocka_unit_test(who_wants_native_histograms_asks_for_protobuf_first),
		cmocka_unit_test(logs_of_failures_and_queries_lie_beside_the_configuration),
		cmocka_unit_test(every_key_of_prometheus_is_known_by_name),
		cmocka_unit_test(a_job_may_leave_alone_what_all_others_convert),
		cmocka_unit_test(jobs_of_other_files_share_the_global_section_and_the_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

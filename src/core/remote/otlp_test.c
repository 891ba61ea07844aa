/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/otlp.h"

#include "base/doc_fixture.h"
#include "base/finding.h"
#include "base/protobuf.h"
#include "core/remote/otlp_config.h"
#include "core/remote/otlp_json.h"
#include "core/remote/otlp_name.h"
#include "core/remote/otlp_value.h"
#include "core/remote/write.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void add_fixed(struct str *s, uint32_t number, uint64_t v)
{
	protobuf_put_varint(s, PROTOBUF_FIXED64(number));
	str_addn(s, &v, sizeof v);
}

static void add_text(struct str *s, uint32_t number, const char *text)
{
	protobuf_add_bytes(s, number, text, strlen(text));
}

static void add_attribute(struct str *s, uint32_t number, const char *key, const char *value)
{
	size_t opened = protobuf_open(s, number), inner;

	add_text(s, 1, key);
	inner = protobuf_open(s, 2);
	add_text(s, 1, value);
	protobuf_close(s, inner);
	protobuf_close(s, opened);
}

static void add_resource(struct str *s)
{
	size_t opened = protobuf_open(s, 1);

	add_attribute(s, 1, "service.name", "shop");
	add_attribute(s, 1, "service.namespace", "web");
	add_attribute(s, 1, "service.instance.id", "a1");
	add_attribute(s, 1, "host.name", "nas");
	protobuf_close(s, opened);
}

struct nesting {
	struct str s;
	size_t resource, scope, metric, data;
};

static void begin(struct nesting *n, const char *name, const char *unit, uint32_t data)
{
	*n = (struct nesting){ 0 };
	n->resource = protobuf_open(&n->s, 1);
	add_resource(&n->s);
	n->scope = protobuf_open(&n->s, 2);
	n->metric = protobuf_open(&n->s, 2);
	add_text(&n->s, 1, name);
	add_text(&n->s, 2, "the help");
	add_text(&n->s, 3, unit);
	n->data = protobuf_open(&n->s, data);
}

static const struct otlp_config *config; /* that the next message is translated by */

/* What is stored of it: name{labels} value@ms ... */
static void assert_stored(const struct str *message, const char *want)
{
	scoped(str_fini) struct str out = STR_EMPTY, got = STR_EMPTY;
	scoped(series_batch_fini) struct series_batch b;
	scoped(arena_fini) struct arena a;
	struct otlp_result result = { 0 };
	struct err e = { 0 };

	arena_init(&a, 1 << 20);
	series_batch_init(&b, 1, 1 << 20);
	if (otlp_translate(&(struct otlp_message){ message->s, message->len, config }, &out,
		    &result, &e) != RC_OK ||
		remote_write_read(REMOTE_VERSION_1, str_c(&out), out.len, &b, &e) != RC_OK)
		fail_msg("%s", e.text);
	for (uint32_t i = 0; i < b.n_samples; i++) {
		struct labels l;

		assert_int_equal(b.labels(&b, b.samples[i].series, &a, &l, NULL), RC_OK);
		for (uint32_t k = 0; k < l.n; k++)
			str_addf(&got, "%s=%s ", l.v[k].name, l.v[k].value);
		str_addf(&got, "%g@%" PRId64 "\n", b.samples[i].v, b.samples[i].t_ms);
	}
	for (uint32_t i = 0; i < b.n_histograms; i++) {
		const struct histogram *h = b.histograms[i].h;

		str_addf(&got, "schema %d offset %d buckets %u count %g%s", h->schema,
			h->positive_spans[0].offset, h->n_positive, h->count,
			h->n_bounds ? " bounds" : "");
		for (uint32_t k = 0; k < h->n_bounds; k++)
			str_addf(&got, " %g", h->bounds[k]);
		str_add(&got, "\n");
	}
	for (uint32_t i = 0; i < b.n_exemplars; i++) {
		const struct exemplar *x = &b.exemplars[i].x;
		struct labels l;

		assert_int_equal(b.labels(&b, b.exemplars[i].series, &a, &l, NULL), RC_OK);
		str_addf(&got, "# %s le=%s", labels_get(&l, METRIC_NAME), labels_get(&l, "le"));
		for (uint32_t k = 0; k < x->labels.n; k++)
			str_addf(&got, " %s=%s", x->labels.v[k].name, x->labels.v[k].value);
		str_addf(&got, " %g@%" PRId64 "\n", x->v, x->t_ms);
	}
	if (*result.why)
		str_addf(&got, "%s\n", result.why);
	assert_string_equal(str_c(&got), want);
}

static void assert_translated(struct nesting *n, const char *want)
{
	protobuf_close(&n->s, n->data);
	protobuf_close(&n->s, n->metric);
	protobuf_close(&n->s, n->scope);
	protobuf_close(&n->s, n->resource);
	assert_stored(&n->s, want);
	str_fini(&n->s);
}

#define INFO "__name__=target_info host_name=nas instance=a1 job=web/shop 1@5000\n"

static void a_gauge_and_its_resource(void **state)
{
	struct nesting n;
	size_t point;

	(void)state;
	begin(&n, "room.temperature", "Cel", 5);
	point = protobuf_open(&n.s, 1);
	add_attribute(&n.s, 7, "room.name", "cellar");
	add_fixed(&n.s, 3, UINT64_C(5000000000));
	protobuf_add_double(&n.s, 4, 21.5);
	protobuf_close(&n.s, point);
	assert_translated(&n,
		"__name__=room_temperature_celsius instance=a1 job=web/shop room_name=cellar "
		"21.5@5000\n" INFO);
}

static void a_sum_is_a_counter_and_deltas_are_rejected(void **state)
{
	struct nesting n;
	size_t point;

	(void)state;
	for (uint64_t temporality = 1; temporality <= 2; temporality++) {
		begin(&n, "requests", "1", 7);
		point = protobuf_open(&n.s, 1);
		add_fixed(&n.s, 3, UINT64_C(5000000000));
		add_fixed(&n.s, 6, 7);
		protobuf_close(&n.s, point);
		protobuf_add_uint(&n.s, 2, temporality);
		protobuf_add_uint(&n.s, 3, 1);
		assert_translated(&n, temporality == 2
					      ? "__name__=requests_total instance=a1 job=web/shop "
						"7@5000\n" INFO
					      : "requests_total: only cumulative temporality is "
						"taken\n");
	}
}

static void a_histogram_has_classic_buckets(void **state)
{
	static const uint64_t counts[] = { 1, 2, 3 };
	static const double bounds[] = { 0.5, 10 };
	struct nesting n;
	size_t point;

	(void)state;
	begin(&n, "latency", "s", 9);
	protobuf_add_uint(&n.s, 2, 2);
	point = protobuf_open(&n.s, 1);
	add_fixed(&n.s, 3, UINT64_C(5000000000));
	add_fixed(&n.s, 4, 6);
	protobuf_add_double(&n.s, 5, 12.5);
	protobuf_add_bytes(&n.s, 6, counts, sizeof counts);
	protobuf_add_bytes(&n.s, 7, bounds, sizeof bounds);
	protobuf_close(&n.s, point);
#define WHOSE " instance=a1 job=web/shop "
	assert_translated(&n, "__name__=latency_seconds_sum" WHOSE "12.5@5000\n"
			      "__name__=latency_seconds_count" WHOSE "6@5000\n"
			      "__name__=latency_seconds_bucket" WHOSE "le=0.5 1@5000\n"
			      "__name__=latency_seconds_bucket" WHOSE "le=10 3@5000\n"
			      "__name__=latency_seconds_bucket" WHOSE "le=+Inf 6@5000\n" INFO);
}

static void an_exponential_histogram_is_a_native_one(void **state)
{
	struct nesting n;
	size_t point, side;

	(void)state;
	begin(&n, "latency", "s", 10);
	protobuf_add_uint(&n.s, 2, 2);
	point = protobuf_open(&n.s, 1);
	add_fixed(&n.s, 3, UINT64_C(5000000000));
	add_fixed(&n.s, 4, 6);
	protobuf_add_sint(&n.s, 6, 9); /* finer than Prometheus goes: two buckets become one */
	side = protobuf_open(&n.s, 8);
	protobuf_add_sint(&n.s, 1, -3);
	protobuf_add_bytes(&n.s, 2, "\1\2\3", 3);
	protobuf_close(&n.s, side);
	protobuf_close(&n.s, point);
	assert_translated(&n, INFO "schema 8 offset -1 buckets 2 count 6\n");
}

static void a_summary_has_quantiles(void **state)
{
	struct nesting n;
	size_t point, q;

	(void)state;
	begin(&n, "took", "ms", 11);
	point = protobuf_open(&n.s, 1);
	add_fixed(&n.s, 3, UINT64_C(5000000000));
	add_fixed(&n.s, 4, 6);
	protobuf_add_double(&n.s, 5, 3);
	q = protobuf_open(&n.s, 6);
	protobuf_add_double(&n.s, 1, 0.99);
	protobuf_add_double(&n.s, 2, 2.5);
	protobuf_close(&n.s, q);
	protobuf_close(&n.s, point);
	assert_translated(&n, "__name__=took_milliseconds_sum" WHOSE "3@5000\n"
			      "__name__=took_milliseconds_count" WHOSE "6@5000\n"
			      "__name__=took_milliseconds" WHOSE "quantile=0.99 2.5@5000\n" INFO);
}

static void names_are_as_prometheus_makes_them(void **state)
{
	static const struct {
		const char *name, *unit;
		enum otlp_kind kind;
		const char *want;
	} cases[] = {
		{ "system.io", "By", OTLP_COUNTER, "system_io_bytes_total" },
		{ "system.io.bytes", "By", OTLP_COUNTER, "system_io_bytes_total" },
		{ "total.of.things", "", OTLP_COUNTER, "of_things_total" },
		{ "cpu.utilization", "1", OTLP_GAUGE, "cpu_utilization_ratio" },
		{ "cpu.utilization", "1", OTLP_OTHER, "cpu_utilization" },
		{ "speed", "m/s", OTLP_GAUGE, "speed_meters_per_second" },
		{ "active", "{request}", OTLP_GAUGE, "active" },
		{ "rate", "{request}/s", OTLP_GAUGE, "rate_per_second" },
		{ "2xx", "", OTLP_GAUGE, "_2xx" },
		{ "a__b--c", "", OTLP_OTHER, "a_b_c" },
		{ "fans", "rpm", OTLP_GAUGE, "fans_rpm" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(str_fini) struct str got = STR_EMPTY;

		otlp_metric_name(cases[i].name, cases[i].unit, cases[i].kind, &got);
		assert_string_equal(str_c(&got), cases[i].want);
	}
}

static void labels_are_as_prometheus_makes_them(void **state)
{
	static const char *const cases[][2] = { { "http.method", "http_method" },
		{ "2nd", "key_2nd" }, { "_private", "key_private" }, { "__reserved", "__reserved" },
		{ "caf\xc3\xa9", "caf_" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(str_fini) struct str got = STR_EMPTY;

		otlp_label_name(cases[i][0], &got);
		assert_string_equal(str_c(&got), cases[i][1]);
	}
}

/* As the specification's own example has it, with all kinds of points. */
static void json_says_the_same(void **state)
{
	static const char text[] =
		"{\"resourceMetrics\":[{\"resource\":{\"attributes\":["
		"{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}},"
		"{\"key\":\"host.cores\",\"value\":{\"intValue\":\"8\"}}]},"
		"\"scopeMetrics\":[{\"scope\":{\"name\":\"x\"},\"metrics\":["
		"{\"name\":\"hits\",\"unit\":\"1\",\"sum\":{\"aggregationTemporality\":2,"
		"\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":\"-7\",\"timeUnixNano\":"
		"\"5000000000\","
		"\"attributes\":[{\"key\":\"ok\",\"value\":{\"boolValue\":true}}]}]}},"
		"{\"name\":\"lasted\",\"unknown\":[],\"histogram\":{\"aggregationTemporality\":"
		"\"AGGREGATION_TEMPORALITY_CUMULATIVE\",\"dataPoints\":[{\"timeUnixNano\":5e9,"
		"\"count\":3,\"sum\":0,\"bucketCounts\":[\"1\",2],\"explicitBounds\":[0.5]}]}},"
		"{\"name\":\"exp\",\"exponentialHistogram\":{\"aggregationTemporality\":2,"
		"\"dataPoints\":["
		"{\"timeUnixNano\":\"5000000000\",\"count\":\"3\",\"scale\":-1,\"positive\":{"
		"\"offset\":-2,"
		"\"bucketCounts\":[\"1\",\"2\"]}}]}},"
		"{\"name\":\"delta\",\"sum\":{\"aggregationTemporality\":1,\"dataPoints\":[{"
		"\"asDouble\":1}]}}"
		"]}]}]}";
	scoped(str_fini) struct str message = STR_EMPTY;
	struct err e = { 0 };

	(void)state;
	if (otlp_json_to_protobuf(text, sizeof text - 1, &message, &e) != RC_OK)
		fail_msg("%s", e.text);
	assert_stored(&message, "__name__=hits_total job=shop ok=true -7@5000\n"
				"__name__=lasted_sum job=shop 0@5000\n"
				"__name__=lasted_count job=shop 3@5000\n"
				"__name__=lasted_bucket job=shop le=0.5 1@5000\n"
				"__name__=lasted_bucket job=shop le=+Inf 3@5000\n"
				"__name__=target_info host_cores=8 job=shop 1@5000\n"
				"schema -1 offset -1 buckets 2 count 3\n"
				"delta: only cumulative temporality is taken\n");
}

static void exemplars_go_with_the_bucket_that_they_fell_in(void **state)
{
	static const char text[] =
		"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"h\","
		"\"histogram\":{"
		"\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":5000000000,"
		"\"count\":3,"
		"\"bucketCounts\":[1,2,0],\"explicitBounds\":[0.5,2],\"exemplars\":["
		"{\"traceId\":\"5B8e\",\"asDouble\":0.5,\"timeUnixNano\":\"4000000000\"},"
		"{\"traceId\":\"01\",\"spanId\":\"02\",\"asInt\":7}]}]}},"
		"{\"name\":\"g\",\"gauge\":{\"dataPoints\":[{\"asInt\":3,\"timeUnixNano\":"
		"5000000000,"
		"\"exemplars\":[{\"traceId\":\"ff\",\"asInt\":-3}]}]}}]}]}]}";
	scoped(str_fini) struct str message = STR_EMPTY;

	(void)state;
	assert_int_equal(otlp_json_to_protobuf(text, sizeof text - 1, &message, NULL), RC_OK);
	assert_stored(&message, "__name__=h_count 3@5000\n"
				"__name__=h_bucket le=0.5 1@5000\n"
				"__name__=h_bucket le=2 3@5000\n"
				"__name__=h_bucket le=+Inf 3@5000\n"
				"__name__=g 3@5000\n"
				"# h_bucket le=0.5 trace_id=5b8e 0.5@4000\n"
				"# h_bucket le=+Inf span_id=02 trace_id=01 7@0\n"
				"# g le= trace_id=ff -3@0\n");
}

static const char shop[] =
	"{\"resourceMetrics\":[{\"resource\":{\"attributes\":["
	"{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}},"
	"{\"key\":\"host.name\",\"value\":{\"stringValue\":\"nas\"}},"
	"{\"key\":\"os\",\"value\":{\"stringValue\":\"linux\"}}]},"
	"\"scopeMetrics\":[{\"metrics\":[{\"name\":\"io.read\",\"unit\":\"By/s\",\"sum\":{"
	"\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":1,"
	"\"timeUnixNano\":5000000000,\"attributes\":[{\"key\":\"os\",\"value\":{\"stringValue\":"
	"\"its own\"}}]"
	"}]}}]}]}]}";

/* Of these settings; or, if they can't be, what is wrong. */
static void assert_configured(const char *yaml, const char *want)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(otlp_config_free) struct otlp_config *c = NULL;
	scoped(str_fini) struct str message = STR_EMPTY;
	struct doc *doc = doc_fixture(yaml);
	const struct otlp_section section = { "prometheus.yml", "", doc->root };
	enum rc rc = otlp_config_read(&c, &section, &findings, NULL);

	doc_fixture_free(doc);
	if (rc != RC_OK) {
		assert_non_null(strstr(findings.items[0].text, want));
		return;
	}
	assert_int_equal(otlp_json_to_protobuf(shop, sizeof shop - 1, &message, NULL), RC_OK);
	config = c;
	assert_stored(&message, want);
	config = NULL;
}

static void a_resource_is_taken_as_prometheus_yml_says(void **state)
{
	(void)state;
	assert_configured("{}",
		"__name__=io_read_bytes_per_second_total job=shop os=its own 1@5000\n"
		"__name__=target_info host_name=nas job=shop os=linux 1@5000\n");
	assert_configured("{promote_resource_attributes: [host.name, os, service.name], "
			  "translation_strategy: UnderscoreEscapingWithoutSuffixes}",
		"__name__=io_read host_name=nas job=shop os=its own service_name=shop 1@5000\n"
		"__name__=target_info host_name=nas job=shop os=linux 1@5000\n");
	assert_configured("{promote_all_resource_attributes: true, "
			  "ignore_resource_attributes: [service.name, os], "
			  "keep_identifying_resource_attributes: true, "
			  "translation_strategy: NoUTF8EscapingWithSuffixes}",
		"__name__=io.read_bytes_per_second_total host.name=nas job=shop os=its own 1@5000\n"
		"__name__=target_info host.name=nas job=shop os=linux service.name=shop 1@5000\n");
	assert_configured("{translation_strategy: NoTranslation}",
		"__name__=io.read job=shop os=its own 1@5000\n"
		"__name__=target_info host.name=nas job=shop os=linux 1@5000\n");
}

/* Of settings, JSON with ' for ", and what is stored of it. */
static void assert_json_stored(const char *yaml, const char *json, const char *want)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(otlp_config_free) struct otlp_config *c = NULL;
	scoped(str_fini) struct str text = STR_EMPTY, message = STR_EMPTY;
	struct doc *doc = doc_fixture(yaml);
	const struct otlp_section section = { "prometheus.yml", "", doc->root };
	enum rc rc = otlp_config_read(&c, &section, &findings, NULL);

	doc_fixture_free(doc);
	assert_int_equal(rc, RC_OK);
	for (const char *s = json; *s; s++)
		str_addc(&text, *s == '\'' ? '"' : *s);
	assert_int_equal(otlp_json_to_protobuf(str_c(&text), text.len, &message, NULL), RC_OK);
	config = c;
	assert_stored(&message, want);
	config = NULL;
}

#define RESOURCE(attributes) "{'resourceMetrics':[{'resource':{'attributes':[" attributes "]},"
#define SCOPE(scope, metric) "'scopeMetrics':[{" scope "'metrics':[" metric "]}]}]}"
#define GAUGE(attributes, exemplars)                                               \
	"{'name':'g','gauge':{'dataPoints':[{'asInt':1,'timeUnixNano':5000000000," \
	"'attributes':[" attributes "],'exemplars':[" exemplars "]}]}}"

/* As pdata's AsString writes them, which Prometheus asks. */
static void lists_maps_and_bytes_are_labels_too(void **state)
{
	(void)state;
	assert_json_stored("{promote_resource_attributes: [process.command_args]}",
		RESOURCE("{'key':'service.name','value':{'stringValue':'shop'}},"
			 "{'key':'process.command_args','value':{'arrayValue':{'values':["
			 "{'stringValue':'node'},{'stringValue':'a<b>\\n\\u2028'},{'intValue':'7'},"
			 "{'boolValue':true},{},{'doubleValue':1e-7},{'bytesValue':'AQI='},"
			 "{'arrayValue':{}}]}}}")
			SCOPE("", GAUGE("{'key':'map','value':{'kvlistValue':{'values':["
					"{'key':'b','value':{'doubleValue':0.5}},"
					"{'key':'a','value':{'intValue':1}},"
					"{'key':'b','value':{'stringValue':'last'}},"
					"{'key':'','value':{'doubleValue':1e21}}]}}},"
					"{'key':'bytes','value':{'bytesValue':'/+8='}},"
					"{'key':'nan','value':{'arrayValue':{'values':["
					"{'doubleValue':'NaN'}]}}},"
					"{'key':'inf','value':{'doubleValue':'Infinity'}},"
					"{'key':'small','value':{'doubleValue':1e-9}}",
					  "")),
		"__name__=g bytes=/+8= inf=json: unsupported value: +Inf job=shop "
		"map={\"\":1e+21,\"a\":1,\"b\":\"last\"} "
		"process_command_args=[\"node\",\"a\\u003cb\\u003e\\n\\u2028\",7,true,null,"
		"1e-7,\"AQI=\",[]] small=1e-9 1@5000\n"
		"__name__=target_info job=shop "
		"process_command_args=[\"node\",\"a\\u003cb\\u003e\\n\\u2028\",7,true,null,"
		"1e-7,\"AQI=\",[]] 1@5000\n");
}

static void a_value_that_nests_without_end_is_refused(void **state)
{
	static const uint32_t path[] = { 1, 1, 1, 2 }; /* resource, attribute, value */
	size_t opened[COUNT(path) + 2 * (OTLP_VALUE_DEPTH_MAX + 1)], n = 0;
	scoped(str_fini) struct str message = STR_EMPTY, out = STR_EMPTY;
	struct otlp_result result = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(path); i++)
		opened[n++] = protobuf_open(&message, path[i]);
	while (n < COUNT(opened)) { /* a list, and what is in it */
		opened[n++] = protobuf_open(&message, 5);
		opened[n++] = protobuf_open(&message, 1);
	}
	while (n > 0)
		protobuf_close(&message, opened[--n]);
	assert_int_equal(otlp_translate(&(struct otlp_message){ message.s, message.len, NULL },
				 &out, &result, &e),
		RC_INPUT);
	assert_string_equal(e.text, "an attribute nests more than 16 deep");
}

#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void an_exemplar_has_what_its_series_lacks(void **state)
{
	(void)state;
	assert_json_stored("{}",
		RESOURCE("")
			SCOPE("", GAUGE("{'key':'room','value':{'stringValue':'cellar'}}",
					  "{'asDouble':1,'timeUnixNano':4000000000,'traceId':'5b8e'"
					  ",'spanId':'01',"
					  "'filteredAttributes':["
					  "{'key':'user.id','value':{'intValue':'7'}},"
					  "{'key':'trace_id','value':{'stringValue':'another'}}]},"
					  "{'asDouble':2,'timeUnixNano':4500000000,'traceId':'ff',"
					  "'filteredAttributes':["
					  "{'key':'a','value':{'stringValue':'" LONG "'}},"
					  "{'key':'b','value':{'stringValue':'" LONG "'}}]}")),
		"__name__=g room=cellar 1@5000\n"
		"# g le= span_id=01 trace_id=5b8e user.id=7 1@4000\n"
		"# g le= trace_id=ff 2@4500\n");
}

#define MEASURED_BY                                                                          \
	"'schemaUrl':'https://x/1.0','scope':{'name':'io.shop','version':'2','attributes':[" \
	"{'key':'team.name','value':{'stringValue':'red'}},"                                 \
	"{'key':'version','value':{'stringValue':'not this'}}]},"

static void who_measured_becomes_labels_where_that_is_said(void **state)
{
	static const char message[] =
		RESOURCE("{'key':'service.name','value':{'stringValue':'s'}},"
			 "{'key':'a','value':{'stringValue':'b'}}") SCOPE(MEASURED_BY,
			GAUGE("{'key':'otel_scope_name','value':{'stringValue':'its own'}}", ""));

	(void)state;
	assert_json_stored("{}", message,
		"__name__=g job=s otel_scope_name=its own 1@5000\n"
		"__name__=target_info a=b job=s 1@5000\n");
	assert_json_stored("{promote_scope_metadata: true}", message,
		"__name__=g job=s otel_scope_name=io.shop otel_scope_schema_url=https://x/1.0 "
		"otel_scope_team_name=red otel_scope_version=2 1@5000\n"
		"__name__=target_info a=b job=s 1@5000\n");
	assert_json_stored("{promote_scope_metadata: true}",
		RESOURCE("") SCOPE("'scope':{'version':'1'},", GAUGE("", "")),
		"__name__=g 1@5000\n");
}

#define HISTOGRAM(points)                                \
	RESOURCE("")                                     \
	SCOPE("", "{'name':'h','unit':'s','histogram':{" \
		  "'aggregationTemporality':2,'dataPoints':[" points "]}}")

static void a_histogram_keeps_its_bounds_where_that_is_said(void **state)
{
	(void)state;
	assert_json_stored("{convert_histograms_to_nhcb: true}",
		HISTOGRAM("{'timeUnixNano':5000000000,'count':'9','sum':3.5,'bucketCounts':"
			  "['0','4','5'],'explicitBounds':[0.5,1],'exemplars':["
			  "{'asDouble':0.7,'timeUnixNano':4000000000,'traceId':'5b8e'}]}"),
		"schema -53 offset 1 buckets 2 count 9 bounds 0.5 1\n"
		"# h_seconds le= trace_id=5b8e 0.7@4000\n");
	assert_json_stored("{convert_histograms_to_nhcb: true}",
		HISTOGRAM("{'timeUnixNano':5000000000,'count':'9','bucketCounts':['4','5'],"
			  "'explicitBounds':[]}"),
		"h_seconds: its counts don't fit its bounds, or are too many\n");
}

static void settings_that_cannot_be_are_refused_by_name(void **state)
{
	(void)state;
	assert_configured("{translation_strategy: Other}", "translation_strategy");
	assert_configured("{ignore_resource_attributes: [a]}", "cannot be configured unless");
	assert_configured(
		"{promote_all_resource_attributes: true, promote_resource_attributes: [a]}",
		"cannot be configured simultaneously");
}

static void json_of_another_shape_is_refused(void **state)
{
	static const char *const bad[] = { "[]", "{", "{\"resourceMetrics\":{}}",
		"{\"resourceMetrics\":[1]}",
		"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":1}]}]}]}",
		("{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"gauge\":{"
		 "\"dataPoints\":"
		 "[{\"asInt\":\"1x\"}]}}]}]}]}") };
	scoped(str_fini) struct str message = STR_EMPTY;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (otlp_json_to_protobuf(bad[i], strlen(bad[i]), &message, NULL) != RC_INPUT)
			fail_msg("%s", bad[i]);
	assert_int_equal(otlp_json_to_protobuf("{}", 2, &message, NULL), RC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(json_of_another_shape_is_refused),
		cmocka_unit_test(exemplars_go_with_the_bucket_that_they_fell_in),
		cmocka_unit_test(a_resource_is_taken_as_prometheus_yml_says),
		cmocka_unit_test(settings_that_cannot_be_are_refused_by_name),
		cmocka_unit_test(lists_maps_and_bytes_are_labels_too),
		cmocka_unit_test(a_value_that_nests_without_end_is_refused),
		cmocka_unit_test(an_exemplar_has_what_its_series_lacks),
		cmocka_unit_test(who_measured_becomes_labels_where_that_is_said),
		cmocka_unit_test(a_histogram_keeps_its_bounds_where_that_is_said),
		cmocka_unit_test(a_gauge_and_its_resource),
		cmocka_unit_test(a_sum_is_a_counter_and_deltas_are_rejected),
		cmocka_unit_test(a_histogram_has_classic_buckets),
		cmocka_unit_test(an_exponential_histogram_is_a_native_one),
		cmocka_unit_test(a_summary_has_quantiles),
		cmocka_unit_test(names_are_as_prometheus_makes_them),
		cmocka_unit_test(labels_are_as_prometheus_makes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

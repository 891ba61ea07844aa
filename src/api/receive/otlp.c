/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp: OpenTelemetry's metrics over HTTP, as Protocol Buffers or as JSON; the answer is of the same type.
 *
 * What can't be taken is told as a partial success, as the protocol has it: samples that the store
 * refuses, and points of delta temporality.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
#include "core/remote/otlp.h"
#include "core/remote/otlp_config.h"
#include "core/remote/otlp_json.h"
#include "port/files/lab_files.h"

#include "api/receive/write.h"
#include "base/finding.h"
#include "base/protobuf.h"

#include <stdio.h>

#define PROTOBUF_TYPE  "application/x-protobuf"
#define JSON_TYPE      "application/json"
#define JSON_BYTES_MAX (32u << 20) /* its tree takes many times that */

struct otlp {
	struct write write; /* first: write_commit() looks there */
	bool is_json;
	const struct otlp_config *config; /* in the arrival's arena */
	struct otlp_result result;
};

static enum rc decode_json(const char *body, size_t n, struct str *ret, struct err *e)
{
	if (n > JSON_BYTES_MAX)
		return err_set(e, RC_LIMIT, "more than %u bytes of JSON: send it in pieces",
			JSON_BYTES_MAX);
	ret->limit_bytes = RECEIVED_BYTES_MAX;
	return otlp_json_to_protobuf(body, n, ret, e);
}

static enum rc decode(struct arrival *d, struct err *e)
{
	struct otlp *o = d->of;
	scoped(str_fini) struct str message = STR_EMPTY;
	scoped(str_fini) struct str translated = { .limit_bytes = RECEIVED_BYTES_MAX };
	const char *body;
	size_t n;
	enum rc rc = arrival_unzip(d, &body, &n, e);

	if (rc == RC_OK && o->is_json) {
		rc = decode_json(body, n, &message, e);
		body = str_c(&message);
		n = message.len;
	}
	if (rc == RC_OK)
		rc = otlp_translate(&(struct otlp_message){ body, n, o->config }, &translated,
			&o->result, e);
	if (rc != RC_OK)
		return rc;
	str_fini(&d->plain);
	d->plain = translated;
	translated = STR_EMPTY;
	return remote_write_read(REMOTE_VERSION_1, str_c(&d->plain), d->plain.len, &d->batch, e);
}

static enum rc commit(struct arrival *d, struct err *e)
{
	struct otlp *o = d->of;
	enum rc rc = write_commit(d, e);

	return rc == RC_INPUT && o->write.first.rc ? RC_OK : rc;
}

static uint64_t count_rejected(const struct arrival *d)
{
	const struct otlp *o = d->of;
	uint64_t n = o->result.n_rejected;

	for (size_t i = 0; i < SERIES_VERDICTS; i++)
		n += d->n_left_out[i];
	return n;
}

/* ExportMetricsServiceResponse: partial_success, 1: rejected_data_points 1, error_message 2. */
static void write_response(const struct arrival *d, struct str *out)
{
	const struct otlp *o = d->of;
	const char *why = *o->result.why ? o->result.why : o->write.first.text;
	uint64_t n = count_rejected(d);
	size_t opened;

	if (!n)
		return;
	opened = protobuf_open(out, 1);
	protobuf_add_uint(out, 1, n);
	protobuf_add_bytes(out, 2, why, strlen(why));
	protobuf_close(out, opened);
}

static void write_json_response(const struct arrival *d, struct str *out)
{
	const struct otlp *o = d->of;
	uint64_t n = count_rejected(d);
	struct json_out w;
	char text[24];

	json_begin(&w, out);
	json_object_open(&w, NULL);
	if (n) {
		snprintf(text, sizeof text, "%llu", (unsigned long long)n);
		json_object_open(&w, "partialSuccess");
		json_text(&w, "rejectedDataPoints", text);
		json_text(&w, "errorMessage", *o->result.why ? o->result.why : o->write.first.text);
		json_close(&w);
	}
	json_close(&w);
}

static void answer(struct arrival *d, enum rc rc, const struct err *e)
{
	const struct otlp *o = d->of;
	struct http_reply r = { .type = o->is_json ? JSON_TYPE : PROTOBUF_TYPE };

	if (rc == RC_OK) {
		(o->is_json ? write_json_response : write_response)(d, &r.body);
	} else {
		r.status = rc == RC_TIMEOUT ? 503 : rc == RC_UNSUPPORTED ? 415 : rc_http(rc);
		r.type = "text/plain; charset=utf-8";
		str_addf(&r.body, "%s\n", e->text);
	}
	http_reply(d->exchange, &r);
}

static const struct arrival_kind otlp_kind = { RECEIVE_OTLP, "otlp", false, decode, commit,
	answer };

static void free_config(void *config)
{
	otlp_config_free(config);
}

/* As the lab has it now; it was found sound when the lab was read. */
static enum rc take_config(struct arrival *d, const struct lab_metrics *m, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	struct otlp *o = d->of;
	struct otlp_config *config;
	enum rc rc = metrics_otlp(m, &config, &findings, e);

	if (rc != RC_OK)
		return rc;
	o->config = config;
	return arena_own(&d->arena, config, free_config) ? RC_OK
							 : err_set(e, RC_LIMIT, "no memory");
}

enum rc receive_otlp(struct call *c, struct answer *out, struct err *e)
{
	const char *type = http_ask_header(c->ask, "Content-Type");
	scoped(arrival_free) struct arrival *d = NULL;
	struct otlp *o;
	enum rc rc = arrival_new(c, &otlp_kind, &d, e);

	if (rc != RC_OK)
		return rc;
	if (!type || (!str_starts(type, PROTOBUF_TYPE) && !str_starts(type, JSON_TYPE))) {
		out->status = 415;
		out->type = "text/plain; charset=utf-8";
		str_add(&out->body, "only " PROTOBUF_TYPE " and " JSON_TYPE " are taken\n");
		return RC_OK;
	}
	o = arena_alloc(&d->arena, sizeof *o);
	if (!o)
		return err_set(e, RC_LIMIT, "no memory");
	o->is_json = str_starts(type, JSON_TYPE);
	d->of = o;
	rc = take_config(d, &site_lab(c->api->setup.site)->metrics, e);
	if (rc != RC_OK)
		return rc;
	out->is_taken = true;
	arrival_start(TAKE(d));
	return RC_OK;
}

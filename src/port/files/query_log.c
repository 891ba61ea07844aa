/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/query_log.h"

#include "base/json.h"
#include "base/log.h"
#include "port/files/files.h"

#include <stdatomic.h>

static void write_params(struct json_out *w, const struct logged_query *q)
{
	char end[WALL_TEXT_MAX], start[WALL_TEXT_MAX];

	json_object_open(w, "params");
	json_text(w, "end", wall_rfc3339((struct wall){ q->end_ms }, end));
	json_text(w, "query", q->text);
	json_text(w, "start", wall_rfc3339((struct wall){ q->start_ms }, start));
	json_int(w, "step", q->step_ms / SECOND_MS);
	json_close(w);
}

static void write_stats(struct json_out *w, const struct logged_query *q)
{
	double waited = (double)q->waited_ns / 1e9, evaluated = (double)q->evaluated_ns / 1e9;

	json_object_open(w, "stats");
	json_object_open(w, "timings");
	json_double(w, "evalTotalTime", evaluated);
	json_int(w, "resultSortTime", 0);
	json_int(w, "queryPreparationTime", 0);
	json_double(w, "innerEvalTime", evaluated);
	json_double(w, "execQueueTime", waited);
	json_double(w, "execTotalTime", evaluated);
	json_close(w);
	if (q->method) {
		json_object_open(w, "samples");
		json_int(w, "totalQueryableSamples", (int64_t)q->samples_read);
		json_int(w, "peakSamples", (int64_t)q->samples_peak);
		json_close(w);
	}
	json_close(w);
}

static void write_origin(struct json_out *w, const struct logged_query *q)
{
	json_object_open(w, q->method ? "httpRequest" : "ruleGroup");
	if (q->method) {
		json_text(w, "clientIP", q->client);
		json_text(w, "method", q->method);
		json_text(w, "path", q->path);
	} else {
		json_text(w, "file", q->rule_file);
		json_text(w, "name", q->rule_group);
	}
	json_close(w);
}

void query_log_line(const struct logged_query *q, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_time(&w, "time", q->now);
	json_text(&w, "level", "INFO");
	json_text(&w, "source", "query");
	json_text(&w, "msg", "promql query logged");
	write_params(&w, q);
	if (q->error)
		json_text(&w, "error", q->error);
	write_stats(&w, q);
	json_text(&w, "spanID", "0000000000000000");
	write_origin(&w, q);
	json_close(&w);
	str_addc(out, '\n');
}

void query_log_write(const char *file, const struct logged_query *q)
{
	static _Atomic int64_t quiet_until_ms;
	scoped(str_fini) struct str line = STR_EMPTY;
	struct err e = { 0 };

	query_log_line(q, &line);
	if (file_append(file, &line, &e) == RC_OK || q->now.ms < atomic_load(&quiet_until_ms))
		return;
	atomic_store(&quiet_until_ms, q->now.ms + MINUTE_MS);
	log_warning("query_log_file: %s", e.text);
}

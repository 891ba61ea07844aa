/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/request.h"

#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SECONDS_MOST          9.2e15             /* in milliseconds they still fit */
#define SECONDS_GO_MOST       9223309901257976.0 /* what Go's clients send for ever, rounded */
#define DURATION_SECONDS_MOST (0x1p63 / 1e9)     /* in nanoseconds, as Go counts them */

static const struct {
	const char *name;
	int status;
} faults[] = {
	[REQUEST_BAD_DATA] = { "bad_data", 400 },
	[REQUEST_EXECUTION] = { "execution", 422 },
	[REQUEST_TIMEOUT] = { "timeout", 503 },
	[REQUEST_INTERNAL] = { "internal", 500 },
	[REQUEST_NOT_FOUND] = { "not_found", 404 },
	[REQUEST_UNAVAILABLE] = { "unavailable", 503 },
};
_Static_assert(COUNT(faults) == REQUEST_FAULTS, "every fault has its name");

int request_status(enum request_fault f)
{
	return faults[f].status;
}

void request_write_error(struct str *body, enum request_fault f, const char *text)
{
	struct json_out w;

	str_clear(body);
	json_begin(&w, body);
	json_object_open(&w, NULL);
	json_text(&w, "status", "error");
	json_text(&w, "errorType", faults[f].name);
	json_text(&w, "error", text);
	json_close(&w);
}

static enum rc read_pairs(const struct call *c, struct arena *a, struct uri_pairs *ret,
	struct err *e)
{
	struct uri_pairs form = { 0 };
	struct uri uri;
	enum rc rc = uri_parse(c->ask->target, a, &uri, e);

	if (rc == RC_OK && c->ask->body_bytes)
		rc = uri_pairs_parse(c->ask->body, c->ask->body_bytes, a, &form, e);
	if (rc != RC_OK)
		return rc;
	if (c->ask->is_cut || form.n + uri.query.n > URI_PAIRS_MAX)
		return err_set(e, RC_LIMIT,
			"more than %d parameters, or more than %d bytes of them", URI_PAIRS_MAX,
			HTTP_REQUEST_BYTES_MAX);
	for (uint32_t i = 0; i < uri.query.n; i++) /* the form's come first, as in Go */
		form.items[form.n++] = uri.query.items[i];
	*ret = form;
	return RC_OK;
}

/* More than is taken will be more at the next try, too: no reason to come back. */
enum rc request_pairs(const struct call *c, struct arena *a, struct uri_pairs *ret, struct err *e)
{
	enum rc rc = read_pairs(c, a, ret, e);

	return rc == RC_LIMIT ? RC_INPUT : rc;
}

enum rc request_blame(enum rc rc, const char *name, struct err *e)
{
	char text[ERR_TEXT_MAX];

	if (rc == RC_OK || !e)
		return rc;
	str_copy(text, sizeof text, e->text);
	return err_set(e, rc, "invalid parameter \"%s\": %s", name, text);
}

/* Seconds with a fraction, to whole milliseconds.  Beyond what is stored one time is as good as another. */
static bool read_seconds(const char *text, int64_t *ret_ms)
{
	double seconds;

	if (number_parse(text, strlen(text), &seconds) != NUMBER_OK ||
		!(fabs(seconds) <= SECONDS_GO_MOST))
		return false;
	if (fabs(seconds) > SECONDS_MOST)
		seconds = copysign(SECONDS_MOST, seconds);
	*ret_ms = (int64_t)(trunc(seconds) * 1000) +
		  (int64_t)(round((seconds - trunc(seconds)) * 1000));
	return true;
}

/* Go's clients say "always" by the first and the last time that they know. */
static bool read_always(const char *text, int64_t *ret_ms)
{
	if (str_eq(text, "-292273086-05-16T16:47:06Z"))
		return read_seconds("-9223309901257974", ret_ms);
	return str_eq(text, "292277025-08-18T07:12:54.999999999Z") &&
	       read_seconds("9223309901257974.999", ret_ms);
}

static bool read_moment(const char *text, int64_t *ret_ms)
{
	struct wall t;

	if (read_seconds(text, ret_ms) || read_always(text, ret_ms))
		return true;
	if (wall_parse(text, &t, NULL) != RC_OK)
		return false;
	*ret_ms = t.ms;
	return true;
}

enum rc request_time(const struct uri_pairs *pairs, const char *name, int64_t otherwise_ms,
	int64_t *ret_ms, struct err *e)
{
	const char *text = uri_pair(pairs, name);

	if (!text || !*text) {
		*ret_ms = otherwise_ms;
		return RC_OK;
	}
	if (read_moment(text, ret_ms))
		return RC_OK;
	err_set(e, RC_INPUT,
		"invalid time value for '%s': cannot parse \"%.200s\" to a valid timestamp", name,
		text);
	return request_blame(RC_INPUT, name, e);
}

enum rc request_needed_time(const struct uri_pairs *pairs, const char *name, int64_t *ret_ms,
	struct err *e)
{
	const char *text = uri_pair(pairs, name);

	text = text ? text : "";
	if (read_moment(text, ret_ms))
		return RC_OK;
	err_set(e, RC_INPUT, "cannot parse \"%.200s\" to a valid timestamp", text);
	return request_blame(RC_INPUT, name, e);
}

enum rc request_duration_ns(const struct uri_pairs *pairs, const char *name, int64_t otherwise_ns,
	int64_t *ret_ns, struct err *e)
{
	const char *text = uri_pair(pairs, name), *overflows = "";
	double seconds;
	int64_t ms;

	if (!text || !*text) {
		*ret_ns = otherwise_ns;
		return RC_OK;
	}
	if (number_parse(text, strlen(text), &seconds) == NUMBER_OK && !isnan(seconds)) {
		if (fabs(seconds) < DURATION_SECONDS_MOST) {
			*ret_ns = (int64_t)(seconds * 1e9);
			return RC_OK;
		}
		overflows = ". It overflows int64";
	} else if (duration_parse(text, &ms, NULL) == RC_OK &&
		   !__builtin_mul_overflow(ms, MS_NS, ret_ns)) {
		return RC_OK;
	}
	err_set(e, RC_INPUT, "cannot parse \"%.200s\" to a valid duration%s", text, overflows);
	return request_blame(RC_INPUT, name, e);
}

enum rc request_duration(const struct uri_pairs *pairs, const char *name, int64_t otherwise_ms,
	int64_t *ret_ms, struct err *e)
{
	int64_t ns = otherwise_ms * MS_NS;
	enum rc rc = request_duration_ns(pairs, name, ns, &ns, e);

	if (rc == RC_OK)
		*ret_ms = ns / MS_NS;
	return rc;
}

enum rc request_limit(const struct uri_pairs *pairs, uint64_t *ret, struct err *e)
{
	const char *text = uri_pair(pairs, "limit");
	char *end;
	long long limit;

	*ret = 0;
	if (!text || !*text)
		return RC_OK;
	errno = 0;
	limit = strtoll(text, &end, 10);
	if (*end || end == text || isspace((unsigned char)*text))
		err_set(e, RC_INPUT, "strconv.Atoi: parsing \"%.40s\": invalid syntax", text);
	else if (errno == ERANGE)
		err_set(e, RC_INPUT, "strconv.Atoi: parsing \"%.40s\": value out of range", text);
	else if (limit < 0)
		err_set(e, RC_INPUT, "limit must be non-negative");
	else
		return *ret = (uint64_t)limit, RC_OK;
	return request_blame(RC_INPUT, "limit", e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer of Discord's means for the next request (docs: Rate Limits; Opcodes and Status
 * Codes).  A 429 may also come from Cloudflare before Discord: HTML or a bare "error code: 1015",
 * without X-RateLimit headers, against the address and so for all channels.
 */
#include "core/alert/pace.h"

#include "base/json.h"

#include <strings.h>

#define ANSWER_WAIT_MAX_MS DAY_MS
#define BAN_MS             MINUTE_MS /* a ban that doesn't say for how long */

#define UNKNOWN_MESSAGE 10008 /* JSON error code */

/* The last block of headers: what came before were redirects or "100 Continue". */
static const char *last_block(const char *headers)
{
	const char *block = headers;

	for (const char *line = headers; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, "HTTP/", 5) == 0)
			block = line;
	}
	return block;
}

/* Value of a header, where it stands; NULL when absent. */
static const char *header(const char *block, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = block; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			line += n + 1;
			return line + strspn(line, " \t");
		}
	}
	return NULL;
}

static bool says(const char *value, const char *word)
{
	size_t n = strlen(word);

	return value && strncasecmp(value, word, n) == 0 && strchr(" \t\r\n", value[n]) != NULL;
}

/* "1", "64.57": seconds, rounded up to milliseconds; -1 for anything else (a date, say). */
static int64_t seconds_ms(const char *value)
{
	int64_t ms = 0, unit = 100;
	size_t digits = value ? strspn(value, "0123456789") : 0;
	bool is_inexact = false;

	if (digits == 0)
		return -1;
	for (; digits > 0; digits--)
		if (ms <= ANSWER_WAIT_MAX_MS)
			ms = 10 * ms + SECOND_MS * (*value++ - '0');
		else
			value++;
	if (*value == '.') {
		for (value++; *value >= '0' && *value <= '9'; value++, unit /= 10) {
			ms += unit * (*value - '0');
			is_inexact |= unit == 0 && *value != '0';
		}
	}
	if (*value && !strchr(" \t\r\n", *value))
		return -1;
	ms += is_inexact;
	return ms < ANSWER_WAIT_MAX_MS ? ms : ANSWER_WAIT_MAX_MS;
}

static int32_t count(const char *value)
{
	int64_t ms = seconds_ms(value);

	return ms < 0 ? -1 : (int32_t)(ms / SECOND_MS);
}

static int64_t body_wait_ms(const json_t *body)
{
	const json_t *value = json_object_get(body, "retry_after");
	double ms = json_is_number(value) ? 1000 * json_number_value(value) : -1;

	if (ms < 0)
		return -1;
	return ms < (double)ANSWER_WAIT_MAX_MS ? (int64_t)ms + ((double)(int64_t)ms < ms)
					       : ANSWER_WAIT_MAX_MS;
}

static int64_t longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void judge_429(struct pace_answer *a, const char *block, const json_t *body)
{
	int64_t wait = longer(seconds_ms(header(block, "Retry-After")), body_wait_ms(body));
	bool is_discords = header(block, "X-RateLimit-Limit") ||
			   header(block, "X-RateLimit-Scope") ||
			   json_object_get(body, "retry_after");

	a->verdict = PACE_LATER;
	a->is_global = says(header(block, "X-RateLimit-Global"), "true") ||
		       says(header(block, "X-RateLimit-Scope"), "global") ||
		       json_get_bool(body, "global", false) || !is_discords;
	if (wait < 0)
		wait = is_discords ? a->reset_after_ms : BAN_MS;
	a->retry_after_ms = wait;
}

/* What isn't Discord's own refusal of the payload (a proxy's page, a portal's) is tried again. */
static enum pace_verdict judge_4xx(int status, bool is_edit, const json_t *body)
{
	int64_t code = json_get_int(body, "code", -1);

	if (status == 401 || status == 403)
		return PACE_GONE;
	if (status == 404 && is_edit && code == UNKNOWN_MESSAGE)
		return PACE_LOST;
	if (status == 404)
		return !is_edit || code >= 0 ? PACE_GONE : PACE_FAILED;
	if (status == 413)
		return PACE_REJECTED;
	return status == 400 && code >= 0 ? PACE_REJECTED : PACE_FAILED;
}

static enum pace_verdict judge(int status, bool is_edit, const json_t *body)
{
	if (status == -1 || status == 504 ||
		status == 524) /* 524: Cloudflare's "a timeout occurred" */
		return PACE_UNANSWERED;
	if (status >= 200 && status <= 299)
		return PACE_DELIVERED;
	if (status >= 400 && status <= 499)
		return judge_4xx(status, is_edit, body);
	return PACE_FAILED;
}

struct pace_answer pace_judge_discord(int status, bool is_edit, const char *headers,
	const char *body, size_t body_len)
{
	const char *block = last_block(headers ? headers : "");
	scoped(json_decref) json_t *json = NULL;
	struct pace_answer a = {
		.retry_after_ms = seconds_ms(header(block, "Retry-After")),
		.remaining = count(header(block, "X-RateLimit-Remaining")),
		.reset_after_ms = seconds_ms(header(block, "X-RateLimit-Reset-After")),
	};

	if (body && json_read(&json, body, body_len, NULL) != RC_OK)
		json = NULL; /* not Discord's: the status alone must do */
	if (status == 429)
		judge_429(&a, block, json);
	else
		a.verdict = judge(status, is_edit, json);
	return a;
}

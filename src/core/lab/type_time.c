/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/types.h"

#include "core/lab/reader.h"

#include <stdio.h>

static bool is_in_bounds(struct reader *r, const struct type *type, const struct doc_node *node,
	int64_t ms)
{
	char text[DURATION_TEXT_MAX];

	if (ms < type->low)
		reader_error(r, node, "%s is too short: at least %s", node->text,
			duration_text(type->low, text));
	else if (ms > type->high)
		reader_error(r, node, "%s is too long: at most %s", node->text,
			duration_text(type->high, text));
	else
		return true;
	return false;
}

static void read_duration(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	int64_t ms;

	if (!reader_scalar(r, key, node))
		return;
	if (duration_parse(node->text, &ms, NULL) != RC_OK)
		reader_expected(r, key, node);
	else if (is_in_bounds(r, key->type, node, ms))
		*(int64_t *)to = ms;
}

/* Go's time.ParseDuration: decimals and any order of units, "1.5s", "300ms". */
static bool parse_go_duration(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "ns", 1e-6 }, { "us", 1e-3 }, { "ms", 1 }, { "s", 1e3 }, { "m", 6e4 },
		{ "h", 3.6e6 } };
	double sum = 0;

	if (str_eq(text, "0")) {
		*ret_ms = 0;
		return true;
	}
	do {
		size_t digits = strspn(text, "0123456789."), i, n;
		char *end;
		double value = strtod(text, &end);

		if (digits == 0 || digits > 12 || end != text + digits)
			return false;
		text += digits;
		n = strcspn(text, "0123456789.");
		for (i = 0; i < COUNT(units); i++)
			if (strlen(units[i].unit) == n && memcmp(units[i].unit, text, n) == 0)
				break;
		if (i == COUNT(units))
			return false;
		sum += value * units[i].ms;
		text += n;
	} while (*text && sum < 1e15);
	*ret_ms = (int64_t)(sum + 0.5);
	return true;
}

static void read_go_duration(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	int64_t ms;

	if (!reader_scalar(r, key, node))
		return;
	if (!parse_go_duration(node->text, &ms))
		reader_expected(r, key, node);
	else if (is_in_bounds(r, key->type, node, ms))
		*(int64_t *)to = ms;
}

#define DURATION_SCHEMA "\"type\": \"string\", \"pattern\": \"^(0|([0-9]+(ms|[smhdwy]))+)$\""
#define DURATION_NAME   "a duration such as 15s, 5m or 1h30m"

const struct type duration_type = { DURATION_NAME, "duration", read_duration, .low = 0,
	.high = 366 * DAY_MS, .schema = DURATION_SCHEMA };
const struct type timeout_type = { DURATION_NAME, "duration", read_duration, .low = 100,
	.high = HOUR_MS, .schema = DURATION_SCHEMA };
const struct type interval_type = { DURATION_NAME, "duration", read_duration, .low = SECOND_MS,
	.high = 366 * DAY_MS, .schema = DURATION_SCHEMA };
const struct type long_duration_type = { DURATION_NAME, "duration", read_duration, .low = MINUTE_MS,
	.high = 366 * DAY_MS, .schema = DURATION_SCHEMA };
const struct type retention_type = { DURATION_NAME, "duration", read_duration, .low = HOUR_MS,
	.high = 36500 * DAY_MS, .schema = DURATION_SCHEMA };
const struct type thinned_type = { DURATION_NAME, "duration", read_duration, .low = 10 * SECOND_MS,
	.high = HOUR_MS, .schema = DURATION_SCHEMA };
const struct type downsampled_type = { DURATION_NAME, "duration", read_duration, .low = MINUTE_MS,
	.high = DAY_MS, .schema = DURATION_SCHEMA };
const struct type go_duration_type = { "a duration such as 5s", "duration", read_go_duration,
	.low = 0, .high = DAY_MS, .schema = "\"type\": \"string\"" };

static void read_zone(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	const struct tz *zone;

	if (!reader_scalar(r, key, node))
		return;
	zone = r->source->zone(r->source->ctx, node->text);
	if (zone)
		*(const struct tz **)to = zone;
	else
		reader_expected(r, key, node);
}

static bool parse_cron(struct reader *r, const struct key *key, const struct doc_node *node,
	struct cron *ret)
{
	const struct wall since = { 946684800000 }; /* 2000: any 8 years have a leap day */
	struct err e = { 0 };

	if (!reader_scalar(r, key, node))
		return false;
	if (cron_parse(node->text, ret, &e) != RC_OK) {
		reader_error(r, node, "%s", e.text);
		return false;
	}
	if (cron_next(ret, tz_utc(), since).ms == NEVER_MS) {
		reader_error(r, node, "'%.64s' never comes: no month has such a day", node->text);
		return false;
	}
	return true;
}

static void read_cron(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	struct cron *cron = reader_alloc(r, sizeof *cron);

	if (cron && parse_cron(r, key, node, cron))
		*(const struct cron **)to = cron;
}

static void read_cron_text(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	struct cron cron;

	if (parse_cron(r, key, node, &cron))
		*(const char **)to = reader_text(r, node);
}

/* "19:00-21:00"; 24:00 is midnight. */
static void read_hours(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	unsigned h[2], m[2];
	int end = 0;

	if (!reader_scalar(r, key, node))
		return;
	if (sscanf(node->text, "%2u:%2u-%2u:%2u%n", &h[0], &m[0], &h[1], &m[1], &end) != 4 ||
		node->text[end] != '\0' || m[0] > 59 || m[1] > 59 || h[0] * 60 + m[0] > 1440 ||
		h[1] * 60 + m[1] > 1440) {
		reader_expected(r, key, node);
		return;
	}
	((uint16_t *)to)[0] = (uint16_t)((h[0] * 60 + m[0]) % 1440);
	((uint16_t *)to)[1] = (uint16_t)((h[1] * 60 + m[1]) % 1440);
}

const struct type zone_type = { "a time zone such as Europe/Dublin", "time zone", read_zone,
	.schema = "\"type\": \"string\"" };
const struct type cron_type = { "a cron expression", "cron", read_cron,
	.schema = "\"type\": \"string\"" };
const struct type cron_text_type = { "a cron expression", "cron", read_cron_text,
	.schema = "\"type\": \"string\"" };
const struct type hours_type = {
	"hours of the day such as \"19:00-21:00\"", "hours", read_hours,
	.schema = "\"type\": \"string\", \"pattern\": \"^[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}$\""
};

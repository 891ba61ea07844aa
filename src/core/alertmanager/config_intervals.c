/* SPDX-License-Identifier: Apache-2.0 */
/* Time intervals: when a route is silent, or speaks. */
#include "core/alertmanager/config_private.h"

#include <strings.h>

#define MINUTES_OF_DAY 1440

/* As they are written. */
struct intervals_written {
	const char *name;
	const struct doc_node *intervals, *node;
};

struct range_kind {
	const char *word;
	const char *const *names; /* from `base` on, ends in NULL; NULL: numbers */
	int base;
	int least, most;
	bool takes_numbers;
};

static const char *const weekday_names[] = { "sunday", "monday", "tuesday", "wednesday", "thursday",
	"friday", "saturday", NULL };
static const char *const month_names[] = { "january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december", NULL };
static const struct range_kind weekdays = { "weekday", weekday_names, 0, 0, 6, false };
static const struct range_kind months = { "month", month_names, 1, INT32_MIN, INT32_MAX, true };
static const struct range_kind years = { "year", NULL, 0, INT32_MIN, INT32_MAX, true };
static const struct range_kind days = { "day of the month", NULL, 0, -31, 31, true };

static bool read_member(const struct range_kind *kind, const char *text, int *ret)
{
	char *end;
	long v;

	for (int i = 0; kind->names && kind->names[i]; i++)
		if (strcasecmp(kind->names[i], text) == 0) {
			*ret = i + kind->base;
			return true;
		}
	v = strtol(text, &end, 10);
	if (!kind->takes_numbers || !*text || strchr(" \t", *text) || *end || v < kind->least ||
		v > kind->most)
		return false;
	*ret = (int)v;
	return kind != &days || v != 0;
}

static bool read_range(const struct range_kind *kind, char *text, struct interval_range *ret)
{
	char *colon = strchr(text, ':');
	bool is_good;

	if (colon)
		*colon = '\0';
	is_good = read_member(kind, text, &ret->first);
	ret->last = ret->first;
	if (colon && is_good)
		is_good = read_member(kind, colon + 1, &ret->last);
	if (!is_good)
		return false;
	if (kind != &days)
		return ret->first <= ret->last;
	if (ret->first < 0 && ret->last > 0)
		return false;
	/* The shortest month has 28 days. */
	return (ret->first < 0 ? 28 + ret->first : ret->first) <=
	       (ret->last < 0 ? 28 + ret->last : ret->last);
}

static void read_ranges(struct reader *r, const struct range_kind *kind,
	const struct doc_node *node, struct interval_ranges *to)
{
	if (!node)
		return;
	if (node->kind != DOC_SEQUENCE) {
		doc_expected(&r->doc, &(struct doc_key){ .name = kind->word }, node, "a list");
		return;
	}
	to->is_said = true;
	to->v = doc_alloc(&r->doc, node->n * sizeof *to->v);
	for (uint32_t i = 0; to->v && i < node->n; i++) {
		scoped(str_fini) struct str text = STR_EMPTY;

		if (node->values[i]->kind == DOC_SCALAR)
			str_add(&text, node->values[i]->text);
		else
			str_add(&text, "a list or mapping");
		if (read_range(kind, text.s, &to->v[to->n]))
			to->n++;
		else
			doc_error(&r->doc, node->values[i], "%s is not a valid %s or range of them",
				node->values[i]->kind == DOC_SCALAR ? node->values[i]->text
								    : str_c(&text),
				kind->word);
	}
}

/* "09:30" in minutes; -1: it is none. */
static int minute_of(const struct doc_node *node)
{
	const char *s = node && node->kind == DOC_SCALAR ? node->text : "";
	int hour, minute;

	if (strlen(s) != 5 || s[2] != ':' || strspn(s, "0123456789") != 2 ||
		strspn(s + 3, "0123456789") != 2)
		return -1;
	hour = (s[0] - '0') * 10 + s[1] - '0';
	minute = (s[3] - '0') * 10 + s[4] - '0';
	if (hour > 24 || minute > 59 || (hour == 24 && minute > 0))
		return -1;
	return hour * 60 + minute;
}

static void read_times(struct reader *r, const struct doc_node *node, struct interval_ranges *to)
{
	if (!node)
		return;
	if (node->kind != DOC_SEQUENCE) {
		doc_expected(&r->doc, &(struct doc_key){ .name = "times" }, node, "a list");
		return;
	}
	to->is_said = true;
	to->v = doc_alloc(&r->doc, node->n * sizeof *to->v);
	for (uint32_t i = 0; to->v && i < node->n; i++) {
		int first = minute_of(doc_get(node->values[i], "start_time"));
		int last = minute_of(doc_get(node->values[i], "end_time"));

		if (first < 0 || last < 0)
			doc_error(&r->doc, node->values[i],
				"start_time and end_time must be given, as 09:30 or 24:00");
		else if (first >= last)
			doc_error(&r->doc, node->values[i],
				"start time cannot be equal or greater than end time");
		else
			to->v[to->n++] = (struct interval_range){ first, last - 1 };
	}
}

struct interval_written {
	const struct doc_node *times, *weekdays, *days, *months, *years;
	const char *location;
};
#define INTERVAL(member) offsetof(struct interval_written, member)
static const struct doc_key interval_keys[] = {
	{ "times", doc_raw, INTERVAL(times) },
	{ "weekdays", doc_raw, INTERVAL(weekdays) },
	{ "days_of_month", doc_raw, INTERVAL(days) },
	{ "months", doc_raw, INTERVAL(months) },
	{ "years", doc_raw, INTERVAL(years) },
	{ "location", doc_text, INTERVAL(location) },
	{ 0 },
};
static const struct doc_shape interval_shape = { "time interval", sizeof(struct interval_written),
	interval_keys, NULL, NULL };

static void read_interval(struct reader *r, const struct doc_node *node, struct time_interval *to)
{
	struct interval_written w = { 0 };

	doc_read(&r->doc, &interval_shape, node, &w);
	read_times(r, w.times, &to->times);
	read_ranges(r, &weekdays, w.weekdays, &to->weekdays);
	read_ranges(r, &days, w.days, &to->days);
	read_ranges(r, &months, w.months, &to->months);
	read_ranges(r, &years, w.years, &to->years);
	to->zone = w.location ? r->world->zone(r->world->ctx, w.location) : tz_utc();
	if (!to->zone)
		doc_error(&r->doc, doc_at(node, "location"), "unknown time zone %s", w.location);
}

static void keep_intervals(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct intervals_written *)to)->node = node;
}

static const struct doc_key intervals_keys[] = {
	{ "name", doc_text, offsetof(struct intervals_written, name) },
	{ "time_intervals", doc_raw, offsetof(struct intervals_written, intervals) },
	{ 0 },
};
const struct doc_shape alertmanager_intervals_shape = { "time intervals",
	sizeof(struct intervals_written), intervals_keys, NULL, keep_intervals };

static void read_named(struct reader *r, const struct intervals_written *w)
{
	struct time_intervals *to = &r->am->intervals[r->am->n_intervals];
	const struct doc_node *list = w->intervals;

	if (!w->node)
		return;
	if (!w->name || !*w->name) {
		doc_error(&r->doc, w->node, "missing name in time interval");
		return;
	}
	for (uint32_t i = 0; i < r->am->n_intervals; i++)
		if (str_eq(r->am->intervals[i].name, w->name))
			doc_error(&r->doc, w->node, "time interval \"%s\" is not unique", w->name);
	to->name = w->name;
	r->am->n_intervals++;
	if (list && list->kind != DOC_SEQUENCE)
		doc_expected(&r->doc, &(struct doc_key){ .name = "time_intervals" }, list,
			"a list");
	if (!list || list->kind != DOC_SEQUENCE)
		return;
	to->v = doc_alloc(&r->doc, list->n * sizeof *to->v);
	for (uint32_t i = 0; to->v && i < list->n; i++)
		read_interval(r, list->values[i], &to->v[to->n++]);
}

void alertmanager_read_intervals(struct reader *r, const struct file_written *w)
{
	const struct doc_list *lists[] = { &w->mute_time_intervals, &w->time_intervals };
	uint32_t n = w->mute_time_intervals.n + w->time_intervals.n;

	r->am->intervals = doc_alloc(&r->doc, n * sizeof *r->am->intervals);
	for (size_t i = 0; r->am->intervals && i < COUNT(lists); i++)
		for (uint32_t k = 0; k < lists[i]->n; k++)
			read_named(r, &((const struct intervals_written *)lists[i]->v)[k]);
}

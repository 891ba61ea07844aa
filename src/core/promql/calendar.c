/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of dates.  Any float is taken for seconds since 1970, also those that are no time at
 * all; so this reckons as Go does, modulo 2^64 from a year before all others. */
#include "core/promql/naming.h"
#include "core/promql/parts.h"

#include <math.h>

#define DAY_S          UINT64_C(86400)
#define UNIX_TO_ZERO_S UINT64_C(9223372028715321600) /* from 1 January of the year zero to 1970 */
#define ZERO_YEAR      INT64_C(-292277022399)        /* a multiple of 400, plus 1 */
#define DAYS_400_YEARS 146097
#define DAYS_100_YEARS 36524
#define DAYS_4_YEARS   1461
#define DAYS_YEAR      365

struct date {
	int64_t year;
	unsigned month, day, day_of_year; /* from 1 */
	unsigned weekday;                 /* 0: Sunday */
	unsigned hour, minute;
	bool is_leap;
};

static unsigned days_in(unsigned month, bool is_leap)
{
	static const uint8_t days[] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month] + (month == 2 && is_leap);
}

static struct date date_of(int64_t unix_s)
{
	uint64_t since = (uint64_t)unix_s + UNIX_TO_ZERO_S, days = since / DAY_S;
	unsigned rest = (unsigned)(days % DAYS_400_YEARS), cycles, years;
	struct date d = { .year = ZERO_YEAR + (int64_t)(days / DAYS_400_YEARS) * 400,
		.hour = (unsigned)(since % DAY_S / 3600),
		.minute = (unsigned)(since % 3600 / 60),
		.weekday = (unsigned)((days + 1) % 7), /* the year zero began on a Monday */
		.month = 1 };

	cycles = rest / DAYS_100_YEARS;
	cycles -= cycles >> 2; /* the last day of 400 years */
	d.year += 100 * cycles;
	rest -= DAYS_100_YEARS * cycles;
	d.year += 4 * (rest / DAYS_4_YEARS);
	rest %= DAYS_4_YEARS;
	years = rest / DAYS_YEAR;
	years -= years >> 2; /* the last day of 4 years */
	d.year += years;
	rest -= DAYS_YEAR * years;
	d.is_leap = d.year % 4 == 0 && (d.year % 100 != 0 || d.year % 400 == 0);
	d.day_of_year = rest + 1;
	for (; rest >= days_in(d.month, d.is_leap); d.month++)
		rest -= days_in(d.month, d.is_leap);
	d.day = rest + 1;
	return d;
}

static double part_of(const struct date *d, enum promql_function_id id)
{
	switch (id) {
	case PROMQL_F_day_of_month:
		return d->day;
	case PROMQL_F_day_of_week:
		return d->weekday;
	case PROMQL_F_day_of_year:
		return d->day_of_year;
	case PROMQL_F_days_in_month:
		return days_in(d->month, d->is_leap);
	case PROMQL_F_hour:
		return d->hour;
	case PROMQL_F_minute:
		return d->minute;
	case PROMQL_F_month:
		return d->month;
	default:
		return (double)d->year;
	}
}

/* What has no place among the integers becomes the least of them, as on amd64. */
static int64_t whole(double v)
{
	return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

struct dating {
	struct stream stream;
	struct stream *inner;
	enum promql_function_id part;
	struct naming naming;
};

static enum rc next_dated(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct dating *d = (struct dating *)s;
	enum rc rc = stream_next(d->inner, ret, ret_has, e);

	if (rc != RC_OK || !*ret_has)
		return rc;
	for (uint32_t i = 0; i < s->steps->n; i++) {
		struct date date;

		if (ret->h && ret->h[i])
			ret->v[i] = absent();
		if (is_absent(ret->v[i]))
			continue;
		date = date_of(whole(ret->v[i]));
		ret->v[i] = part_of(&date, d->part);
	}
	ret->h = NULL;
	return naming_drop(&d->naming, ret, e);
}

/* Without an argument: of the step's time. */
static enum rc make_dates(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	static const struct promql_node now = { .kind = PROMQL_CALL,
		.type = PROMQL_SCALAR,
		.call = { .function = &promql_functions[PROMQL_F_time] } };

	if (n->call.n_args == 0)
		return make_lone(ev, &now, steps, ret, e);
	return eval_stream(ev, n->call.args[0], steps, ret, e);
}

enum rc make_calendar(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct dating *d = eval_alloc(ev, sizeof *d, e);
	enum rc rc = d ? make_dates(ev, n, steps, &d->inner, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	d->part = n->call.function->id;
	d->stream = (struct stream){ .next = next_dated, .eval = ev, .steps = steps };
	naming_init(&d->naming, ev, d->inner, &d->stream);
	*ret = &d->stream;
	return RC_OK;
}

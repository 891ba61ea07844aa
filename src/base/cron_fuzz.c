/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first eight bytes are an instant, the ninth chooses a zone, the rest is an expression.  What
 * is found matches, and looking forward and looking back agree.
 */
#include "base/cron.h"

#include "base/tz_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const rules[] = { "UTC0", "IST-5:30", "IST-1GMT0,M10.5.0,M3.5.0/1",
	"EST5EDT,M3.2.0,M11.1.0", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
	"AAA0BBB,M4.1.0/0,J365/24", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "XXX3EDT4,0/0,J365/23",
	"AAA24BBB-24,J100/167,J101/-167" };

static const struct tz *zone(uint8_t choice)
{
	static struct tz *zones[COUNT(rules)];
	size_t i = choice % COUNT(rules);

	if (!zones[i])
		zones[i] = tz_of("Fuzz/Zone", rules[i]);
	return zones[i];
}

static bool is_match(const struct cron *c, struct civil l)
{
	bool day = c->days >> l.day & 1, weekday = c->weekdays >> l.weekday & 1;

	return l.second == 0 && c->minutes >> l.minute & 1 && c->hours >> l.hour & 1 &&
	       c->months >> l.month & 1 &&
	       (c->is_day_star || c->is_weekday_star ? day && weekday : day || weekday);
}

static void check_found(const struct cron *c, const struct tz *z, struct wall found)
{
	must(found.ms % MINUTE_MS == 0);
	/* after a gap it stands for what was in the gap */
	must(is_match(c, tz_at(z, found).civil) || tz_span_at(z, found).from.ms == found.ms);
	must(cron_previous(c, z, found).ms == found.ms);
	must(cron_next(c, z, (struct wall){ found.ms - 1 }).ms == found.ms);
}

/* Looking from one to the other, nothing stands between; but nobody looks further than 8 years. */
static void check_neighbours(const struct cron *c, const struct tz *z, struct wall previous,
	struct wall next)
{
	if (next.ms - previous.ms > 8 * 365 * DAY_MS)
		return;
	must(cron_previous(c, z, (struct wall){ next.ms - 1 }).ms == previous.ms);
	must(cron_next(c, z, previous).ms == next.ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[128] = { 0 };
	struct wall t, next, previous;
	const struct tz *z;
	struct cron c;

	if (n < 9 || n >= 9 + sizeof text)
		return 0;
	memcpy(&t.ms, data, 8);
	t.ms %= 8000000000000; /* 1716 to 2223 */
	z = zone(data[8]);
	memcpy(text, data + 9, n - 9);
	if (cron_parse(text, &c, NULL) != RC_OK)
		return 0;
	next = cron_next(&c, z, t);
	previous = cron_previous(&c, z, t);
	must(next.ms > t.ms && previous.ms <= t.ms);
	if (next.ms != NEVER_MS)
		check_found(&c, z, next);
	if (previous.ms != INT64_MIN)
		check_found(&c, z, previous);
	if (next.ms != NEVER_MS && previous.ms != INT64_MIN)
		check_neighbours(&c, z, previous, next);
	return 0;
}

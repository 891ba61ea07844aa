/* SPDX-License-Identifier: Apache-2.0 */
#include "core/peer/copying.h"

#include "base/mem.h"

#define BACK_MS  HOUR_MS         /* a peer's clock that went back by more was wrong before */
#define AHEAD_MS (5 * MINUTE_MS) /* it isn't followed further ahead of ours */

/* The end of the window that the time lies in, or of the last one before it. */
static int64_t window_end(const struct copying *c, int64_t t_ms)
{
	return (t_ms + c->every_ms - 1) / c->every_ms * c->every_ms;
}

static int64_t windows_over(const struct copying *c, int64_t t_ms)
{
	return t_ms / c->every_ms * c->every_ms;
}

static struct mono after(struct now now, int64_t ms)
{
	return (struct mono){ now.mono.ms + ms };
}

void copying_init(struct copying *c, int64_t newest_ms)
{
	*c = (struct copying){ .held_ms = newest_ms };
}

void copying_declare(struct copying *c, int64_t every_ms, int64_t retention_ms)
{
	c->retention_ms = retention_ms;
	if (every_ms == c->every_ms)
		return;
	c->every_ms = every_ms;
	c->span_ms = every_ms;
	if (every_ms && c->held_ms != INT64_MIN)
		c->held_ms = window_end(c, c->held_ms);
}

void copying_connected(struct copying *c, struct now now, bool is_connected)
{
	if (is_connected == c->is_connected)
		return;
	c->is_connected = is_connected;
	c->failures = 0;
	c->due = now.mono;
}

static int64_t begin_ms(const struct copying *c, struct now now)
{
	bool is_first = c->held_ms == INT64_MIN;
	int64_t back_ms =
		is_first && COPYING_FIRST_MS < c->retention_ms ? COPYING_FIRST_MS : c->retention_ms;
	int64_t oldest_ms = windows_over(c, now.wall.ms - back_ms);

	return is_first || c->held_ms < oldest_ms ? oldest_ms : c->held_ms;
}

bool copying_next(struct copying *c, struct now now, struct copying_question *ret)
{
	if (!c->every_ms || !c->is_connected || c->is_asked || now.mono.ms < c->due.ms)
		return false;
	c->is_asked = true;
	c->from_ms = begin_ms(c, now);
	c->until_ms = c->from_ms + windows_over(c, c->span_ms);
	*ret = (struct copying_question){ c->from_ms, c->until_ms };
	return true;
}

struct mono copying_wake(const struct copying *c)
{
	bool waits = c->every_ms && c->is_connected && !c->is_asked;

	return waits ? c->due : (struct mono){ NEVER_MS };
}

static void fit_span(struct copying *c, struct now now, bool is_whole, uint64_t bytes)
{
	int64_t most_ms = now.mono.ms < c->most_ends.ms ? c->most_ms : COPYING_SPAN_MS;

	if (bytes > COPYING_BYTES)
		c->span_ms /= 2;
	else if (is_whole && bytes < COPYING_BYTES / 4)
		c->span_ms *= 2;
	if (c->span_ms > most_ms)
		c->span_ms = most_ms;
	if (c->span_ms < c->every_ms)
		c->span_ms = c->every_ms;
}

bool copying_is_wanted(const struct copying *c, int64_t t_ms)
{
	return c->is_asked && t_ms > c->from_ms && t_ms <= c->until_ms;
}

void copying_taken(struct copying *c, struct now now, int64_t told_ms, uint64_t bytes)
{
	int64_t most_ms = now.wall.ms + AHEAD_MS;
	int64_t until_ms = told_ms < most_ms ? told_ms : most_ms;
	int64_t over_ms = windows_over(c, until_ms < c->until_ms ? until_ms : c->until_ms);
	bool is_whole = over_ms == c->until_ms;
	int64_t pause_ms = (int64_t)(bytes * 1000 / COPYING_BYTES_PER_S);

	c->is_asked = false;
	c->failures = 0;
	fit_span(c, now, is_whole, bytes);
	if (over_ms > c->from_ms || until_ms < c->from_ms - BACK_MS)
		c->held_ms = over_ms;
	if (!is_whole) { /* the next window must be over first */
		int64_t left_ms = windows_over(c, until_ms) + c->every_ms - until_ms;

		pause_ms = pause_ms > left_ms ? pause_ms : left_ms;
	}
	c->due = after(now, pause_ms);
}

void copying_failed(struct copying *c, struct now now)
{
	int64_t pause_ms = COPYING_RETRY_MS;

	for (uint32_t i = 0; i < c->failures && pause_ms < COPYING_RETRIES_MS; i++)
		pause_ms *= 2;
	c->is_asked = false;
	c->failures++;
	c->due = after(now, pause_ms < COPYING_RETRIES_MS ? pause_ms : COPYING_RETRIES_MS);
}

bool copying_refused(struct copying *c, struct now now)
{
	if (c->span_ms <= c->every_ms) {
		copying_failed(c, now);
		return false;
	}
	c->is_asked = false;
	c->most_ms = c->span_ms / 2;
	c->most_ends = after(now, COPYING_REFUSED_MS);
	c->span_ms = c->span_ms / 4 > c->every_ms ? c->span_ms / 4 : c->every_ms;
	c->due = after(now, COPYING_RETRY_MS);
	return true;
}

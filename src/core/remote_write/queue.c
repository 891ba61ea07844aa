/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/queue.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

/* As Prometheus': how much of what waits is to be caught up in a second, how much the number of
 * shards may be off before it is changed, and how quickly older figures fade. */
#define CATCH_UP  0.05
#define TOLERANCE 0.3
#define WEIGHT    0.2

static uint32_t bounded(const struct remote_queue *q, double shards)
{
	const struct remote_queue_config *c = &q->config->queue;

	if (!(shards > (double)c->min_shards))
		return (uint32_t)c->min_shards;
	return shards > (double)c->max_shards ? (uint32_t)c->max_shards
					      : (uint32_t)(shards + 0.999);
}

void remote_queue_init(struct remote_queue *q, const struct remote_write *config, uint32_t n_shards,
	uint64_t seed)
{
	*q = (struct remote_queue){ .config = config, .n_shards = n_shards };
	q->wanted_shards = bounded(q, n_shards);
	q->shards = must_alloc(n_shards * sizeof *q->shards);
	rng_seed(&q->rng, seed);
}

void remote_queue_fini(struct remote_queue *q)
{
	for (uint32_t i = 0; i < q->n_shards; i++) {
		struct remote_body *b = q->shards[i].first, *next;

		for (; b; b = next) {
			next = b->next;
			free(b);
		}
	}
	free(q->shards);
	q->shards = NULL;
	q->n_shards = 0;
}

bool remote_queue_has_room(const struct remote_queue *q)
{
	for (uint32_t i = 0; i < q->n_shards; i++)
		if (q->shards[i].n_samples >= q->config->queue.capacity)
			return false;
	return true;
}

void remote_queue_put(struct remote_queue *q, uint32_t shard, struct remote_body *b)
{
	struct remote_shard *s = &q->shards[shard];

	b->next = NULL;
	if (s->last)
		s->last->next = b;
	else
		s->first = b;
	s->last = b;
	s->n_samples += b->n_samples;
	q->pending += b->n_samples;
}

static void count(uint64_t sum[REMOTE_KINDS], const uint32_t more[REMOTE_KINDS])
{
	for (int i = 0; i < REMOTE_KINDS; i++)
		sum[i] += more[i];
}

const struct remote_body *remote_queue_next(struct remote_queue *q, struct now now,
	uint32_t *ret_shard, struct mono *ret_wake)
{
	for (uint32_t i = 0; i < q->n_shards; i++) {
		struct remote_shard *s = &q->shards[i];

		if (!s->first || s->is_under_way)
			continue;
		if (s->retry_at.ms > now.mono.ms) {
			if (s->retry_at.ms < ret_wake->ms)
				*ret_wake = s->retry_at;
			continue;
		}
		s->is_under_way = true;
		s->sent_at = now.mono;
		q->stats.requests++;
		if (s->attempts++)
			count(q->stats.retried, s->first->has);
		*ret_shard = i;
		return s->first;
	}
	return NULL;
}

static struct remote_body *take_first(struct remote_queue *q, struct remote_shard *s)
{
	struct remote_body *b = s->first;

	s->first = b->next;
	if (!s->first)
		s->last = NULL;
	s->n_samples -= b->n_samples;
	q->pending -= b->n_samples;
	s->attempts = 0;
	s->backoff_ms = 0;
	s->retry_at = (struct mono){ 0 };
	return b;
}

/* Twice as long each time; half of it is left to chance, so that the shards don't come all at once. */
static void put_off(struct remote_queue *q, struct remote_shard *s, int64_t asked_ms,
	struct now now)
{
	const struct remote_queue_config *c = &q->config->queue;
	int64_t wait_ms;

	s->backoff_ms = s->backoff_ms ? 2 * s->backoff_ms : c->min_backoff_ms;
	if (s->backoff_ms > c->max_backoff_ms)
		s->backoff_ms = c->max_backoff_ms;
	wait_ms = s->backoff_ms - (int64_t)rng_below(&q->rng, (uint64_t)s->backoff_ms / 2 + 1);
	if (asked_ms > REMOTE_RETRY_AFTER_MAX_MS)
		asked_ms = REMOTE_RETRY_AFTER_MAX_MS;
	if (asked_ms > wait_ms)
		wait_ms = asked_ms;
	s->retry_at.ms = now.mono.ms + wait_ms;
}

static bool is_worth_a_retry(const struct remote_queue *q, const struct remote_answer *a)
{
	if (!a->is_answered || a->status / 100 == 5)
		return true;
	return a->status == 429 && q->config->queue.retry_on_http_429;
}

static bool is_too_old(const struct remote_queue *q, const struct remote_body *b, struct now now)
{
	int64_t limit_ms = q->config->queue.sample_age_limit_ms;

	return limit_ms && b->newest_ms < now.wall.ms - limit_ms;
}

/* A receiver of 2.0 says how many it has written; one that doesn't say so has not understood. */
static uint32_t written_of(const struct remote_queue *q, const struct remote_answer *a,
	const struct remote_body *b, int kind)
{
	if (q->config->protocol == REMOTE_WRITE_1)
		return b->has[kind];
	if (!a->has_written)
		return 0;
	return a->written[kind] < b->has[kind] ? (uint32_t)a->written[kind] : b->has[kind];
}

/* Returns whether anything of it was taken. */
static bool note_success(struct remote_queue *q, const struct remote_answer *a,
	const struct remote_body *b, struct now now)
{
	uint64_t sum = 0;

	for (int i = 0; i < REMOTE_KINDS; i++) {
		uint32_t written = written_of(q, a, b, i);

		q->stats.sent[i] += written;
		q->stats.failed[i] += b->has[i] - written;
		sum += written;
	}
	q->stats.bytes += b->n;
	if (b->newest_ms > q->stats.highest_sent_ms)
		q->stats.highest_sent_ms = b->newest_ms;
	q->stats.last_success = now.mono;
	q->stats.has_success = true;
	return sum;
}

enum remote_fate remote_queue_answer(struct remote_queue *q, uint32_t shard,
	const struct remote_answer *a, struct now now, struct remote_body **ret)
{
	struct remote_shard *s = &q->shards[shard];

	must(s->is_under_way);
	s->is_under_way = false;
	if (a->is_answered && a->status / 100 == 2) {
		q->busy_ms += now.mono.ms - s->sent_at.ms;
		*ret = take_first(q, s);
		return note_success(q, a, *ret, now) ? REMOTE_SENT : REMOTE_DROPPED;
	}
	q->stats.failed_requests++;
	if (is_worth_a_retry(q, a) && !is_too_old(q, s->first, now)) {
		put_off(q, s, a->retry_after_ms, now);
		return REMOTE_RETRIED;
	}
	*ret = take_first(q, s);
	if (is_worth_a_retry(q, a))
		q->stats.too_old += (*ret)->n_samples;
	else
		count(q->stats.failed, (*ret)->has);
	return REMOTE_DROPPED;
}

void remote_queue_unsent(struct remote_queue *q, uint32_t shard, struct now now)
{
	struct remote_shard *s = &q->shards[shard];

	s->is_under_way = false;
	q->stats.failed_requests++;
	put_off(q, s, 0, now);
}

bool remote_queue_is_empty(const struct remote_queue *q)
{
	for (uint32_t i = 0; i < q->n_shards; i++)
		if (q->shards[i].first)
			return false;
	return true;
}

/* ---- how many shards */

static void fade(double *rate, double now, bool has)
{
	*rate = has ? WEIGHT * now + (1 - WEIGHT) * *rate : now;
}

/* A sample takes so long on its way; in a second so many come, and a part of what waits goes too. */
static void choose_shards(struct remote_queue *q, double behind)
{
	double each = q->out_rate > 0 ? q->busy_rate / q->out_rate : 0;
	double shards = each * (q->in_rate + CATCH_UP * behind);

	if (shards > q->n_shards * (1 - TOLERANCE) && shards < q->n_shards * (1 + TOLERANCE))
		return;
	q->wanted_shards = bounded(q, shards);
}

static uint64_t sent_samples(const struct remote_queue *q)
{
	return q->stats.sent[REMOTE_SAMPLES] + q->stats.sent[REMOTE_HISTOGRAMS] +
	       q->stats.sent[REMOTE_EXEMPLARS];
}

void remote_queue_look(struct remote_queue *q, double behind, struct mono now)
{
	double seconds = (double)(now.ms - q->looked_at.ms) / 1000;
	double out, in;

	if (q->looked_at.ms && now.ms - q->looked_at.ms < REMOTE_RESHARD_MS)
		return;
	if (q->looked_at.ms) {
		out = (double)(sent_samples(q) - q->samples_before) / seconds;
		in = out + (behind - q->behind_before) / seconds;
		fade(&q->out_rate, out, q->has_rates);
		fade(&q->in_rate, in > 0 ? in : 0, q->has_rates);
		fade(&q->busy_rate, (double)q->busy_ms / 1000 / seconds, q->has_rates);
		q->has_rates = true;
		/* While nothing is taken there is nothing to learn from how long it took. */
		if (out > 0)
			choose_shards(q, behind);
	}
	q->looked_at = now;
	q->samples_before = sent_samples(q);
	q->behind_before = behind;
	q->busy_ms = 0;
}

void remote_queue_reshard(struct remote_queue *q)
{
	must(remote_queue_is_empty(q));
	free(q->shards);
	q->n_shards = q->wanted_shards;
	q->shards = must_alloc(q->n_shards * sizeof *q->shards);
}

/* ---- Retry-After */

static bool parse_date(const char *text, struct wall *ret)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c = { 0 };
	char month[4];
	const char *found;

	if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &c.day, month, &c.year, &c.hour,
		    &c.minute, &c.second) != 6)
		return false;
	found = strstr(months, month);
	if (!found || (found - months) % 3 || c.year < 1970)
		return false;
	c.month = (int32_t)(found - months) / 3 + 1;
	ret->ms = civil_to_seconds(c) * SECOND_MS;
	return true;
}

int64_t remote_retry_after(const char *text, struct wall now)
{
	size_t digits = strspn(text, "0123456789");
	struct wall until;

	if (digits && digits < 10 && !text[digits])
		return strtoll(text, NULL, 10) * SECOND_MS;
	if (parse_date(text, &until) && until.ms > now.ms)
		return until.ms - now.ms;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/scraper.h"

#include "base/mem.h"
#include "base/ring.h"
#include "core/scrape/media_type.h"

#include <stdio.h>

#define FAREWELL_AFTER 10  /* a tenth of an interval more than two */
#define REALIGN_MS     100 /* off by more, the clock was set; by less, the loop was busy */
#define SLOTS          5   /* of an interval: targets of one slot are scraped together */
#define SLOT_NS_MAX    1000000000

struct scraper {
	struct ingest_tools tools;
	uint64_t offset_seed;
	struct scrape_job **jobs;
	uint32_t n_jobs;
	struct heap timers;
	uint64_t n_made;             /* targets, for an order among equal deadlines */
	struct ring effects;         /* struct scrape_effect, not yet taken */
	struct scrape_target **gone; /* freed by the next step */
	uint32_t n_gone, cap_gone;
	struct err trouble;
};

#define TO(state) (1u << TARGET_##state)
static const struct {
	const char *name;
	unsigned may_become;
} states[] = {
	[TARGET_WAITING] = { "waiting", TO(SCRAPING) | TO(LEAVING) | TO(WAITING) },
	[TARGET_SCRAPING] = { "scraping", TO(WAITING) | TO(LEAVING) },
	[TARGET_LEAVING] = { "leaving", TO(WAITING) },
};
_Static_assert(COUNT(states) == TARGET_STATES, "every state is described");

static void become(struct scraper *s, struct scrape_target *t, enum target_state next,
	int64_t wake_ms)
{
	must(states[t->state].may_become & (1u << next));
	t->state = next;
	heap_set(&s->timers, &t->timer, wake_ms);
}

static void order(struct scraper *s, enum scrape_order what, struct scrape_target *t)
{
	struct scrape_effect *effect = ring_push(&s->effects);

	*effect = (struct scrape_effect){ what, t };
}

bool scraper_effect(struct scraper *s, struct scrape_effect *ret)
{
	return ring_pop(&s->effects, ret);
}

int64_t scraper_wake_ms(const struct scraper *s)
{
	const struct heap_node *first = heap_first(&s->timers);

	return first ? first->key : NEVER_MS;
}

static int64_t slot_ns(int64_t interval_ns)
{
	int64_t slot = interval_ns / SLOTS;

	return slot < SLOT_NS_MAX ? slot : SLOT_NS_MAX;
}

int64_t scrape_offset_ns(uint64_t target_hash, uint64_t seed, int64_t interval_ns, int64_t now_ns)
{
	int64_t until_full = interval_ns - now_ns % interval_ns;
	int64_t own = (int64_t)((target_hash ^ seed) % (uint64_t)interval_ns);
	int64_t next = until_full + own - own % slot_ns(interval_ns);

	return next > interval_ns ? next - interval_ns : next;
}

struct scraper *scraper_new(const struct scraper_wish *w)
{
	struct scraper *s = must_alloc(sizeof *s);

	ingest_tools_init(&s->tools, w->sink, w->secret);
	s->offset_seed = w->offset_seed;
	s->effects = RING_OF(struct scrape_effect);
	return s;
}

static void target_free(struct scrape_target *t)
{
	ingest_drop(t->body);
	ingest_memory_fini(&t->memory);
	free(t);
}

static void job_free(struct scrape_job *j)
{
	for (uint32_t i = 0; i < j->n_targets; i++)
		target_free(j->targets[i]);
	target_list_fini(&j->list);
	str_fini(&j->accept);
	free(j->targets);
	free(j);
}

static void free_gone(struct scraper *s)
{
	for (uint32_t i = 0; i < s->n_gone; i++)
		target_free(s->gone[i]);
	s->n_gone = 0;
}

void scraper_free(struct scraper *s)
{
	if (!s)
		return;
	free_gone(s);
	for (uint32_t i = 0; i < s->n_jobs; i++)
		job_free(s->jobs[i]);
	ingest_tools_fini(&s->tools);
	heap_fini(&s->timers);
	free(s->jobs);
	ring_fini(&s->effects);
	free(s->gone);
	free(s);
}

/* Its next moment, counted anew from now. */
static void schedule(struct scraper *s, struct scrape_target *t, struct now now)
{
	int64_t offset_ns = scrape_offset_ns(t->spec.hash, s->offset_seed,
		t->spec.interval_ms * 1000000, now.wall.ms * 1000000);

	t->due_ms = now.mono.ms + offset_ns / 1000000;
	t->planned_ms = now.wall.ms + offset_ns / 1000000;
	become(s, t, TARGET_WAITING, t->due_ms);
}

/* The body is left where it is, without a trace. */
static void abandon(struct scraper *s, struct scrape_target *t)
{
	if (t->state != TARGET_SCRAPING)
		return;
	ingest_drop(t->body);
	t->body = NULL;
	order(s, SCRAPE_CANCEL, t);
}

static struct scrape_target *target_new(struct scraper *s, struct scrape_job *j)
{
	struct scrape_target *t = must_alloc(sizeof *t);

	t->job = j;
	t->timer.tie = ++s->n_made;
	ingest_memory_init(&t->memory);
	must_grow(j->targets, j->n_targets, j->cap_targets);
	j->targets[j->n_targets++] = t;
	return t;
}

/* Out of its job and the timers; it lives on for the effects that name it. */
static void forget(struct scraper *s, struct scrape_target *t)
{
	struct scrape_job *j = t->job;
	uint32_t i = 0;

	heap_remove(&s->timers, &t->timer);
	order(s, SCRAPE_FORGET, t);
	while (j->targets[i] != t)
		i++;
	memmove(&j->targets[i], &j->targets[i + 1], (--j->n_targets - i) * sizeof *j->targets);
	must_grow(s->gone, s->n_gone, s->cap_gone);
	s->gone[s->n_gone++] = t;
}

static void leave(struct scraper *s, struct scrape_target *t)
{
	int64_t interval_ms = t->spec.interval_ms;

	abandon(s, t);
	if (!t->was_scraped) {
		forget(s, t);
		return;
	}
	t->spec = (struct target_spec){ .hash = t->spec.hash, .interval_ms = interval_ms };
	become(s, t, TARGET_LEAVING, t->due_ms + interval_ms + interval_ms / FAREWELL_AFTER);
}

static struct scrape_job *find_job(const struct scraper *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_jobs; i++)
		if (s->jobs[i]->config && str_eq(s->jobs[i]->config->job_name, name))
			return s->jobs[i];
	return NULL;
}

/* The job stays, its rules may not. */
static void renew_job(struct scraper *s, struct scrape_job *j, const struct scrape_config *c,
	struct now now)
{
	j->config = c;
	str_clear(&j->accept);
	media_type_accept(&c->terms, &j->accept);
	for (uint32_t i = 0; i < j->n_targets; i++) {
		struct scrape_target *t = j->targets[i];

		lines_forget(&t->memory.lines);
		if (t->state == TARGET_LEAVING)
			continue;
		abandon(s, t);
		schedule(s, t, now);
	}
}

static void end_job(struct scraper *s, struct scrape_job *j)
{
	for (uint32_t i = j->n_targets; i > 0; i--)
		if (j->targets[i - 1]->state != TARGET_LEAVING)
			leave(s, j->targets[i - 1]);
	j->config = NULL;
}

void scraper_set_jobs(struct scraper *s, const struct scrape_configs *c, struct now now)
{
	struct scrape_job **old = s->jobs, **jobs;
	uint32_t n_old = s->n_jobs, n = 0;

	jobs = must_alloc((c->n + n_old + 1) * sizeof *jobs);
	for (uint32_t i = 0; i < n_old; i++)
		old[i]->is_wanted = false;
	for (uint32_t i = 0; i < c->n; i++) {
		struct scrape_job *j = find_job(s, c->v[i].job_name);

		if (!j) {
			j = must_alloc(sizeof *j);
			target_list_init(&j->list);
		}
		renew_job(s, j, &c->v[i], now);
		j->is_wanted = true;
		jobs[n++] = j;
	}
	for (uint32_t i = 0; i < n_old; i++) {
		if (old[i]->is_wanted)
			continue;
		if (old[i]->config)
			end_job(s, old[i]);
		jobs[n++] = old[i];
	}
	free(old);
	s->jobs = jobs;
	s->n_jobs = n;
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = (*(struct scrape_target *const *)a)->spec.hash;
	uint64_t y = (*(struct scrape_target *const *)b)->spec.hash;

	return (x > y) - (x < y);
}

static struct scrape_target *find_target(struct scrape_target **sorted, uint32_t n, uint64_t hash)
{
	struct scrape_target key = { .spec.hash = hash }, *wanted = &key, **found;

	found = n ? bsearch(&wanted, sorted, n, sizeof *sorted, by_hash) : NULL;
	return found ? *found : NULL;
}

/* The target was there before: it goes on as it was, unless its interval is another. */
static void keep(struct scraper *s, struct scrape_target *t, const struct target_spec *spec,
	struct now now)
{
	bool is_same = t->spec.interval_ms == spec->interval_ms;

	t->spec = *spec;
	t->is_wanted = true;
	if (is_same && t->state != TARGET_LEAVING)
		return;
	abandon(s, t);
	schedule(s, t, now);
}

static void add(struct scraper *s, struct scrape_job *j, const struct target_spec *spec,
	struct now now)
{
	struct scrape_target *t = target_new(s, j);

	t->spec = *spec;
	t->is_wanted = true;
	schedule(s, t, now);
}

static void judge_limit(struct scrape_job *j)
{
	j->over_limit[0] = '\0';
	if (j->list.over_limit)
		snprintf(j->over_limit, sizeof j->over_limit,
			"target_limit exceeded (number of targets: %u, limit: %llu)",
			j->list.n_active, (unsigned long long)j->config->terms.target_limit);
}

enum rc scraper_set_targets(struct scraper *s, const char *job, struct target_list *list,
	struct now now, struct err *e)
{
	struct scrape_job *j = find_job(s, job);
	struct scrape_target **sorted;
	uint32_t n;

	if (!j)
		return err_set(e, RC_NOT_FOUND, "no scrape job is called '%s'", job);
	n = j->n_targets;
	sorted = must_alloc((n + 1) * sizeof *sorted);
	for (uint32_t i = 0; i < n; i++) {
		sorted[i] = j->targets[i];
		sorted[i]->is_wanted = false;
	}
	qsort(sorted, n, sizeof *sorted, by_hash);
	for (uint32_t i = 0; i < list->n_active; i++) {
		struct scrape_target *t = find_target(sorted, n, list->active[i].hash);

		if (t)
			keep(s, t, &list->active[i], now);
		else
			add(s, j, &list->active[i], now);
	}
	for (uint32_t i = 0; i < n; i++)
		if (!sorted[i]->is_wanted && sorted[i]->state != TARGET_LEAVING)
			leave(s, sorted[i]);
	free(sorted);
	target_list_fini(&j->list);
	j->list = *list;
	target_list_init(list);
	judge_limit(j);
	return RC_OK;
}

/* The time of this scrape's samples: the planned one, when the clock is near enough. */
static int64_t moment(struct scrape_target *t, struct now now)
{
	int64_t off_ms = now.wall.ms - t->planned_ms, tolerance_ms = t->spec.interval_ms / 100;

	if (tolerance_ms > SCRAPE_TOLERANCE_MS)
		tolerance_ms = SCRAPE_TOLERANCE_MS;
	if (off_ms >= -tolerance_ms && off_ms <= tolerance_ms)
		return t->planned_ms;
	if (off_ms < -REALIGN_MS || off_ms > REALIGN_MS) /* the clock was set */
		t->planned_ms = now.wall.ms;
	return now.wall.ms;
}

/* Texts that targets said of metrics, and none says any more. */
static void sweep_sayings(struct scraper *s)
{
	struct sayings *sayings = &s->tools.sayings;

	if (!sayings_is_due(sayings))
		return;
	for (uint32_t i = 0; i < s->n_jobs; i++) {
		for (uint32_t k = 0; k < s->jobs[i]->n_targets; k++) {
			const struct scrape_target *t = s->jobs[i]->targets[k];

			sayings_mark(sayings, t->memory.lines.v, t->memory.lines.n);
			if (t->body)
				ingest_mark_sayings(t->body);
		}
	}
	sayings_sweep(sayings);
}

static void settle(struct scraper *s, struct scrape_target *t, struct ingest_result result,
	double took_s)
{
	t->body = NULL;
	t->was_scraped = true;
	t->health = result.is_ok ? HEALTH_UP : HEALTH_DOWN;
	t->last = result;
	t->last_took_s = took_s;
	t->n_scrapes++;
	t->n_failures += !result.is_ok;
	t->job->n_scrapes++;
	t->job->n_failures += !result.is_ok;
	t->job->n_bytes += result.n_bytes;
	for (int i = 0; i < SCRAPE_LOSSES; i++) {
		t->losses[i] += result.losses[i];
		t->job->losses[i] += result.losses[i];
	}
	become(s, t, TARGET_WAITING, t->due_ms);
	sweep_sayings(s);
	if (result.is_unread && t->job->config->terms.failure_log_file && !t->job->over_limit[0])
		order(s, SCRAPE_TELL, t);
}

void scraper_failed(struct scraper *s, struct scrape_target *t, const char *why, double took_s)
{
	settle(s, t, ingest_fail(t->body, why, took_s), took_s);
}

void scraper_done(struct scraper *s, struct scrape_target *t, double took_s)
{
	settle(s, t, ingest_end(t->body, took_s), took_s);
}

void scraper_answer(struct scrape_target *t, const char *content_type)
{
	ingest_content_type(t->body, content_type);
}

bool scraper_feed(struct scrape_target *t, const char *bytes, size_t n)
{
	return ingest_feed(t->body, bytes, n, NULL) == RC_OK;
}

static void start(struct scraper *s, struct scrape_target *t, struct now now)
{
	struct ingest_wish w = { .tools = &s->tools,
		.memory = &t->memory,
		.config = t->job->config,
		.target = &t->spec.labels,
		.t_ms = moment(t, now),
		.now_ms = now.wall.ms };

	t->body = ingest_begin(&w);
	t->began_ms = now.mono.ms;
	t->last_ms = w.t_ms;
	do {
		t->due_ms += t->spec.interval_ms;
		t->planned_ms += t->spec.interval_ms;
	} while (t->due_ms <= now.mono.ms);
	become(s, t, TARGET_SCRAPING, now.mono.ms + t->spec.timeout_ms);
	if (t->job->over_limit[0])
		scraper_failed(s, t, t->job->over_limit, 0);
	else
		order(s, SCRAPE_START, t);
}

static void time_out(struct scraper *s, struct scrape_target *t, struct now now)
{
	char took[DURATION_TEXT_MAX], why[80];

	snprintf(why, sizeof why, "no whole answer within %s: context deadline exceeded",
		duration_text(t->spec.timeout_ms, took));
	order(s, SCRAPE_CANCEL, t);
	scraper_failed(s, t, why, (double)(now.mono.ms - t->began_ms) / 1000);
}

static void say_farewell(struct scraper *s, struct scrape_target *t)
{
	struct err e = { 0 };

	if (ingest_farewell(&s->tools, &t->memory, t->planned_ms, &e) != RC_OK &&
		s->trouble.rc == RC_OK)
		s->trouble = e;
	forget(s, t);
}

/* Jobs that are none any more, and have no targets left. */
static void drop_empty_jobs(struct scraper *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->n_jobs; i++) {
		if (s->jobs[i]->config || s->jobs[i]->n_targets)
			s->jobs[kept++] = s->jobs[i];
		else
			job_free(s->jobs[i]);
	}
	s->n_jobs = kept;
}

void scraper_step(struct scraper *s, struct now now)
{
	struct heap_node *first;

	free_gone(s);
	while ((first = heap_first(&s->timers)) && first->key <= now.mono.ms) {
		struct scrape_target *t = (struct scrape_target *)first;

		if (t->state == TARGET_WAITING)
			start(s, t, now);
		else if (t->state == TARGET_SCRAPING)
			time_out(s, t, now);
		else
			say_farewell(s, t);
	}
	if (s->n_gone)
		drop_empty_jobs(s);
}

void scraper_trouble(struct scraper *s, struct err *ret)
{
	*ret = s->trouble;
	s->trouble = (struct err){ 0 };
}

uint32_t scraper_job_count(const struct scraper *s)
{
	return s->n_jobs;
}

const struct scrape_job *scraper_job(const struct scraper *s, uint32_t i)
{
	return s->jobs[i];
}

void scraper_said(const struct scraper *s, const struct scrape_target *t, const char *metric,
	struct said_metrics *ret)
{
	sayings_of(&s->tools.sayings, &t->memory.lines, metric, ret);
}

void scrape_target_warning(const struct scrape_target *t, struct str *out)
{
	const char *comma = "";

	for (int i = 0; i < SCRAPE_LOSSES; i++) {
		if (!t->last.losses[i])
			continue;
		str_addf(out, "%s%u samples %s", comma, t->last.losses[i],
			scrape_loss_text((enum scrape_loss)i));
		comma = ", ";
	}
	if (*comma && t->last.offender[0])
		str_addf(out, " (first: %s)", t->last.offender);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be done stands in a list, on the stacks of those who wait for it; one lock guards it all,
 * since pieces are taken seldom and in no time. */
#include "port/crowd/crowd.h"

#include "base/limits.h"
#include "base/mem.h"

#include <sched.h>
#include <stdatomic.h>
#include <uv.h>

#define STACK_BYTES ((size_t)512 << 10)

struct task {
	struct task *next;
	void (*work)(void *of, unsigned i);
	void *of;
	unsigned n, taken;
	atomic_uint done;
};

struct crowd {
	uv_mutex_t lock;
	uv_cond_t has_work, has_done;
	struct task *first, **last; /* with pieces that nobody has taken */
	uv_thread_t threads[CROWD_HELPERS_MAX];
	unsigned n_helpers, n_started, n_busy, n_asleep; /* the rest looks for work */
	bool is_over;
	atomic_bool has_news; /* a task, or the end; who looks for it looks without the lock */
};

unsigned crowd_helpers(void)
{
	unsigned processors = uv_available_parallelism();

	return processors - 1 < CROWD_HELPERS_MAX ? processors - 1 : CROWD_HELPERS_MAX;
}

struct crowd *crowd_new(unsigned n_helpers)
{
	struct crowd *c = must_alloc(sizeof *c);

	c->last = &c->first;
	c->n_helpers = n_helpers < CROWD_HELPERS_MAX ? n_helpers : CROWD_HELPERS_MAX;
	must(uv_mutex_init(&c->lock) == 0);
	must(uv_cond_init(&c->has_work) == 0);
	must(uv_cond_init(&c->has_done) == 0);
	return c;
}

unsigned crowd_threads(const struct crowd *c)
{
	return c->n_helpers + 1;
}

static void take_out(struct crowd *c, struct task *t)
{
	struct task **at = &c->first;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (!t->next)
		c->last = at;
	atomic_store(&c->has_news, c->first != NULL);
}

/* Do one piece of it; the lock is held before and after. */
static void do_piece(struct crowd *c, struct task *t)
{
	unsigned i = t->taken++;

	if (t->taken == t->n)
		take_out(c, t);
	uv_mutex_unlock(&c->lock);
	t->work(t->of, i);
	uv_mutex_lock(&c->lock);
	if (atomic_fetch_add(&t->done, 1) + 1 == t->n)
		uv_cond_broadcast(&c->has_done);
}

static uint64_t awake_until(void)
{
	return uv_hrtime() + CROWD_AWAKE_US * UINT64_C(1000);
}

/* Without the lock, and giving way to whoever has something to do. */
static void watch(struct crowd *c, uint64_t until_ns)
{
	uv_mutex_unlock(&c->lock);
	while (!atomic_load(&c->has_news) && uv_hrtime() < until_ns)
		sched_yield();
	uv_mutex_lock(&c->lock);
}

static void sleep_until_called(struct crowd *c)
{
	c->n_asleep++;
	uv_cond_wait(&c->has_work, &c->lock);
	c->n_asleep--;
}

static void help(void *crowd)
{
	struct crowd *c = crowd;
	uint64_t until_ns = awake_until();

	uv_mutex_lock(&c->lock);
	while (!c->is_over) {
		if (c->first) {
			c->n_busy++;
			do_piece(c, c->first);
			c->n_busy--;
			until_ns = awake_until();
		} else if (uv_hrtime() < until_ns) {
			watch(c, until_ns);
		} else {
			sleep_until_called(c);
			until_ns = awake_until();
		}
	}
	uv_mutex_unlock(&c->lock);
}

/* Where the system gives no more threads, there are fewer helpers. */
static void start(struct crowd *c)
{
	const uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE,
		.stack_size = STACK_BYTES };

	while (c->n_started < c->n_helpers &&
		uv_thread_create_ex(&c->threads[c->n_started], &options, help, c) == 0)
		c->n_started++;
}

/* Without the lock: who wakes up wants it, and would fall asleep again. */
static void wake(struct crowd *c, unsigned n)
{
	uv_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < n; i++)
		uv_cond_signal(&c->has_work);
	uv_mutex_lock(&c->lock);
}

static unsigned looking(const struct crowd *c)
{
	return c->n_started - c->n_busy - c->n_asleep;
}

/* So that `n` helpers come: how many have to be woken. */
static unsigned missing(const struct crowd *c, unsigned n)
{
	n = n > looking(c) ? n - looking(c) : 0;
	return n < c->n_asleep ? n : c->n_asleep;
}

bool crowd_is_awake(struct crowd *c)
{
	bool is_awake;

	uv_mutex_lock(&c->lock);
	is_awake = looking(c) > 0;
	uv_mutex_unlock(&c->lock);
	return is_awake;
}

void crowd_rouse(struct crowd *c)
{
	uv_mutex_lock(&c->lock);
	start(c);
	wake(c, missing(c, 1));
	uv_mutex_unlock(&c->lock);
}

/* The last pieces are with others.  They take about as long as those that were done here. */
static void await(struct crowd *c, const struct task *t)
{
	uint64_t until_ns = awake_until();

	uv_mutex_unlock(&c->lock);
	while (atomic_load(&t->done) < t->n && uv_hrtime() < until_ns)
		sched_yield();
	uv_mutex_lock(
		&c->lock); /* also for who was last and still holds it: the task is on this stack */
	while (atomic_load(&t->done) < t->n)
		uv_cond_wait(&c->has_done, &c->lock);
}

void crowd_spread(void *crowd, unsigned n, void (*work)(void *of, unsigned i), void *of)
{
	struct crowd *c = crowd;
	struct task t = { .work = work, .of = of, .n = n };

	if (n == 0)
		return;
	uv_mutex_lock(&c->lock);
	if (n > 1)
		start(c);
	*c->last = &t;
	c->last = &t.next;
	atomic_store(&c->has_news, true);
	wake(c, missing(c, n - 1));
	while (t.taken < t.n)
		do_piece(c, &t);
	if (atomic_load(&t.done) < t.n)
		await(c, &t);
	uv_mutex_unlock(&c->lock);
}

void crowd_free(struct crowd *c)
{
	if (!c)
		return;
	uv_mutex_lock(&c->lock);
	must(!c->first);
	c->is_over = true;
	atomic_store(&c->has_news, true);
	uv_cond_broadcast(&c->has_work);
	uv_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->n_started; i++)
		uv_thread_join(&c->threads[i]);
	uv_cond_destroy(&c->has_done);
	uv_cond_destroy(&c->has_work);
	uv_mutex_destroy(&c->lock);
	free(c);
}

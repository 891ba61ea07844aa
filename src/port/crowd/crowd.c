/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be done stands in a list, on the stacks of those who wait for it; one lock guards it all,
 * since pieces are taken seldom and in no time. */
#include "port/crowd/crowd.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdbool.h>
#include <uv.h>

#define STACK_BYTES ((size_t)512 << 10)

struct task {
	struct task *next;
	void (*work)(void *of, unsigned i);
	void *of;
	unsigned n, taken, done;
};

struct crowd {
	uv_mutex_t lock;
	uv_cond_t has_work, has_done;
	struct task *first, **last; /* with pieces that nobody has taken */
	uv_thread_t threads[CROWD_HELPERS_MAX];
	unsigned n_helpers, n_started;
	bool is_over;
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
	if (++t->done == t->n)
		uv_cond_broadcast(&c->has_done);
}

static void help(void *crowd)
{
	struct crowd *c = crowd;

	uv_mutex_lock(&c->lock);
	while (!c->is_over) {
		if (c->first)
			do_piece(c, c->first);
		else
			uv_cond_wait(&c->has_work, &c->lock);
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
	wake(c, n - 1 < c->n_started ? n - 1 : c->n_started);
	while (t.taken < t.n)
		do_piece(c, &t);
	while (t.done < t.n)
		uv_cond_wait(&c->has_done, &c->lock);
	uv_mutex_unlock(&c->lock);
}

void crowd_free(struct crowd *c)
{
	if (!c)
		return;
	uv_mutex_lock(&c->lock);
	must(!c->first);
	c->is_over = true;
	uv_cond_broadcast(&c->has_work);
	uv_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->n_started; i++)
		uv_thread_join(&c->threads[i]);
	uv_cond_destroy(&c->has_done);
	uv_cond_destroy(&c->has_work);
	uv_mutex_destroy(&c->lock);
	free(c);
}

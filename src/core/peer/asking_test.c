/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends of one connection that keeps order, and what they say to each other. */
#include "core/peer/asking.h"

#include "base/mem.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ON_WIRE_MAX 4096

struct end {
	struct asking asking;
	struct str wire[ON_WIRE_MAX]; /* from the other end, in order */
	uint32_t first, n;
	uint64_t computing[ASKINGS_MAX * 64];
	char forms[ASKINGS_MAX * 64][32];
	uint32_t n_computing;
	uint32_t n_answers, n_failures;
	struct str answer; /* the newest */
	uint16_t status;
	char why[REASON_BYTES_MAX];
	void *ctx;
};

struct pair {
	struct end ends[2];
	struct mono now;
	size_t most_ahead;
};

static struct pair *new_pair(void)
{
	struct pair *p = must_alloc(sizeof *p);

	for (int i = 0; i < 2; i++)
		asking_connected(&p->ends[i].asking, 1);
	return p;
}

static void drop_wire(struct end *e)
{
	while (e->n) {
		str_fini(&e->wire[e->first++ % ON_WIRE_MAX]);
		e->n--;
	}
}

static void free_pair(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		drop_wire(&p->ends[i]);
		asking_fini(&p->ends[i].asking);
		str_fini(&p->ends[i].answer);
	}
	free(p);
}

static void carry_out(struct end *e, struct end *other, struct asking_effect *fx)
{
	switch (fx->kind) {
	case ASKING_DO_SEND:
		assert_true(other->n < ON_WIRE_MAX);
		other->wire[(other->first + other->n++) % ON_WIRE_MAX] = fx->bytes;
		fx->bytes = STR_EMPTY;
		break;
	case ASKING_DO_COMPUTE:
		assert_true(fx->question.n < sizeof e->forms[0]);
		memcpy(e->forms[e->n_computing], fx->question.bytes, fx->question.n);
		e->forms[e->n_computing][fx->question.n] = '\0';
		e->computing[e->n_computing++] = fx->number;
		break;
	case ASKING_SAY_ANSWERED:
		str_fini(&e->answer);
		e->answer = fx->bytes;
		fx->bytes = STR_EMPTY;
		e->ctx = fx->ctx;
		e->status = fx->status;
		e->n_answers += fx->status != 0;
		e->n_failures += fx->status == 0;
		memcpy(e->why, fx->why, sizeof e->why);
		break;
	}
}

static void drain(struct pair *p, int who)
{
	struct asking_effect fx;
	size_t ahead = 0;
	struct end *other = &p->ends[!who];

	while (asking_next(&p->ends[who].asking, p->now, &fx)) {
		carry_out(&p->ends[who], other, &fx);
		asking_effect_fini(&fx);
	}
	for (uint32_t i = 0; i < other->n; i++)
		ahead += other->wire[(other->first + i) % ON_WIRE_MAX].len;
	if (ahead > p->most_ahead)
		p->most_ahead = ahead;
}

/* One message arrives at `who`. */
static void arrive(struct pair *p, int who)
{
	struct end *e = &p->ends[who];
	struct str part = e->wire[e->first++ % ON_WIRE_MAX];
	struct err err = { 0 };

	e->n--;
	if (asking_received(&e->asking, p->now, part.s, part.len, &err) != RC_OK)
		fail_msg("%s", err.text);
	str_fini(&part);
	drain(p, who);
}

static void settle(struct pair *p)
{
	drain(p, 0);
	drain(p, 1);
	while (p->ends[0].n || p->ends[1].n)
		arrive(p, p->ends[0].n ? 0 : 1);
}

static enum rc ask(struct pair *p, int who, const char *form, void *ctx)
{
	struct asking_question q = { ASKING_QUERY, "", form, 120000 };

	return asking_ask(&p->ends[who].asking, p->now, &q, ctx, NULL);
}

/* `n` bytes that tell where they stand. */
static struct str body_of(size_t n, unsigned seed)
{
	struct str s = STR_EMPTY;

	for (size_t i = 0; i < n; i++)
		str_addc(&s, (char)((i * 31 + (i >> 8) + seed) & 0xff));
	return s;
}

static void compute(struct pair *p, int who, uint16_t status, size_t n, unsigned seed)
{
	struct end *e = &p->ends[who];
	struct str body = body_of(n, seed);

	asking_computed(&e->asking, e->computing[--e->n_computing], status, &body);
}

static void a_question_comes_back_as_the_peer_answers_it(void **unused)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, 1 << 20 };
	struct pair *p = new_pair();
	int me;

	(void)unused;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		scoped(str_fini) struct str wanted = body_of(sizes[i], 7);

		assert_int_equal(ask(p, 0, "query=up", &me), RC_OK);
		settle(p);
		assert_string_equal(p->ends[1].forms[0], "query=up");
		compute(p, 1, 422, sizes[i], 7);
		settle(p);
		assert_int_equal(p->ends[0].n_answers, i + 1);
		assert_int_equal(p->ends[0].status, 422);
		assert_ptr_equal(p->ends[0].ctx, &me);
		assert_int_equal(p->ends[0].answer.len, wanted.len);
		if (wanted.len)
			assert_memory_equal(p->ends[0].answer.s, wanted.s, wanted.len);
		assert_true(asking_wake(&p->ends[0].asking).ms == NEVER_MS);
		assert_true(asking_wake(&p->ends[1].asking).ms == NEVER_MS);
	}
	free_pair(p);
}

static void answers_give_way_to_beats(void **unused)
{
	struct pair *p = new_pair();

	(void)unused;
	for (int i = 0; i < ASKINGS_MAX; i++)
		assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	settle(p);
	p->most_ahead = 0;
	for (int i = 0; i < ASKINGS_MAX; i++)
		compute(p, 1, 200, 500000, (unsigned)i);
	settle(p);
	assert_int_equal(p->ends[0].n_answers, ASKINGS_MAX);
	assert_in_range(p->most_ahead, ASKING_WINDOW_BYTES / 2, ASKING_WINDOW_BYTES + 1024);
	free_pair(p);
}

static void a_small_answer_does_not_wait_for_a_large_one(void **unused)
{
	struct pair *p = new_pair();
	int large, small;

	(void)unused;
	assert_int_equal(ask(p, 0, "query=large", &large), RC_OK);
	assert_int_equal(ask(p, 0, "query=small", &small), RC_OK);
	settle(p);
	assert_string_equal(p->ends[1].forms[1], "query=small");
	p->ends[1].n_computing = 1;
	compute(p, 1, 200, 4000000, 0);
	drain(p, 1);
	p->ends[1].computing[0] = p->ends[1].computing[1];
	p->ends[1].n_computing = 1;
	compute(p, 1, 200, 100, 1);
	while (!p->ends[0].n_answers)
		arrive(p, p->ends[1].n ? 1 : 0);
	assert_ptr_equal(p->ends[0].ctx, &small);
	settle(p);
	assert_ptr_equal(p->ends[0].ctx, &large);
	free_pair(p);
}

static void tick(struct pair *p, int64_t ms)
{
	p->now.ms += ms;
	for (int i = 0; i < 2; i++)
		asking_tick(&p->ends[i].asking, p->now);
	settle(p);
}

static void a_program_that_does_not_know_the_question_is_given_up_after_10_s(void **unused)
{
	struct pair *p = new_pair();

	(void)unused;
	assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	drain(p, 0);
	drop_wire(&p->ends[1]);
	assert_int_equal(asking_wake(&p->ends[0].asking).ms, ASKING_PATIENCE_MS);
	tick(p, ASKING_PATIENCE_MS - 1);
	assert_int_equal(p->ends[0].n_failures, 0);
	tick(p, 1);
	assert_int_equal(p->ends[0].n_failures, 1);
	assert_non_null(strstr(p->ends[0].why, "older"));
	free_pair(p);
}

static void a_computation_has_the_time_that_was_asked_for(void **unused)
{
	struct pair *p = new_pair();

	(void)unused;
	assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	settle(p);
	tick(p, 129999);
	assert_int_equal(p->ends[0].n_failures, 0);
	tick(p, 1);
	assert_int_equal(p->ends[0].n_failures, 1);
	assert_string_equal(p->ends[0].why, "it has not answered in time");
	compute(p, 1, 200, 100, 0); /* nobody wants it any more */
	settle(p);
	assert_int_equal(p->ends[0].n_answers, 0);
	assert_int_equal(p->ends[1].asking.answerers[0].stage, ANSWERER_FREE);
	free_pair(p);
}

static void what_is_still_computed_for_nobody_keeps_its_place(void **unused)
{
	struct pair *p = new_pair();

	(void)unused;
	for (int i = 0; i < ASKINGS_MAX; i++)
		assert_int_equal(ask(p, 0, "query=slow", NULL), RC_OK);
	settle(p);
	tick(p, 130000);
	assert_int_equal(p->ends[0].n_failures, ASKINGS_MAX);
	assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	settle(p);
	assert_int_equal(p->ends[0].status, 503);
	assert_non_null(strstr(str_c(&p->ends[0].answer), "too many questions"));
	compute(p, 1, 200, 10, 0);
	assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	settle(p);
	compute(p, 1, 200, 10, 0);
	settle(p);
	assert_int_equal(p->ends[0].status, 200);
	free_pair(p);
}

static void one_question_too_many_is_refused_here(void **unused)
{
	struct pair *p = new_pair();

	(void)unused;
	for (int i = 0; i < ASKINGS_MAX; i++)
		assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	assert_int_equal(ask(p, 0, "query=up", NULL), RC_LIMIT);
	free_pair(p);
}

static void a_lost_connection_ends_all_questions(void **unused)
{
	struct pair *p = new_pair();

	(void)unused;
	assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	assert_int_equal(ask(p, 1, "query=up", NULL), RC_OK);
	settle(p);
	compute(p, 1, 200, 1000000, 0);
	drain(p, 1);
	for (int i = 0; i < 2; i++) {
		drop_wire(&p->ends[i]);
		asking_connected(&p->ends[i].asking, 0);
		assert_int_equal(ask(p, i, "query=up", NULL), RC_OFFLINE);
	}
	settle(p);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(p->ends[i].n_failures, 1);
		assert_string_equal(p->ends[i].why,
			"the link was lost before the answer was there");
		asking_connected(&p->ends[i].asking, 2);
	}
	compute(p, 0, 200, 10, 0); /* of the old connection */
	assert_int_equal(ask(p, 1, "query=again", NULL), RC_OK);
	settle(p);
	assert_int_equal(p->ends[1].n_answers, 0);
	compute(p, 0, 200, 20, 0);
	settle(p);
	assert_int_equal(p->ends[1].answer.len, 20);
	free_pair(p);
}

static void an_answer_that_nobody_takes_is_forgotten(void **unused)
{
	struct pair *p = new_pair();

	(void)unused;
	assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	settle(p);
	compute(p, 1, 200, 1000000, 0);
	drain(p, 1);
	drop_wire(&p->ends[0]);
	tick(p, ASKING_PATIENCE_MS);
	assert_int_equal(p->ends[1].asking.answerers[0].stage, ANSWERER_FREE);
	free_pair(p);
}

static void more_taken_than_was_sent_is_malformed(void **unused)
{
	struct pair *p = new_pair();
	scoped(str_fini) struct str part = STR_EMPTY;
	struct asking_part taken = { .kind = ASKING_TAKEN, .taken = 1000001 };

	(void)unused;
	assert_int_equal(ask(p, 0, "query=up", NULL), RC_OK);
	settle(p);
	compute(p, 1, 200, 1000000, 0);
	drain(p, 1);
	asking_part_write(&taken, &part);
	assert_int_equal(asking_received(&p->ends[1].asking, p->now, part.s, part.len, NULL),
		RC_INPUT);
	free_pair(p);
}

/* Questions, computations, losses and time in any order: each question has exactly one outcome, and
 * when all is quiet no place is taken. */
static void weather(uint64_t seed)
{
	struct pair *p = new_pair();
	struct rng r;
	uint32_t asked[2] = { 0 };
	uint64_t connection = 1;

	rng_seed(&r, seed);
	for (int i = 0; i < 600; i++) {
		int who = (int)rng_below(&r, 2);
		struct end *e = &p->ends[who];
		uint64_t what = rng_below(&r, 100);

		if (what < 20)
			asked[who] += ask(p, who, "query=up", NULL) == RC_OK;
		else if (what < 40 && e->n_computing)
			compute(p, who, 200, rng_below(&r, 40000), (unsigned)seed);
		else if (what < 90 && e->n)
			arrive(p, who);
		else if (what < 93) {
			p->now.ms += rng_between(&r, 0, 8000);
			asking_tick(&e->asking, p->now);
		} else if (what == 99) {
			connection++;
			for (int k = 0; k < 2; k++) {
				drop_wire(&p->ends[k]);
				asking_connected(&p->ends[k].asking, connection);
			}
		}
		drain(p, 0);
		drain(p, 1);
		assert_true(p->most_ahead < ASKING_WINDOW_BYTES + 20000);
	}
	for (int k = 0; k < 2; k++)
		while (p->ends[k].n_computing)
			compute(p, k, 200, 100, 0);
	settle(p);
	tick(p, 10 * MINUTE_MS);
	for (int k = 0; k < 2; k++) {
		while (p->ends[k].n_computing)
			compute(p, k, 200, 100, 0);
		settle(p);
		tick(p, MINUTE_MS);
		assert_int_equal(p->ends[k].n_answers + p->ends[k].n_failures, asked[k]);
	}
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < ASKINGS_MAX; i++) {
			assert_int_equal(p->ends[k].asking.askers[i].stage, ASKER_FREE);
			assert_int_equal(p->ends[k].asking.answerers[i].stage, ANSWERER_FREE);
		}
	free_pair(p);
}

static void every_question_has_one_outcome_in_any_weather(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 300; seed++)
		weather(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_comes_back_as_the_peer_answers_it),
		cmocka_unit_test(answers_give_way_to_beats),
		cmocka_unit_test(a_small_answer_does_not_wait_for_a_large_one),
		cmocka_unit_test(a_program_that_does_not_know_the_question_is_given_up_after_10_s),
		cmocka_unit_test(a_computation_has_the_time_that_was_asked_for),
		cmocka_unit_test(what_is_still_computed_for_nobody_keeps_its_place),
		cmocka_unit_test(one_question_too_many_is_refused_here),
		cmocka_unit_test(a_lost_connection_ends_all_questions),
		cmocka_unit_test(an_answer_that_nobody_takes_is_forgotten),
		cmocka_unit_test(more_taken_than_was_sent_is_malformed),
		cmocka_unit_test(every_question_has_one_outcome_in_any_weather),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

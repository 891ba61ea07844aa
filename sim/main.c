/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: two sites through bad weeks in minutes.
 *
 *	sim --seed N [--hours H] [--trace]   one run, again; the trace on standard output; with --mirror
 *	                                     the one with the names exchanged
 *	sim --seconds S [--from N]           new seeds until the time is up
 *	sim --seeds N [--from N] [--mirror]  that many seeds, each with its mirror
 *	sim --seeds N --catch WORDS          a planted bug: a seed must break with these words first
 */
#include "sim/world.h"

#include <getopt.h>
#include <time.h>

struct arguments {
	uint64_t seed, from, seeds;
	bool has_seed, is_traced, is_mirrored;
	int64_t hours, seconds;
	const char *catch;
};

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct outcome {
	bool is_ok;
	char breach[sizeof((struct world){ 0 }.breach)];
	uint64_t trace_hash, steps, incidents, deliveries, faults, checked;
};

static struct outcome run(const struct sim_options *options)
{
	struct world *w = must_alloc(sizeof *w);
	struct outcome o;

	world_init(w, options);
	o.is_ok = world_run(w);
	if (!o.is_ok)
		printf("seed %llu breaks at %.1f h: %s\n  replay: sim --seed %llu --trace\n",
			(unsigned long long)options->seed, (double)w->now_ms / HOUR_MS, w->breach,
			(unsigned long long)options->seed);
	str_copy(o.breach, sizeof o.breach, w->breach);
	o.trace_hash = w->trace_hash;
	o.steps = w->steps;
	o.incidents = w->n_incidents;
	o.deliveries = w->n_deliveries;
	o.faults = w->n_faults;
	o.checked = w->n_checked;
	world_fini(w);
	free(w);
	return o;
}

static int run_one(const struct arguments *a)
{
	struct sim_options options = { .seed = a->seed,
		.hours = a->hours,
		.is_swapped = a->is_mirrored,
		.trace = a->is_traced ? stdout : NULL };
	struct outcome o = run(&options);

	printf("seed %llu: %s, trace %016llx, %lld h, %llu steps, %llu faults, %llu messages\n",
		(unsigned long long)a->seed, o.is_ok ? "ok" : "BROKEN",
		(unsigned long long)o.trace_hash, (long long)a->hours, (unsigned long long)o.steps,
		(unsigned long long)o.faults, (unsigned long long)o.deliveries);
	return o.is_ok ? 0 : 1;
}

/* Oracle 6: the run with the names exchanged is the same run. */
static void compare_with_mirror(const struct sim_options *options, struct outcome *o)
{
	struct sim_options swapped = *options;

	swapped.is_swapped = true;
	if (run(&swapped).trace_hash == o->trace_hash)
		return;
	o->is_ok = false;
	str_copy(o->breach, sizeof o->breach,
		"oracle 6: with the names exchanged it is another run");
	printf("seed %llu: %s\n", (unsigned long long)options->seed, o->breach);
}

/* The simulator proves itself: it has to find what was planted, and to call it by its name. */
static int run_catch(const struct arguments *a)
{
	for (uint64_t seed = a->from; seed < a->from + a->seeds; seed++) {
		struct sim_options options = { .seed = seed, .hours = a->hours };
		struct outcome o = run(&options);

		if (o.is_ok && a->is_mirrored)
			compare_with_mirror(&options, &o);
		if (o.is_ok || !str_starts(o.breach, a->catch))
			continue;
		printf("caught by seed %llu\n", (unsigned long long)seed);
		return 0;
	}
	printf("%llu seeds, and none broke with '%s'\n", (unsigned long long)a->seeds, a->catch);
	return 1;
}

static int run_many(const struct arguments *a)
{
	double begun = seconds_now();
	uint64_t n = 0, broken = 0, hash = 0;
	struct outcome sum = { 0 };

	for (uint64_t seed = a->from;; seed++, n++) {
		struct sim_options options = { .seed = seed, .hours = a->hours };
		struct outcome o;

		if (a->seeds ? n == a->seeds : seconds_now() - begun > (double)a->seconds)
			break;
		o = run(&options);
		if (o.is_ok && a->is_mirrored)
			compare_with_mirror(&options, &o);
		broken += !o.is_ok;
		hash = hash * 31 + o.trace_hash;
		sum.steps += o.steps;
		sum.incidents += o.incidents;
		sum.deliveries += o.deliveries;
		sum.faults += o.faults;
		sum.checked += o.checked;
	}
	printf("%llu seeds of %lld h from %llu: %llu broken; %llu faults, %llu incidents, %llu "
	       "messages, "
	       "%llu expectations; %llu steps; trace %016llx; %.0f simulated hours a minute\n",
		(unsigned long long)n, (long long)a->hours, (unsigned long long)a->from,
		(unsigned long long)broken, (unsigned long long)sum.faults,
		(unsigned long long)sum.incidents, (unsigned long long)sum.deliveries,
		(unsigned long long)sum.checked, (unsigned long long)sum.steps,
		(unsigned long long)hash,
		(double)n * (double)a->hours * (a->is_mirrored ? 2 : 1) * 60 /
			(seconds_now() - begun));
	return broken ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seed", required_argument, NULL, 's' },
		{ "hours", required_argument, NULL, 'h' },
		{ "seconds", required_argument, NULL, 't' },
		{ "seeds", required_argument, NULL, 'n' }, { "from", required_argument, NULL, 'f' },
		{ "trace", no_argument, NULL, 'v' }, { "mirror", no_argument, NULL, 'm' },
		{ "catch", required_argument, NULL, 'c' }, { 0 } };
	struct arguments a = { .hours = 24, .from = 1 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's':
			a.seed = strtoull(optarg, NULL, 10);
			a.has_seed = true;
			break;
		case 'h':
			a.hours = strtoll(optarg, NULL, 10);
			break;
		case 't':
			a.seconds = strtoll(optarg, NULL, 10);
			break;
		case 'n':
			a.seeds = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			a.from = strtoull(optarg, NULL, 10);
			break;
		case 'v':
			a.is_traced = true;
			break;
		case 'm':
			a.is_mirrored = true;
			break;
		case 'c':
			a.catch = optarg;
			break;
		default:
			return 64;
		}
	if (!a.has_seed && !a.seeds && !a.seconds) {
		fprintf(stderr,
			"usage: sim --seed N | --seeds N | --seconds S   [--hours H] [--from N] "
			"[--mirror] [--trace] [--catch WORDS]\n");
		return 64;
	}
	if (a.catch)
		return run_catch(&a);
	return a.has_seed ? run_one(&a) : run_many(&a);
}

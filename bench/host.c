/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps are counted in whole ticks (hundredths of a second, bytes, pages), so that a value has just
 * the digits that the kernel gives it; how compressible it is depends on that more than on its law.
 */
#include "bench/host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S        86400
#define TEXT_MAX     256
#define QUIET_OF_TEN 3 /* of ten counters that come in bursts so many never move */

struct family {
	const char *name, *labels;
	enum host_law law;
	double scale, width;
};

static const struct family families[] = {
#define FAMILY(name, labels, law, scale, width) { name, labels, LAW_##law, scale, width },
#include "bench/host.def"
};

static const struct family requests[] = {
#define FAMILY(name, labels, law, scale, width) { name, labels, LAW_##law, scale, width },
#define REQUESTS
#include "bench/host.def"
};

static const double ticks_a_unit[LAWS] = {
	[LAW_SHARE] = 100,
	[LAW_MILLIS] = 1000,
	[LAW_COUNT] = 1,
	[LAW_NANOS] = 1e9,
	[LAW_BUCKET] = 1,
	[LAW_KIB] = 1.0 / 1024,
	[LAW_PAGES] = 1.0 / 4096,
	[LAW_WHOLE] = 1,
	[LAW_TENTH] = 10,
	[LAW_HUNDREDTH] = 100,
	[LAW_EIGHTH] = 8,
};

static double uniform(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/* About normal: enough of the middle, and no logarithm. */
static double wobble(struct rng *r)
{
	return (uniform(r) + uniform(r) + uniform(r) - 1.5) * 2;
}

static bool is_busy_law(enum host_law law)
{
	return law == LAW_SHARE || law == LAW_MILLIS || law == LAW_COUNT || law == LAW_NANOS ||
	       law == LAW_BUCKET;
}

/* The i-th of `a|b|c` or of `#8`; false past the last. */
static bool alternative(const char *list, uint32_t i, char ret[TEXT_MAX])
{
	if (*list == '#') {
		snprintf(ret, TEXT_MAX, "%u", i);
		return i < (uint32_t)atoi(list + 1);
	}
	for (; i > 0; i--) {
		list = strchr(list, '|');
		if (!list)
			return false;
		list++;
	}
	size_t n = strcspn(list, "|");
	snprintf(ret, TEXT_MAX, "%.*s", (int)n, list);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct host_label *)a)->name, ((const struct host_label *)b)->name);
}

static void set_label(struct host_series *s, const char *name, const char *value)
{
	s->labels[s->n_labels++] = (struct host_label){ .name = name, .value = must_strdup(value) };
}

/* Label sets of a family are numbers in a mixed base, one digit a label. */
static bool set_labels(struct host_series *s, char *spec, uint32_t number)
{
	char *save = NULL;

	for (char *at = strtok_r(spec, ";", &save); at; at = strtok_r(NULL, ";", &save)) {
		char value[TEXT_MAX];
		uint32_t n = 0;
		char *equals = strchr(at, '=');

		*equals = '\0';
		while (alternative(equals + 1, n, value))
			n++;
		if (!alternative(equals + 1, number % n, value))
			return false;
		number /= n;
		set_label(s, must_strdup(at), value);
	}
	return number == 0;
}

static double bucket_share(const struct host_series *s)
{
	static const char *const bounds[] = { "0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
		"0.5", "1", "2.5", "5", "10", "+Inf" };

	for (uint32_t i = 0; i < s->n_labels; i++) {
		for (uint32_t k = 0; strcmp(s->labels[i].name, "le") == 0 && k < COUNT(bounds);
			k++) {
			if (strcmp(s->labels[i].value, bounds[k]) == 0)
				return (double)(k + 1) / COUNT(bounds);
		}
	}
	return 1;
}

static void begin(struct host_series *s, const struct family *f, uint32_t number)
{
	s->law = f->law;
	s->scale = f->scale;
	s->width = f->width;
	s->pace = 1;
	if (is_busy_law(f->law)) {
		if (f->law == LAW_COUNT && f->width > 0.5 && number % 10 < QUIET_OF_TEN &&
			number > 0)
			s->scale = 0;
		s->scale *= (0.3 + uniform(&s->rng)) * (f->law == LAW_BUCKET ? bucket_share(s) : 1);
		s->ticks = floor(
			s->scale * ticks_a_unit[s->law] * 20 * DAY_S * (0.5 + uniform(&s->rng)));
	}
}

/* From its labels but le, so that the buckets of one histogram rise and fall together. */
static uint64_t luck(const struct host_series *s)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (uint32_t i = 0; i < s->n_labels; i++) {
		if (strcmp(s->labels[i].name, "le") == 0)
			continue;
		for (const char *c = s->labels[i].value; *c; c++)
			hash = (hash ^ (uint8_t)*c) * 1099511628211u;
	}
	return hash;
}

static void release(struct host_series *s)
{
	for (uint32_t i = 0; i < s->n_labels; i++) {
		free(s->labels[i].value);
		if (i > 0)
			free((char *)s->labels[i].name);
	}
}

/* False past the family's last. */
static bool make(struct host_series *s, const struct family *f, uint32_t number, uint32_t host)
{
	char instance[TEXT_MAX];
	scoped(mem_free) char *spec = must_strdup(f->labels);

	memset(s, 0, sizeof *s);
	set_label(s, "__name__", f->name);
	if (!set_labels(s, spec, number)) {
		release(s);
		return false;
	}
	snprintf(instance, sizeof instance, "nas-%u:9100", host);
	set_label(s, must_strdup("instance"), instance);
	set_label(s, must_strdup("job"), "node");
	qsort(s->labels + 1, s->n_labels - 1, sizeof s->labels[0], by_name);
	rng_seed(&s->rng, luck(s));
	begin(s, f, number);
	return true;
}

static void add_families(struct host *h, const struct family *f, size_t n, uint32_t number)
{
	size_t cap = 0;

	for (; n > 0; n--, f++) {
		struct host_series s;

		for (uint32_t i = 0; make(&s, f, i, number); i++) {
			must_grow(h->series, h->n, cap);
			h->series[h->n++] = s;
		}
	}
}

void host_init(struct host *h, enum host_kind kind, uint32_t number)
{
	*h = (struct host){ 0 };
	if (kind == HOST_NODE)
		add_families(h, families, COUNT(families), number);
	else
		add_families(h, requests, COUNT(requests), number);
}

void host_fini(struct host *h)
{
	for (uint32_t i = 0; i < h->n; i++)
		release(&h->series[i]);
	free(h->series);
	*h = (struct host){ 0 };
}

/* Busy by day, in bursts that last some steps. */
static double counted(struct host_series *s, int64_t t_ms, double step_s)
{
	double day = 1 + 0.5 * sin((double)(t_ms / 1000 % DAY_S) * 2 * M_PI / DAY_S);

	if (s->scale == 0)
		return s->ticks / ticks_a_unit[s->law];
	if (rng_chance(&s->rng, 1, 20))
		s->pace = rng_chance(&s->rng, 1, 10) ? 1 + 9 * s->width
						     : 1 - s->width * uniform(&s->rng);
	double expected = s->scale * s->pace * day * step_s * ticks_a_unit[s->law];
	double found = floor(expected + sqrt(expected) * wobble(&s->rng) + uniform(&s->rng));
	if (found > 0)
		s->ticks += found;
	return s->ticks / ticks_a_unit[s->law];
}

/* Drifts about its scale; every other step it stays, as most gauges do. */
static double wandered(struct host_series *s)
{
	double unit = ticks_a_unit[s->law], width = s->width * unit;

	if (rng_chance(&s->rng, 1, 2))
		s->ticks += wobble(&s->rng) * width * 0.03 - s->ticks * 0.01;
	double found = floor(s->scale * unit + s->ticks);
	if (found < 0)
		found = 0;
	return found / unit;
}

double host_next(struct host_series *s, int64_t t_ms, double step_s)
{
	if (is_busy_law(s->law))
		return counted(s, t_ms, step_s);
	switch (s->law) {
	case LAW_CONSTANT:
		return s->scale;
	case LAW_RARE:
		if (uniform(&s->rng) < s->scale * step_s / DAY_S)
			s->ticks++;
		return s->ticks;
	case LAW_TOOK:
		return floor(s->scale * (0.7 + uniform(&s->rng) * uniform(&s->rng)) * 1e9) / 1e9;
	case LAW_CLOCK:
		return ((double)t_ms * 1000 + (double)rng_below(&s->rng, 20000)) / 1e6;
	default:
		return wandered(s);
	}
}

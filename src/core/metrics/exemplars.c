/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/exemplars.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "core/metrics/beside.h"

void exemplars_init(struct exemplars *x, uint32_t max)
{
	*x = (struct exemplars){ .max = max };
}

void exemplars_fini(struct exemplars *x)
{
	for (uint32_t i = 0; i < x->n; i++)
		str_fini(&x->v[i].labels);
	free(x->v);
	free(x->slots);
	*x = (struct exemplars){ 0 };
}

static uint32_t home_of(uint32_t id)
{
	return id * 0x9e3779b1u;
}

/* The slot of this id: where it is, or could be. */
static uint32_t *slot_of(const struct exemplars *x, uint32_t id)
{
	uint32_t at = home_of(id);

	for (;; at++) {
		uint32_t *slot = &x->slots[at & (x->n_slots - 1)];

		if (!*slot || x->v[*slot - 1].id == id)
			return slot;
	}
}

/* From the oldest to the newest, so that the newest of each series stays. */
static void fill_slots(struct exemplars *x)
{
	uint32_t first = x->n < x->max ? 0 : x->next;

	x->n_used = 0;
	memset(x->slots, 0, x->n_slots * sizeof *x->slots);
	for (uint32_t i = 0; i < x->n; i++) {
		uint32_t place = (first + i) % x->n;
		uint32_t *slot = slot_of(x, x->v[place].id);

		x->n_used += !*slot;
		*slot = place + 1;
	}
}

static void grow_slots(struct exemplars *x)
{
	x->n_slots = x->n_slots ? 2 * x->n_slots : 64;
	x->slots = must_realloc(x->slots, x->n_slots * sizeof *x->slots);
	fill_slots(x);
}

static bool is_too_long(const struct labels *l)
{
	uint64_t n = 0;

	if (l->n > EXEMPLAR_LABELS_MAX)
		return true;
	for (uint32_t i = 0; i < l->n; i++)
		n += utf8_count(l->v[i].name, l->v[i].name_len) +
		     utf8_count(l->v[i].value, l->v[i].value_len);
	return n > EXEMPLAR_RUNES_MAX;
}

static bool is_newer(const struct kept_exemplar *before, const struct exemplar *x,
	const struct str *labels)
{
	int order;

	if (x->t_ms != before->t_ms)
		return x->t_ms > before->t_ms;
	if (x->v != before->v)
		return x->v > before->v;
	order = memcmp(str_c(labels), str_c(&before->labels),
		labels->len < before->labels.len ? labels->len : before->labels.len);
	return order ? order > 0 : labels->len > before->labels.len;
}

/* A place that is free, or the oldest one's. */
static struct kept_exemplar *make_place(struct exemplars *x, uint32_t *ret)
{
	*ret = x->next;
	x->next = (x->next + 1) % x->max;
	if (x->n < x->max) {
		must_grow(x->v, x->n, x->cap);
		x->v[x->n++] = (struct kept_exemplar){ 0 };
	}
	return &x->v[*ret];
}

/* Empty a slot; those behind it that it had pushed on move up. */
static void empty_slot(struct exemplars *x, uint32_t *slot)
{
	uint32_t mask = x->n_slots - 1, at = (uint32_t)(slot - x->slots), i = at;

	x->n_used--;
	for (;;) {
		i = (i + 1) & mask;
		if (!x->slots[i])
			break;
		if (((i - home_of(x->v[x->slots[i] - 1].id)) & mask) < ((i - at) & mask))
			continue;
		x->slots[at] = x->slots[i];
		at = i;
	}
	x->slots[at] = 0;
}

/* The oldest one goes; a series that has no newer one isn't known any more. */
static void forget_oldest(struct exemplars *x)
{
	uint32_t *slot = slot_of(x, x->v[x->next].id);

	if (*slot == x->next + 1)
		empty_slot(x, slot);
}

static void put(struct exemplars *x, uint32_t id, const struct exemplar *exemplar,
	struct str *labels)
{
	struct kept_exemplar *kept;
	uint32_t place;

	if (x->n == x->max)
		forget_oldest(x);
	kept = make_place(x, &place);
	x->size_bytes += labels->len - kept->labels.len;
	str_fini(&kept->labels);
	*kept = (struct kept_exemplar){ id, exemplar->t_ms, exemplar->v, *labels };
	*labels = (struct str)STR_EMPTY;
	x->n_used += !*slot_of(x, id);
	*slot_of(x, id) = place + 1;
}

bool exemplars_add(struct exemplars *x, uint32_t id, const struct exemplar *exemplar)
{
	scoped(str_fini) struct str labels = STR_EMPTY;
	uint32_t newest;

	if (!x->max || is_too_long(&exemplar->labels))
		return false;
	if (2 * (x->n_used + 1) > x->n_slots)
		grow_slots(x);
	beside_labels(&labels, &exemplar->labels);
	newest = *slot_of(x, id);
	if (newest && !is_newer(&x->v[newest - 1], exemplar, &labels))
		return false;
	put(x, id, exemplar, &labels);
	return true;
}

void exemplars_write(const struct exemplars *x, struct str *out)
{
	uint32_t first = x->n < x->max ? 0 : x->next;

	for (uint32_t i = 0; i < x->n; i++) {
		const struct kept_exemplar *kept = &x->v[(first + i) % x->n];
		struct exemplar one = { .t_ms = kept->t_ms, .v = kept->v };

		beside_add_exemplar(out, kept->id, &one, &kept->labels);
	}
}

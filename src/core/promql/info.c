/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info(v, {selector}): each series with labels of the info series that are of the same instance and
 * job, as Prometheus 3.5 adds them.
 *
 * Series of v are held, because two of them may become one, and so is the newest info series of
 * each signature (name, instance and job) at each step.  What a series gains may differ from step
 * to step: it comes in a piece for each set of info series that it met.
 */
#include "core/promql/hash_index.h"
#include "core/promql/label_edit.h"
#include "core/promql/naming.h"
#include "core/promql/parts.h"
#include "core/promql/pieces.h"
#include "core/promql/reading.h"

#define TARGET_INFO "target_info"
#define NO_SERIES   UINT32_MAX

static const char *const identity_names[] = { "instance", "job" };
static const char *const signature_names[] = { METRIC_NAME, "instance", "job" };
static const struct promql_names identity = { identity_names, 2 };
static const struct promql_names signature = { signature_names, 3 };

/* The info series of one name, instance and job. */
struct kin {
	uint32_t *newest; /* by step: a number in `infos`, or NO_SERIES */
	uint32_t next;    /* of the same instance and job; NO_SERIES: none */
};

struct informing {
	struct stream stream;
	struct stream *base, *info; /* NULL: all of it was pulled */
	bool has_selector;
	const struct matcher **matchers; /* of the selector, without those for the name */
	uint32_t n_matchers;
	const struct matcher *const *names; /* of the info series: which they are */
	uint32_t n_names;

	struct column_list series, infos; /* the values of `infos` are times */
	struct hash_index values[2];      /* of instance and job in `series`, to be looked for */
	struct hash_index kin_index, first_index;
	struct kin *kins;
	uint32_t *firsts; /* by number in first_index: a number in `kins` */
	uint32_t kins_cap, firsts_cap;
	bool *has_series; /* by step */

	uint32_t at; /* in `series` */
	double *v;   /* of the piece that is shown */
	struct label_edit edit, gained;
	struct once once;
};

/* Series that are info series themselves gain nothing. */
static bool is_info(const struct informing *s, const struct labels *l)
{
	const struct label *name = labels_find(l, METRIC_NAME);

	for (uint32_t i = 0; i < s->n_names; i++)
		if (matcher_matches(s->names[i], name ? name->value : "",
			    name ? name->value_len : 0))
			return true;
	return false;
}

static enum rc note_values(struct informing *s, const struct labels *l, struct err *e)
{
	enum rc rc = RC_OK;
	uint32_t number;

	for (uint32_t i = 0; rc == RC_OK && i < 2; i++) {
		const struct promql_names one = { &identity_names[i], 1 };

		if (labels_find(l, identity_names[i]))
			rc = hash_index_add(&s->values[i], labels_hash_of(l, &one, false), &number,
				e);
	}
	return rc;
}

static enum rc hold_series(struct informing *s, struct err *e)
{
	struct column c, kept;
	bool has = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(s->base, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		if (!column_has_point(&c, s->stream.steps->n))
			continue;
		rc = column_keep(s->stream.eval, s->stream.steps, &c, &kept, e);
		if (rc == RC_OK)
			rc = column_list_add(s->stream.eval, &s->series, &kept, e);
		if (rc == RC_OK && !is_info(s, &c.labels))
			rc = note_values(s, &c.labels, e);
		for (uint32_t i = 0; i < s->stream.steps->n; i++)
			s->has_series[i] |= !is_absent(c.v[i]);
	}
	s->base = NULL;
	return rc;
}

/* Whether there is a series of this instance, and one of this job. */
static bool is_of_interest(const struct informing *s, const struct labels *l)
{
	for (uint32_t i = 0; i < 2; i++) {
		const struct promql_names one = { &identity_names[i], 1 };

		if (s->values[i].n && hash_index_find(&s->values[i],
					      labels_hash_of(l, &one, false)) == HASH_INDEX_NONE)
			return false;
	}
	return true;
}

static enum rc link_kin(struct informing *s, uint32_t number, const struct labels *l, struct err *e)
{
	uint32_t n = s->first_index.n, first;
	enum rc rc =
		hash_index_add(&s->first_index, labels_hash_of(l, &identity, false), &first, e);

	if (rc != RC_OK)
		return rc;
	if (first == s->firsts_cap) {
		uint32_t cap = first ? 2 * first : 16;

		s->firsts = eval_grown(s->stream.eval, s->firsts, first * sizeof *s->firsts,
			cap * sizeof *s->firsts, e);
		if (!s->firsts)
			return RC_LIMIT;
		s->firsts_cap = cap;
	}
	s->kins[number].next = first == n ? NO_SERIES : s->firsts[first];
	s->firsts[first] = number;
	return RC_OK;
}

static enum rc add_kin(struct informing *s, uint32_t number, const struct labels *l, struct err *e)
{
	struct eval *ev = s->stream.eval;
	uint32_t n_steps = s->stream.steps->n;

	if (number == s->kins_cap) {
		uint32_t cap = number ? 2 * number : 16;

		s->kins =
			eval_grown(ev, s->kins, number * sizeof *s->kins, cap * sizeof *s->kins, e);
		if (!s->kins)
			return RC_LIMIT;
		s->kins_cap = cap;
	}
	s->kins[number].newest = eval_alloc(ev, n_steps * sizeof(uint32_t), e);
	if (!s->kins[number].newest)
		return RC_LIMIT;
	for (uint32_t i = 0; i < n_steps; i++)
		s->kins[number].newest[i] = NO_SERIES;
	return link_kin(s, number, l, e);
}

/* At each step the newest of a kin counts; of two as new nobody knows which. */
static enum rc compete(struct informing *s, struct kin *kin, uint32_t number, struct err *e)
{
	const struct column *c = &s->infos.v[number];

	for (uint32_t i = 0; i < s->stream.steps->n; i++) {
		uint32_t *newest = &kin->newest[i];

		if (is_absent(c->v[i]) || !s->has_series[i])
			continue;
		if (*newest != NO_SERIES && s->infos.v[*newest].v[i] == c->v[i])
			return err_set(e, RC_INPUT, "found duplicate series for info metric %s",
				labels_get(&c->labels, METRIC_NAME));
		if (*newest == NO_SERIES || s->infos.v[*newest].v[i] < c->v[i])
			*newest = number;
	}
	return RC_OK;
}

static enum rc refuse_histogram(const struct labels *l, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	eval_labels_text(&text, l);
	return err_set(e, RC_INPUT, "this should be an info metric, with float samples: %s",
		str_c(&text));
}

static enum rc add_info(struct informing *s, const struct column *c, struct err *e)
{
	uint32_t n = s->kin_index.n, number;
	struct column kept;
	enum rc rc;

	if (c->h)
		return refuse_histogram(&c->labels, e);
	rc = hash_index_add(&s->kin_index, labels_hash_of(&c->labels, &signature, false), &number,
		e);

	if (rc == RC_OK && number == n)
		rc = add_kin(s, number, &c->labels, e);
	if (rc == RC_OK)
		rc = column_keep(s->stream.eval, s->stream.steps, c, &kept, e);
	if (rc == RC_OK)
		rc = column_list_add(s->stream.eval, &s->infos, &kept, e);
	return rc == RC_OK ? compete(s, &s->kins[number], s->infos.n - 1, e) : rc;
}

/* Where nothing is looked for, a name that was asked for is one more label that isn't there. */
static void match_names(struct informing *s)
{
	for (uint32_t i = 0; s->has_selector && i < s->n_names; i++)
		s->matchers[s->n_matchers++] = s->names[i];
}

static enum rc hold_infos(struct informing *s, struct err *e)
{
	bool is_wanted = s->values[0].n + s->values[1].n > 0, has = true;
	struct column c;
	enum rc rc = RC_OK;

	while (rc == RC_OK && is_wanted) {
		rc = stream_next(s->info, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		if (is_of_interest(s, &c.labels))
			rc = add_info(s, &c, e);
	}
	s->info = NULL;
	if (!is_wanted)
		match_names(s);
	return rc;
}

static uint32_t first_kin(const struct informing *s, const struct labels *l)
{
	uint32_t first = hash_index_find(&s->first_index, labels_hash_of(l, &identity, false));

	return first == HASH_INDEX_NONE ? NO_SERIES : s->firsts[first];
}

static bool meets_the_same(const struct informing *s, uint32_t kin, uint32_t i, uint32_t j)
{
	for (; kin != NO_SERIES; kin = s->kins[kin].next)
		if (s->kins[kin].newest[i] != s->kins[kin].newest[j])
			return false;
	return true;
}

static bool is_asked_for(const struct informing *s, const struct label *l)
{
	for (uint32_t i = 0; i < s->n_matchers; i++)
		if (strcmp(matcher_name(s->matchers[i]), l->name) == 0)
			return true;
	return s->n_matchers == 0;
}

/* What an info series has to give to a series with labels `own`. */
static enum rc gain(struct informing *s, const struct labels *own, const struct labels *info,
	struct err *e)
{
	struct labels had = label_edit_done(&s->gained);
	enum rc rc = label_edit_begin(&s->gained, &had, info->n, e);

	for (uint32_t i = 0; rc == RC_OK && i < info->n; i++) {
		const struct label *l = &info->v[i], *other;

		if (strcmp(l->name, METRIC_NAME) == 0 || !is_asked_for(s, l))
			continue;
		had = label_edit_done(&s->gained);
		other = labels_find(&had, l->name);
		if (other && strcmp(other->value, l->value) != 0)
			return err_set(e, RC_INPUT, "conflicting label: %s", l->name);
		if (!labels_find(own, l->name))
			label_edit_set(&s->gained, l);
	}
	return rc;
}

/* A series that gains nothing stays only if that is allowed for. */
static bool may_gain_nothing(const struct informing *s)
{
	for (uint32_t i = 0; i < s->n_matchers; i++)
		if (!matcher_matches(s->matchers[i], "", 0))
			return false;
	return true;
}

/* The labels of a series at a step; *ret_is_left_out: it is none there. */
static enum rc inform(struct informing *s, const struct labels *own, uint32_t kin, uint32_t step,
	struct column *ret, bool *ret_is_left_out, struct err *e)
{
	struct labels gained;
	enum rc rc = RC_OK;

	s->gained.n = 0;
	for (; rc == RC_OK && kin != NO_SERIES; kin = s->kins[kin].next)
		if (s->kins[kin].newest[step] != NO_SERIES)
			rc = gain(s, own, &s->infos.v[s->kins[kin].newest[step]].labels, e);
	if (rc == RC_OK)
		rc = label_edit_begin(&s->edit, own, s->gained.n, e);
	if (rc != RC_OK)
		return rc;
	gained = label_edit_done(&s->gained);
	for (uint32_t i = 0; i < gained.n; i++)
		label_edit_set(&s->edit, &gained.v[i]);
	ret->labels = label_edit_done(&s->edit);
	*ret_is_left_out = gained.n == 0 && !may_gain_nothing(s);
	return RC_OK;
}

/* Take from `c` the steps that are as `step` is. */
static void cut_piece(struct informing *s, struct column *c, uint32_t kin, uint32_t step)
{
	for (uint32_t i = 0; i < s->stream.steps->n; i++) {
		bool is_in = !is_absent(c->v[i]) && meets_the_same(s, kin, i, step);

		s->v[i] = is_in ? c->v[i] : absent();
		if (is_in)
			c->v[i] = absent();
	}
}

static enum rc give_piece(struct informing *s, struct column *c, uint32_t step, struct column *ret,
	bool *ret_is_left_out, struct err *e)
{
	uint32_t kin = is_info(s, &c->labels) ? NO_SERIES : first_kin(s, &c->labels);
	enum rc rc = RC_OK;

	*ret_is_left_out = false;
	ret->labels = c->labels;
	if (!is_info(s, &c->labels))
		rc = inform(s, &c->labels, kin, step, ret, ret_is_left_out, e);
	if (rc != RC_OK)
		return rc;
	cut_piece(s, c, kin, step);
	ret->v = s->v;
	ret->h = c->h;
	if (*ret_is_left_out)
		return RC_OK;
	return once_merge(&s->once, labels_hash(&ret->labels), s->v, e);
}

static enum rc next_informed(struct stream *stream, struct column *ret, bool *ret_has,
	struct err *e)
{
	struct informing *s = (struct informing *)stream;
	bool is_left_out = true;
	enum rc rc = s->base ? hold_series(s, e) : RC_OK;

	if (rc == RC_OK && s->info)
		rc = hold_infos(s, e);
	while (rc == RC_OK && is_left_out && s->at < s->series.n) {
		struct column *c = &s->series.v[s->at];
		uint32_t step = 0;

		while (step < stream->steps->n && is_absent(c->v[step]))
			step++;
		if (step < stream->steps->n)
			rc = give_piece(s, c, step, ret, &is_left_out, e);
		else
			s->at++;
	}
	*ret_has = !is_left_out;
	return rc;
}

/* The leftmost selector of an expression, whose shift tells when info series are looked at. */
static const struct promql_node *first_selector(const struct promql_node *n)
{
	const struct promql_node *found = NULL;

	switch (n->kind) {
	case PROMQL_SELECTOR:
		return n;
	case PROMQL_RANGE:
		return n->range.selector;
	case PROMQL_SUBQUERY:
		return first_selector(n->subquery.inner);
	case PROMQL_CALL:
		for (uint32_t i = 0; !found && i < n->call.n_args; i++)
			found = first_selector(n->call.args[i]);
		return found;
	case PROMQL_AGGREGATE:
		found = first_selector(n->aggregate.inner);
		return found || !n->aggregate.param ? found : first_selector(n->aggregate.param);
	case PROMQL_BINARY:
		found = first_selector(n->binary.left);
		return found ? found : first_selector(n->binary.right);
	case PROMQL_NEGATE:
	case PROMQL_PLUS:
	case PROMQL_PAREN:
		return first_selector(n->inner);
	default:
		return NULL;
	}
}

static void release_matcher(void *m)
{
	matcher_free(m);
}

static enum rc make_target_info(struct eval *ev, struct matcher **ret, struct err *e)
{
	enum rc rc = matcher_new(ret, MATCHER_EQUAL, METRIC_NAME, TARGET_INFO, e);

	return rc == RC_OK ? eval_at_end(ev, release_matcher, *ret, e) : rc;
}

/* Matchers for names first, then the others, with room for the former behind these. */
static enum rc sort_matchers(struct informing *s, const struct promql_node *call,
	struct promql_selector *ret, struct err *e)
{
	static const struct promql_selector none = { 0 };
	const struct promql_selector *given =
		call->call.n_args > 1 ? &call->call.args[1]->selector : &none;
	uint32_t n = given->n_matchers, n_names = 0;
	const struct matcher **all = eval_alloc(s->stream.eval, (2 * n + 2) * sizeof *all, e);
	struct matcher *target_info;
	enum rc rc;

	if (!all)
		return RC_LIMIT;
	s->has_selector = call->call.n_args > 1;
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(matcher_name(given->matchers[i]), METRIC_NAME) == 0)
			all[n_names++] = given->matchers[i];
	s->names = all;
	s->n_names = n_names;
	if (n_names == 0) {
		rc = make_target_info(s->stream.eval, &target_info, e);
		if (rc != RC_OK)
			return rc;
		all[n_names++] = target_info;
		s->n_names = s->has_selector ? 0 : 1;
	}
	s->matchers = &all[n_names];
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(matcher_name(given->matchers[i]), METRIC_NAME) != 0)
			s->matchers[s->n_matchers++] = given->matchers[i];
	*ret = (struct promql_selector){ .matchers = all, .n_matchers = n_names + s->n_matchers };
	return RC_OK;
}

/* Info series are looked at at the steps, whatever the shift; but only within the time that the
 * shift makes of the query's. */
static enum rc open_infos(struct informing *s, const struct promql_node *call, struct err *e)
{
	static const struct promql_shift unshifted = { 0 };
	struct eval *ev = s->stream.eval;
	const struct steps *steps = s->stream.steps;
	const struct promql_node *first = first_selector(call->call.args[0]);
	struct promql_selector selector;
	int64_t lookback_ms = eval_lookback_ms(ev);
	struct reach shifted =
		reach_of(ev, first ? &first->selector.shift : &unshifted, steps, lookback_ms);
	struct reading_wish wish = {
		.selector = &selector,
		.reach = reach_of(ev, &unshifted, steps, lookback_ms),
		.function = "info",
		.is_bounded = true,
		.min_ms = shifted.first_ms - lookback_ms + 1,
		.max_ms = reach_end(&shifted, steps->n - 1),
	};
	enum rc rc = sort_matchers(s, call, &selector, e);

	return rc == RC_OK ? make_sample_times(ev, &wish, steps, &s->info, e) : rc;
}

enum rc make_info(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct informing *s = eval_alloc(ev, sizeof *s, e);
	enum rc rc;

	if (!s)
		return RC_LIMIT;
	*s = (struct informing){
		.stream = { .next = next_informed, .eval = ev, .steps = steps },
		.values = { { .eval = ev }, { .eval = ev } },
		.kin_index = { .eval = ev },
		.first_index = { .eval = ev },
		.edit = { .eval = ev },
		.gained = { .eval = ev },
		.v = eval_values(ev, steps, e),
		.has_series = eval_alloc(ev, steps->n * sizeof(bool), e),
	};
	if (!s->v || !s->has_series)
		return RC_LIMIT;
	once_init(&s->once, ev, steps);
	rc = eval_stream(ev, n->call.args[0], steps, &s->base, e);
	if (rc == RC_OK)
		rc = open_infos(s, n, e);
	if (rc != RC_OK)
		return rc;
	s->stream.has_one_name = s->base->has_one_name;
	*ret = &s->stream;
	return RC_OK;
}

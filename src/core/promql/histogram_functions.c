/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of native histograms alone: floats are left out. */
#include "core/promql/histogram_estimate.h"
#include "core/promql/naming.h"
#include "core/promql/parts.h"

#include <math.h>

struct describing {
	struct stream stream;
	struct stream *inner;
	double (*describe)(const struct histogram *h, struct histogram_buckets *b);
	struct histogram_buckets buckets;
	struct naming naming;
};

static void release(void *what)
{
	struct describing *d = what;

	histogram_buckets_fini(&d->buckets);
}

static double count(const struct histogram *h, struct histogram_buckets *b)
{
	(void)b;
	return h->count;
}

static double sum(const struct histogram *h, struct histogram_buckets *b)
{
	(void)b;
	return h->sum;
}

static double average(const struct histogram *h, struct histogram_buckets *b)
{
	(void)b;
	return h->sum / h->count;
}

static double deviation(const struct histogram *h, struct histogram_buckets *b)
{
	return sqrt(histogram_variance(h, b));
}

static enum rc next_described(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct describing *d = (struct describing *)s;
	enum rc rc = stream_next(d->inner, ret, ret_has, e);

	if (rc != RC_OK || !*ret_has)
		return rc;
	for (uint32_t i = 0; i < s->steps->n; i++) {
		bool is_histogram = !is_absent(ret->v[i]) && ret->h && ret->h[i];

		ret->v[i] = is_histogram ? d->describe(ret->h[i], &d->buckets) : absent();
	}
	ret->h = NULL;
	return naming_drop(&d->naming, ret, e);
}

enum rc make_histogram_function(struct eval *ev, const struct promql_node *n,
	const struct steps *steps, struct stream **ret, struct err *e)
{
	static double (*const functions[PROMQL_FUNCTIONS])(const struct histogram *h,
		struct histogram_buckets *b) = {
		[PROMQL_F_histogram_avg] = average,
		[PROMQL_F_histogram_count] = count,
		[PROMQL_F_histogram_stddev] = deviation,
		[PROMQL_F_histogram_stdvar] = histogram_variance,
		[PROMQL_F_histogram_sum] = sum,
	};
	enum promql_function_id id = n->call.function->id;
	struct describing *d = eval_alloc(ev, sizeof *d, e);
	enum rc rc = d ? eval_at_end(ev, release, d, e) : RC_LIMIT;
	bool before = ev->reads_no_buckets;

	/* Prometheus doesn't look at the outermost call. */
	if (n != ev->query->root && id != PROMQL_F_histogram_stddev &&
		id != PROMQL_F_histogram_stdvar)
		ev->reads_no_buckets = true;
	if (rc == RC_OK)
		rc = eval_stream(ev, n->call.args[0], steps, &d->inner, e);
	ev->reads_no_buckets = before;
	if (rc != RC_OK)
		return rc;
	d->describe = functions[id];
	d->stream = (struct stream){ .next = next_described, .eval = ev, .steps = steps };
	naming_init(&d->naming, ev, d->inner, &d->stream);
	*ret = &d->stream;
	return RC_OK;
}

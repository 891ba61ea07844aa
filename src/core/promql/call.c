/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/parts.h"

static eval_make *const makers[PROMQL_FUNCTIONS] = {
	[PROMQL_F_abs] = make_elementwise,
	[PROMQL_F_absent] = make_absent,
	[PROMQL_F_absent_over_time] = make_absent_range,
	[PROMQL_F_acos] = make_elementwise,
	[PROMQL_F_acosh] = make_elementwise,
	[PROMQL_F_asin] = make_elementwise,
	[PROMQL_F_asinh] = make_elementwise,
	[PROMQL_F_atan] = make_elementwise,
	[PROMQL_F_atanh] = make_elementwise,
	[PROMQL_F_avg_over_time] = make_rollup,
	[PROMQL_F_ceil] = make_elementwise,
	[PROMQL_F_changes] = make_rollup,
	[PROMQL_F_clamp] = make_clamp,
	[PROMQL_F_clamp_max] = make_clamp,
	[PROMQL_F_clamp_min] = make_clamp,
	[PROMQL_F_cos] = make_elementwise,
	[PROMQL_F_cosh] = make_elementwise,
	[PROMQL_F_count_over_time] = make_rollup,
	[PROMQL_F_day_of_month] = make_calendar,
	[PROMQL_F_day_of_week] = make_calendar,
	[PROMQL_F_day_of_year] = make_calendar,
	[PROMQL_F_days_in_month] = make_calendar,
	[PROMQL_F_deg] = make_elementwise,
	[PROMQL_F_delta] = make_rollup,
	[PROMQL_F_deriv] = make_rollup,
	[PROMQL_F_double_exponential_smoothing] = make_rollup,
	[PROMQL_F_exp] = make_elementwise,
	[PROMQL_F_floor] = make_elementwise,
	[PROMQL_F_histogram_fraction] = make_histogram_fraction,
	[PROMQL_F_histogram_quantile] = make_histogram_quantile,
	[PROMQL_F_hour] = make_calendar,
	[PROMQL_F_idelta] = make_rollup,
	[PROMQL_F_increase] = make_rollup,
	[PROMQL_F_irate] = make_rollup,
	[PROMQL_F_label_join] = make_label_join,
	[PROMQL_F_label_replace] = make_label_replace,
	[PROMQL_F_last_over_time] = make_rollup,
	[PROMQL_F_ln] = make_elementwise,
	[PROMQL_F_log10] = make_elementwise,
	[PROMQL_F_log2] = make_elementwise,
	[PROMQL_F_mad_over_time] = make_rollup,
	[PROMQL_F_max_over_time] = make_rollup,
	[PROMQL_F_min_over_time] = make_rollup,
	[PROMQL_F_minute] = make_calendar,
	[PROMQL_F_month] = make_calendar,
	[PROMQL_F_pi] = make_lone,
	[PROMQL_F_predict_linear] = make_rollup,
	[PROMQL_F_present_over_time] = make_rollup,
	[PROMQL_F_quantile_over_time] = make_rollup,
	[PROMQL_F_rad] = make_elementwise,
	[PROMQL_F_rate] = make_rollup,
	[PROMQL_F_resets] = make_rollup,
	[PROMQL_F_round] = make_round,
	[PROMQL_F_scalar] = make_lone,
	[PROMQL_F_sgn] = make_elementwise,
	[PROMQL_F_sin] = make_elementwise,
	[PROMQL_F_sinh] = make_elementwise,
	[PROMQL_F_sort] = make_sort,
	[PROMQL_F_sort_by_label] = make_sort,
	[PROMQL_F_sort_by_label_desc] = make_sort,
	[PROMQL_F_sort_desc] = make_sort,
	[PROMQL_F_sqrt] = make_elementwise,
	[PROMQL_F_stddev_over_time] = make_rollup,
	[PROMQL_F_stdvar_over_time] = make_rollup,
	[PROMQL_F_sum_over_time] = make_rollup,
	[PROMQL_F_tan] = make_elementwise,
	[PROMQL_F_tanh] = make_elementwise,
	[PROMQL_F_time] = make_lone,
	[PROMQL_F_timestamp] = make_timestamp,
	[PROMQL_F_ts_of_last_over_time] = make_rollup,
	[PROMQL_F_ts_of_max_over_time] = make_rollup,
	[PROMQL_F_ts_of_min_over_time] = make_rollup,
	[PROMQL_F_vector] = make_vector,
	[PROMQL_F_year] = make_calendar,
};

enum rc make_call(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	eval_make *make = makers[n->call.function->id];

	if (!make)
		return err_set(e, RC_UNSUPPORTED, "%s() is not supported yet",
			n->call.function->name);
	return make(ev, n, steps, ret, e);
}

enum rc make_vector(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	return make_lone(ev, n->call.args[0], steps, ret, e);
}

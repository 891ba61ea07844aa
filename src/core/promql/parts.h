/* SPDX-License-Identifier: Apache-2.0 */
/* parts: who makes the stream of which node; one file a part. */
#ifndef CORE_PROMQL_PARTS_H
#define CORE_PROMQL_PARTS_H

#include "core/promql/eval.h"

void eval_fini(struct eval *ev); /* eval.c */
SCOPED_FINI(eval_fini, struct eval)

eval_make make_lone;      /* eval.c: a scalar's node as a vector */
eval_make make_selector;  /* selector.c: an instant vector */
eval_make make_call;      /* call.c: by a table of functions */
eval_make make_aggregate; /* aggregate.c */
eval_make make_binary;    /* binary.c */
eval_make make_negated;   /* binary.c */

/* By kind of function; call.c has the table. */
eval_make make_rollup;             /* rollup.c: of a range */
eval_make make_absent_range;       /* absent.c */
eval_make make_absent;             /* absent.c */
eval_make make_elementwise;        /* elementwise.c: of each value alone */
eval_make make_clamp;              /* elementwise.c */
eval_make make_round;              /* elementwise.c */
eval_make make_calendar;           /* calendar.c */
eval_make make_timestamp;          /* selector.c */
eval_make make_label_replace;      /* label_functions.c */
eval_make make_label_join;         /* label_functions.c */
eval_make make_info;               /* info.c */
eval_make make_vector;             /* call.c */
eval_make make_sort;               /* sort.c */
eval_make make_histogram_function; /* histogram_functions.c */
eval_make make_histogram_quantile; /* classic.c */
eval_make make_histogram_fraction; /* classic.c */

#endif

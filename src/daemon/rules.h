/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: this site's rules, evaluated when they are due.
 *
 *	             rules_begin            pool: rule_evaluate             rules_end
 *	core/rules ──────────────► job ──── over a view of the store ────► core/rules ─► samples ─► store
 *	                                                                       └─► alerts ─► tell
 *
 * RULES_AT_ONCE rules are under way at most, each of another group.  What one may read, and for how
 * long, is bounded as for queries.  Other files are taken up when no rule is under way: those that
 * are, are told to end, and what they found is dropped.
 *
 * All calls from the loop's thread.
 */
#ifndef DAEMON_RULES_H
#define DAEMON_RULES_H

#include "core/lab/lab.h"
#include "core/metrics/store.h"
#include "core/rules/rules.h"
#include "port/outside/outside.h"

#include <uv.h>

struct rule_runner;

struct rule_runner_wish {
	uv_loop_t *loop;
	struct store *store; /* outlives the runner */
	/* Asked instead of the store while it is used; outlives what rules ask.  What rules record goes
	 * into the store, and from there whereto samples are sent. */
	struct outside *outside;
	const char *past_path; /* of the file that keeps what outlives a start; copied; NULL: none */
	/* Alerts that fire or have ended, again and again (rules_word); they are borrowed.  NULL:
	 * nobody wants to know. */
	void (*tell)(void *ctx, const struct rule_word *words, uint32_t n);
	void *ctx;
};
struct rule_runner *rule_runner_new(const struct rule_runner_wish *wish);

struct rule_setting {
	const struct lab_metrics *declared; /* needed during the call only */
	int64_t interval_ms, query_offset_ms, blind_after_ms;
	struct labels external_labels; /* copied, as the next is */
	const char *external_url;
	const char *query_log_file; /* NULL: none */
};
/* From now on these rules; what goes on keeps its state.  RC_INPUT: a file is broken, and the rules
 * there were go on. */
enum rc rule_runner_declare(struct rule_runner *r, const struct rule_setting *setting,
	struct err *e) MUST_USE;
const struct rules *rule_runner_rules(const struct rule_runner *r); /* NULL: none declared yet */
/* What whoever is told of alerts finds in them; until the next declaration. */
const struct rules_outside *rule_runner_outside(const struct rule_runner *r);

/* No rule is begun any more; those under way are waited for, which is short.  Then `stopped` is
 * called from the loop. */
void rule_runner_stop(struct rule_runner *r, void (*stopped)(void *ctx), void *ctx);
/* After that. */
void rule_runner_free(struct rule_runner *r);
SCOPED_BY(rule_runner_free, struct rule_runner *)

#endif

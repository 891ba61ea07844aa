/* SPDX-License-Identifier: Apache-2.0 */
/* alerting: which rules this site has, and what becomes of their alerts: incidents, as of those
 * that programs outside post. */
#include "daemon/serve_private.h"

#include "node/rules_world.h"

#define WORDS_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of labels and links of those told in one go */

/* ---- telling */

static const char *link_of(const struct rule_word *word, const char *external_url, struct arena *a)
{
	scoped(str_fini) struct str expression = STR_EMPTY, link = STR_EMPTY;

	rules_expression(word->rule->parsed, &expression);
	handover_link(external_url, str_c(&expression), &link);
	return arena_strndup(a, str_c(&link), link.len);
}

/* False: it isn't handed over. */
static bool prepare(const struct serve *s, const struct rule_word *word, struct arena *a,
	struct posted_alert *ret)
{
	const struct rules_outside *outside = rule_runner_outside(s->rules);
	bool is_dropped = false;
	struct err e = { 0 };
	enum rc rc = handover_labels(s->handover, &word->alert->labels, &outside->external_labels,
		a, &ret->labels, &is_dropped, &e);

	if (rc != RC_OK)
		log_warning("rules: an alert of %s can't be handed over: %s", word->rule->name,
			e.text);
	ret->annotations = word->alert->annotations;
	ret->starts = (struct wall){ word->starts_ms };
	ret->ends = (struct wall){ word->ends_ms };
	ret->generator = link_of(word, outside->external_url, a);
	return rc == RC_OK && !is_dropped;
}

static void post(struct serve *s, const struct posted_alert *posted, uint32_t n)
{
	struct now now = daemon_now();
	struct err e = { 0 };
	uint32_t left_out;

	if (site_alerts(s->site, now, posted, n, &e) != RC_OK &&
		seldom_may_write(&s->unheard, now.mono, &left_out))
		log_warning("rules: an alert can't be taken: %s", e.text);
	drive_drain(s);
}

static void tell(void *ctx, const struct rule_word *words, uint32_t n)
{
	struct serve *s = ctx;
	scoped(arena_fini) struct arena arena;
	struct posted_alert *posted;
	uint32_t n_posted = 0;

	arena_init(&arena, WORDS_BYTES_MAX);
	posted = arena_alloc(&arena, n * sizeof *posted);
	must(posted);
	for (uint32_t i = 0; i < n; i++)
		n_posted += prepare(s, &words[i], &arena, &posted[n_posted]);
	if (n_posted)
		post(s, posted, n_posted);
}

/* ---- declaring */

/* Where people and links in messages reach us. */
static void add_own_url(const struct serve *s, struct str *out)
{
	const struct lab_site *site = &s->lab->sites[s->self];

	if (site->url)
		str_add(out, site->url);
	else
		str_addf(out, "%s://%s", site->cert_file ? "https" : "http", api_address(s->api));
	while (out->len && out->s[out->len - 1] == '/')
		out->s[--out->len] = '\0';
}

enum rc alerting_declare(struct serve *s, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(str_fini) struct str url = STR_EMPTY;
	const struct metrics_global global = metrics_global(s->metrics);
	struct rule_setting setting = { .declared = &s->lab->metrics,
		.interval_ms = global.evaluation_interval_ms,
		.query_offset_ms = global.rule_query_offset_ms,
		.blind_after_ms = s->lab->metrics.blind_after_ms,
		.external_labels = global.external_labels,
		.query_log_file = global.query_log_file };
	struct handover *handover;
	enum rc rc = metrics_handover(&s->lab->metrics, &handover, &findings, e);

	if (rc != RC_OK)
		return rc;
	add_own_url(s, &url);
	setting.external_url = str_c(&url);
	rc = rule_runner_declare(s->rules, &setting, e);
	if (rc != RC_OK) {
		handover_free(handover);
		return rc;
	}
	handover_free(s->handover);
	s->handover = handover;
	return RC_OK;
}

void alerting_start(struct serve *s)
{
	scoped(str_fini) struct str path = STR_EMPTY;

	str_addf(&path, "%s/rules.json", s->state_dir);
	s->rules = rule_runner_new(&(struct rule_runner_wish){ .loop = &s->loop,
		.store = metrics_store(s->metrics),
		.outside = metrics_outside_server(s->metrics),
		.past_path = str_c(&path),
		.tell = tell,
		.ctx = s });
}

const struct rules *alerting_rules(void *serve)
{
	const struct serve *s = serve;

	return s->rules ? rule_runner_rules(s->rules) : NULL;
}

const char *alerting_query_log_file(void *serve)
{
	const struct serve *s = serve;

	return s->rules ? metrics_global(s->metrics).query_log_file : NULL;
}

struct labels alerting_external_labels(void *serve)
{
	const struct serve *s = serve;

	return s->rules ? metrics_global(s->metrics).external_labels : (struct labels){ 0 };
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/targets.h"

#include "api/prometheus/result.h"
#include "base/json.h"
#include "base/number_text.h"
#include "core/promql/print.h"
#include "core/scrape/scraper.h"

#include <unistd.h>

/* ---- jobs in order of names, as Prometheus has its pools */

struct pools {
	const struct scrape_job **v;
	uint32_t n;
};

static void pools_fini(struct pools *p)
{
	free(p->v);
}
SCOPED_FINI(pools_fini, struct pools)

static int by_name(const void *a, const void *b)
{
	const struct scrape_job *const *x = a, *const *y = b;

	return strcmp((*x)->config->job_name, (*y)->config->job_name);
}

static void pools_find(struct pools *p, const struct scraper *s)
{
	uint32_t n = s ? scraper_job_count(s) : 0;

	p->v = must_alloc((n + 1) * sizeof *p->v);
	for (uint32_t i = 0; i < n; i++) {
		const struct scrape_job *job = scraper_job(s, i);

		if (job->config) /* else its targets are leaving */
			p->v[p->n++] = job;
	}
	if (p->n)
		qsort(p->v, p->n, sizeof *p->v, by_name);
}

/* ---- one target */

static void write_text(struct str *out, const char *key, const char *value)
{
	str_addf(out, "\"%s\":", key);
	result_write_text(out, value, (uint32_t)strlen(value));
}

static void write_duration(struct str *out, const char *key, int64_t ms)
{
	str_addf(out, "\"%s\":\"", key);
	promql_print_duration(out, ms);
	str_addc(out, '"');
}

/* As others reach it: a loopback address means this machine. */
static void write_global_url(struct str *out, const struct target_spec *spec)
{
	scoped(str_fini) struct str url = STR_EMPTY;
	const char *at = strstr(spec->url, "://");
	char host[256] = "";
	size_t n = 0;

	at = at ? at + 3 : spec->url;
	if (str_starts(at, "127.0.0.1"))
		n = strlen("127.0.0.1");
	else if (str_starts(at, "localhost"))
		n = strlen("localhost");
	else if (str_starts(at, "[::1]"))
		n = strlen("[::1]");
	if (n && at[n] && !strchr(":/?", at[n]))
		n = 0;
	if (n && gethostname(host, sizeof host - 1) == 0)
		str_addf(&url, "%.*s%s%s", (int)(at - spec->url), spec->url, host, at + n);
	else
		str_add(&url, spec->url);
	write_text(out, "globalUrl", str_c(&url));
}

static void write_last(struct str *out, const struct scrape_target *t)
{
	static const char *const health
		[] = { [HEALTH_UNKNOWN] = "unknown", [HEALTH_UP] = "up", [HEALTH_DOWN] = "down" };
	char took[NUMBER_TEXT_MAX];
	scoped(str_fini) struct str warning = STR_EMPTY;
	struct json_out w;

	scrape_target_warning(t, &warning);
	write_text(out, "lastError", t->last.error);
	if (warning.len) {
		str_addc(out, ',');
		write_text(out, "lastWarning", str_c(&warning));
	}
	str_add(out, ",\"lastScrape\":");
	if (t->last_ms) {
		json_begin(&w, out);
		json_time(&w, NULL, (struct wall){ t->last_ms });
	} else {
		str_add(out, "\"0001-01-01T00:00:00Z\"");
	}
	str_add(out, ",\"lastScrapeDuration\":");
	number_text(t->last_took_s, NUMBER_SAMPLE, took);
	str_addf(out, "%s,", took);
	write_text(out, "health", health[t->health]);
}

static void write_target(struct str *out, const struct scrape_target *t)
{
	str_add(out, "{\"discoveredLabels\":");
	result_write_labels(out, &t->spec.discovered);
	str_add(out, ",\"labels\":");
	result_write_labels(out, &t->spec.labels);
	str_addc(out, ',');
	write_text(out, "scrapePool", t->job->config->job_name);
	str_addc(out, ',');
	write_text(out, "scrapeUrl", t->spec.url);
	str_addc(out, ',');
	write_global_url(out, &t->spec);
	str_addc(out, ',');
	write_last(out, t);
	str_addc(out, ',');
	write_duration(out, "scrapeInterval", t->spec.interval_ms);
	str_addc(out, ',');
	write_duration(out, "scrapeTimeout", t->spec.timeout_ms);
	str_addc(out, '}');
}

/* ---- lists */

static void comma(struct str *out)
{
	char last = out->s[out->len - 1];

	if (last != '[' && last != '{')
		str_addc(out, ',');
}

static void write_active(struct str *out, const struct scrape_job *job)
{
	for (uint32_t i = 0; i < job->n_targets; i++) {
		if (job->targets[i]->state == TARGET_LEAVING)
			continue;
		comma(out);
		write_target(out, job->targets[i]);
	}
}

static void write_dropped(struct str *out, const struct scrape_job *job)
{
	for (uint32_t i = 0; i < job->list.n_dropped_kept; i++) {
		comma(out);
		str_add(out, "{\"discoveredLabels\":");
		result_write_labels(out, &job->list.dropped[i]);
		str_addc(out, ',');
		write_text(out, "scrapePool", job->config->job_name);
		str_addc(out, '}');
	}
}

static void write_counts(struct str *out, const struct pools *p)
{
	str_addc(out, '{');
	for (uint32_t i = 0; i < p->n; i++) {
		const char *name = p->v[i]->config->job_name;

		comma(out);
		result_write_text(out, name, (uint32_t)strlen(name));
		str_addf(out, ":%llu", (unsigned long long)p->v[i]->list.n_dropped);
	}
	str_addc(out, '}');
}

static bool is_wanted(const struct targets_wish *w, const struct scrape_job *job)
{
	return !w->pool || !*w->pool || str_eq(w->pool, job->config->job_name);
}

void targets_write(struct str *out, const struct scraper *s, const struct targets_wish *w)
{
	scoped(pools_fini) struct pools p = { 0 };

	pools_find(&p, s);
	str_add(out, "{\"status\":\"success\",\"data\":{\"activeTargets\":[");
	for (uint32_t i = 0; w->has_active && i < p.n; i++)
		if (is_wanted(w, p.v[i]))
			write_active(out, p.v[i]);
	str_add(out, "],\"droppedTargets\":[");
	for (uint32_t i = 0; w->has_dropped && i < p.n; i++)
		if (is_wanted(w, p.v[i]))
			write_dropped(out, p.v[i]);
	str_add(out, "],\"droppedTargetCounts\":");
	if (w->has_dropped)
		write_counts(out, &p);
	else
		str_add(out, "null");
	str_add(out, "}}");
}

void targets_write_pools(struct str *out, const struct scraper *s)
{
	scoped(pools_fini) struct pools p = { 0 };

	pools_find(&p, s);
	str_add(out, "{\"status\":\"success\",\"data\":{\"scrapePools\":[");
	for (uint32_t i = 0; i < p.n; i++) {
		const char *name = p.v[i]->config->job_name;

		comma(out);
		result_write_text(out, name, (uint32_t)strlen(name));
	}
	str_add(out, "]}}");
}

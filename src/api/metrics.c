/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: /metrics in Prometheus' text format, version 0.0.4 ("Exposition formats" in its docs).
 *
 * One function a family writes its samples; metrics.def has the order, names and types.
 */
#include "api/api_private.h"

#include "api/alertmanager/answer.h"
#include "api/prometheus/rule_list.h"
#include "api/prometheus/targets.h"
#include "core/metrics/store.h"
#include "core/scrape/exposition.h"
#include "port/os/os.h"

#include <inttypes.h>

struct page {
	struct str *out;
	const struct api *api;
	const struct view *view;
	const struct lab *lab;
	struct os_usage usage;
	struct store_stats stored; /* of the store; has_store */
	bool has_store;
	const char *family;
};

struct pair {
	const char *name, *value;
};

static void add_number(struct str *out, double value)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	str_add(out, text);
}

static void sample(const struct page *p, const struct pair *labels, size_t n, double value)
{
	str_add(p->out, p->family);
	for (size_t i = 0; i < n; i++) {
		str_addf(p->out, "%s%s=\"", i ? "," : "{", labels[i].name);
		exposition_escape(p->out, labels[i].value);
		str_addc(p->out, '"');
	}
	str_add(p->out, n ? "} " : " ");
	add_number(p->out, value);
	str_addc(p->out, '\n');
}

#define SAMPLE(p, value, ...)                                                                      \
	sample((p), (const struct pair[]){ __VA_ARGS__ }, COUNT(((struct pair[]){ __VA_ARGS__ })), \
		(double)(value))

static double seconds(int64_t ms)
{
	return (double)ms / 1000;
}

/* ---- the lab */

static void build_info(const struct page *p)
{
	const struct config_fact *c = &p->view->facts->configs[site_self_index(p->view->site)];
	char hash[SHA256_HEX];

	SAMPLE(p, 1, { "version", DIARCHY_VERSION }, { "lab", p->lab->name },
		{ "site", p->lab->sites[site_self_index(p->view->site)].name },
		{ "lab_hash", sha256_hex(&p->lab->hash, hash) },
		{ "revision", c->commit ? c->commit : "" });
}

static void alertmanager_info(const struct page *p)
{
	SAMPLE(p, 1, { "version", V2_SPOKEN });
}

static const char *home_of(const struct page *p, uint16_t check)
{
	uint8_t home = p->lab->checks[check].home;

	return home == NO_SITE ? "" : p->lab->sites[home].name;
}

static void check_state(const struct page *p)
{
	for (uint16_t i = 0; i < p->lab->n_checks; i++) {
		const struct lab_check *c = &p->lab->checks[i];
		enum check_state now = checks_view(site_checks(p->view->site), i).state;

		for (enum check_state s = 0; s < CHECK_STATES; s++)
			SAMPLE(p, s == now, { "name", c->name },
				{ "kind", check_kind_name(c->kind) }, { "site", home_of(p, i) },
				{ "state", check_state_name(s) });
	}
}

static void check_silenced(const struct page *p)
{
	for (uint16_t i = 0; i < p->lab->n_checks; i++)
		SAMPLE(p, view_is_silenced(p->view, i), { "name", p->lab->checks[i].name });
}

static void each_vantage(const struct page *p, double (*value)(const struct vantage *v))
{
	for (uint16_t i = 0; i < p->lab->n_checks; i++) {
		for (uint8_t site = 0; site < p->lab->n_sites; site++) {
			const struct vantage *v =
				checks_vantage(site_checks(p->view->site), i, site);

			if (v && p->lab->checks[i].from & 1u << site && value(v) >= 0)
				SAMPLE(p, value(v), { "name", p->lab->checks[i].name },
					{ "site", p->lab->sites[site].name });
		}
	}
}

static double word_value(const struct vantage *v)
{
	return !v->is_fresh || v->word == WORD_NONE ? -1 : v->word == WORD_OK;
}

static void vantage_ok(const struct page *p)
{
	each_vantage(p, word_value);
}

static double heard_value(const struct vantage *v)
{
	return v->heard.ms ? seconds(v->heard.ms) : -1;
}

static void vantage_heard(const struct page *p)
{
	each_vantage(p, heard_value);
}

static void vantage_blind(const struct page *p)
{
	for (uint8_t i = 0; i < p->lab->n_sites; i++)
		SAMPLE(p, checks_is_blind(site_checks(p->view->site), i),
			{ "site", p->lab->sites[i].name });
}

/* ---- links, journals */

static void link_up(const struct page *p)
{
	for (uint8_t i = 0; i < p->lab->n_sites; i++) {
		const struct link *l = site_link(p->view->site, i);

		if (l)
			SAMPLE(p, l->state == LINK_UP, { "peer", p->lab->sites[i].name });
	}
}

static void link_rtt(const struct page *p)
{
	for (uint8_t i = 0; i < p->lab->n_sites; i++) {
		const struct link *l = site_link(p->view->site, i);

		if (l && l->state == LINK_UP && l->rtt_ms >= 0)
			SAMPLE(p, seconds(l->rtt_ms), { "peer", p->lab->sites[i].name });
	}
}

static void link_skew(const struct page *p)
{
	for (uint8_t i = 0; i < p->lab->n_sites; i++) {
		const struct link *l = site_link(p->view->site, i);

		if (l && l->state == LINK_UP && l->rtt_ms >= 0)
			SAMPLE(p, seconds(l->skew_ms), { "peer", p->lab->sites[i].name });
	}
}

static void journal_events(const struct page *p)
{
	const struct journal_head *heads;
	size_t n;

	heads = journal_heads(site_journal(p->view->site), &n);
	for (uint8_t site = 0; site < p->lab->n_sites; site++) {
		uint64_t events = 0;

		for (size_t i = 0; i < n; i++)
			events +=
				str_eq(heads[i].site, p->lab->sites[site].name) ? heads[i].seq : 0;
		SAMPLE(p, events, { "site", p->lab->sites[site].name });
	}
}

/* ---- incidents, notifications */

static void incidents_open(const struct page *p)
{
	for (enum severity s = SEVERITY_INFO; s <= SEVERITY_CRITICAL; s++) {
		uint32_t n = 0;

		map_each (alert_incidents(site_alert(p->view->site)), it) {
			const struct incident *in = it->value;

			n += !incident_is_over(in) && in->severity &&
			     str_eq(in->severity, severity_name(s));
		}
		SAMPLE(p, n, { "severity", severity_name(s) });
	}
}

static uint16_t channels(const struct page *p)
{
	return p->lab->notify.n_channels < CHANNELS_MAX ? p->lab->notify.n_channels : CHANNELS_MAX;
}

static void told_pending(const struct page *p)
{
	for (uint16_t i = 0; i < channels(p); i++) {
		uint32_t n = 0;

		map_each (alert_incidents(site_alert(p->view->site)), it) {
			const struct incident *in = it->value;

			n += view_wanted(p->view, in, i) > in->told[i].version;
		}
		SAMPLE(p, n, { "channel", p->lab->notify.channels[i].name });
	}
}

static void told_delivered(const struct page *p)
{
	for (uint16_t i = 0; i < channels(p); i++)
		SAMPLE(p, p->view->facts->told[i].delivered,
			{ "channel", p->lab->notify.channels[i].name });
}

static void told_attempts(const struct page *p)
{
	const uint64_t *n = p->api->counters;

	sample(p, NULL, 0, (double)(n[API_DELIVERIES] + n[API_DELIVERIES_FAILED]));
}

static void told_failed(const struct page *p)
{
	sample(p, NULL, 0, (double)p->api->counters[API_DELIVERIES_FAILED]);
}

/* ---- samples */

static void store_value(const struct page *p, uint64_t value)
{
	if (p->has_store)
		sample(p, NULL, 0, (double)value);
}

static void store_series(const struct page *p)
{
	store_value(p, p->stored.series);
}

static void store_appended(const struct page *p)
{
	store_value(p, p->stored.appended[SERIES_TAKEN]);
}

static void store_dropped(const struct page *p)
{
	store_value(p, p->stored.dropped);
}

static void store_memory(const struct page *p)
{
	store_value(p, p->stored.memory_bytes);
}

static void store_memory_max(const struct page *p)
{
	store_value(p, p->stored.memory_bytes_max);
}

static void store_disk(const struct page *p)
{
	store_value(p, p->stored.disk_bytes);
}

static void store_log(const struct page *p)
{
	store_value(p, p->stored.log_bytes);
}

static void store_kept(const struct page *p)
{
	store_value(p, p->stored.kept_bytes);
}

static void store_logs_lost(const struct page *p)
{
	store_value(p, p->stored.logs_lost);
}

static void store_failed(const struct page *p)
{
	for (enum store_work_kind k = 0; p->has_store && k < STORE_WORK_KINDS; k++)
		SAMPLE(p, p->stored.work_failed[k], { "work", store_work_kind_text(k) });
}

/* ---- the daemon */

static void http_requests(const struct page *p)
{
	sample(p, NULL, 0, (double)p->api->requests);
}

static void limit_value(const struct page *p)
{
	for (size_t i = 0; i < limit_row_count; i++)
		SAMPLE(p, limit_rows[i].value, { "name", limit_rows[i].name });
}

static void limit_used(const struct page *p)
{
	const struct alert *alert = site_alert(p->view->site);
	uint32_t open = 0;
	size_t n_chains;

	journal_heads(site_journal(p->view->site), &n_chains);
	map_each (alert_incidents(alert), it)
		open += !incident_is_over(it->value);
	SAMPLE(p, p->lab->n_sites, { "name", "SITES_MAX" });
	SAMPLE(p, p->lab->n_watchers, { "name", "WATCHERS_MAX" });
	SAMPLE(p, p->lab->n_checks, { "name", "CHECKS_MAX" });
	SAMPLE(p, n_chains, { "name", "JOURNAL_CHAINS_MAX" });
	SAMPLE(p, n_chains, { "name", "LINK_HEADS_MAX" });
	SAMPLE(p, open, { "name", "INCIDENTS_OPEN_MAX" });
	SAMPLE(p, alert_silences(alert)->n, { "name", "SILENCES_MAX" });
	SAMPLE(p, alert_posted(alert), { "name", "ALERTS_MAX" });
	SAMPLE(p, http_server_connections(p->api->server), { "name", "HTTP_CONNECTIONS_MAX" });
	SAMPLE(p, stream_clients(p->api->stream), { "name", "SSE_CLIENTS_MAX" });
}

static void process_resident(const struct page *p)
{
	sample(p, NULL, 0, (double)p->usage.resident_bytes);
}

static void process_virtual(const struct page *p)
{
	sample(p, NULL, 0, (double)p->usage.virtual_bytes);
}

static void process_cpu(const struct page *p)
{
	sample(p, NULL, 0, p->usage.cpu_seconds);
}

static void process_fds(const struct page *p)
{
	sample(p, NULL, 0, p->usage.open_fds);
}

static void process_max_fds(const struct page *p)
{
	sample(p, NULL, 0, (double)p->usage.max_fds);
}

static void process_start(const struct page *p)
{
	sample(p, NULL, 0, seconds(p->usage.started.ms));
}

/* ---- the page */

static const struct {
	const char *name, *type, *help;
	void (*write)(const struct page *p);
} families[] = {
#define FAMILY(name, type, writer, help) { #name, #type, help, writer },
#include "api/metrics.def"
#undef FAMILY
};

enum rc api_write_metrics(const struct api *a, struct str *out, struct err *e)
{
	const struct view view = api_view(a, a->setup.now(a->setup.ctx));
	struct page p = { .out = out,
		.api = a,
		.view = &view,
		.lab = site_lab(view.site),
		.has_store = a->setup.metrics != NULL };
	enum rc rc = os_usage(&p.usage, e);

	if (rc != RC_OK)
		return rc;
	if (p.has_store)
		store_stats(a->setup.metrics, &p.stored);
	for (size_t i = 0; i < COUNT(families); i++) {
		p.family = families[i].name;
		str_addf(p.out, "# HELP %s %s\n# TYPE %s %s\n", p.family, families[i].help,
			p.family, families[i].type);
		families[i].write(&p);
	}
	targets_write_metrics(out, a->setup.scraper);
	if (a->setup.rules)
		rules_write_metrics(out, a->setup.rules(a->setup.ctx));
	if (a->setup.probe_metrics)
		a->setup.probe_metrics(a->setup.ctx, out);
	return RC_OK;
}

enum rc metrics_show(struct call *c, struct answer *out, struct err *e)
{
	out->type = "text/plain; version=0.0.4; charset=utf-8";
	return api_write_metrics(c->api, &out->body, e);
}

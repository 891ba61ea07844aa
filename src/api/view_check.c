/* SPDX-License-Identifier: Apache-2.0 */
#include "api/view.h"

#include <stdio.h>

static const char *const probe_names[] = {
	[PROBE_HTTP] = "http",
	[PROBE_TCP] = "tcp",
	[PROBE_TLS] = "tls",
	[PROBE_DNS] = "dns",
	[PROBE_ICMP] = "icmp",
};

/* What is asked, for people. */
static void write_target(const struct probe_spec *p, struct json_out *w)
{
	scoped(str_fini) struct str dns = STR_EMPTY;

	switch (p->kind) {
	case PROBE_HTTP:
		json_text(w, "target", p->http.url);
		return;
	case PROBE_TCP:
	case PROBE_TLS:
		json_text(w, "target", p->tcp.address);
		return;
	case PROBE_ICMP:
		json_text(w, "target", p->icmp.address);
		return;
	case PROBE_DNS:
		str_addf(&dns, "%s at %s", p->dns.name, p->dns.server);
		json_text(w, "target", str_c(&dns));
		return;
	}
	json_text(w, "target", NULL);
}

static void write_declaration(const struct lab *lab, const struct lab_check *c, struct json_out *w)
{
	json_text(w, "name", c->name);
	json_text(w, "kind", check_kind_name(c->kind));
	json_text(w, "probe", c->probe ? probe_names[c->probe->kind] : NULL);
	if (c->probe)
		write_target(c->probe, w);
	else
		json_text(w, "target", NULL);
	json_text(w, "home", c->home == NO_SITE ? NULL : lab->sites[c->home].name);
	json_text(w, "host", c->host == NO_HOST ? NULL : lab->hosts[c->host].name);
	json_text(w, "severity", severity_name(c->severity));
}

static void write_texts(const struct lab *lab, const struct lab_check *c, struct json_out *w)
{
	json_array_open(w, "needs");
	for (uint16_t i = 0; i < c->n_needs; i++)
		json_text(w, NULL, lab->checks[c->needs[i]].name);
	json_close(w);
	json_text(w, "description", c->description ? c->description : "");
	json_text(w, "runbook", c->runbook ? c->runbook : "");
}

static void write_vantage(const struct view *v, struct json_out *w, uint16_t check, uint8_t site)
{
	const struct checks *checks = site_checks(v->site);
	const struct vantage *seen = checks_vantage(checks, check, site);

	if (!seen)
		return;
	json_object_open(w, NULL);
	json_text(w, "site", site_lab(v->site)->sites[site].name);
	json_text(w, "word", check_word_name(seen->word));
	json_time(w, "since", seen->since);
	json_time(w, "heard", seen->heard);
	json_time(w, "last_ok", seen->last_ok);
	json_text(w, "reason", seen->reason ? seen->reason : "");
	if (seen->took_us >= 0)
		json_double(w, "took_ms", (double)seen->took_us / 1000);
	else
		json_text(w, "took_ms", NULL);
	json_bool(w, "is_fresh", seen->is_fresh);
	json_bool(w, "is_blind", checks_is_blind(checks, site));
	json_close(w);
}

bool view_is_silenced(const struct view *v, uint16_t check)
{
	const struct lab *lab = site_lab(v->site);
	const struct lab_check *c = &lab->checks[check];
	const struct silence_label labels[] = {
		{ "name", c->name },
		{ "kind", check_kind_name(c->kind) },
		{ "site", c->home == NO_SITE ? "" : lab->sites[c->home].name },
		{ "host", c->host == NO_HOST ? "" : lab->hosts[c->host].name },
		{ "severity", severity_name(c->severity) },
		{ "probe", c->probe ? probe_names[c->probe->kind] : "" },
	};
	const char *why;

	return silences_cover(alert_silences(site_alert(v->site)), v->now.wall, labels,
		COUNT(labels), &why);
}

/* A time that may lie in no bounded future. */
static struct wall bounded(struct wall t)
{
	return t.ms == NEVER_MS ? (struct wall){ 0 } : t;
}

void view_check(const struct view *v, struct json_out *w, const char *key, uint16_t check)
{
	const struct lab *lab = site_lab(v->site);
	const struct lab_check *c = &lab->checks[check];
	struct check_view seen = checks_view(site_checks(v->site), check);
	const struct incident *in = alert_covering(site_alert(v->site), c->name);

	json_object_open(w, key);
	write_declaration(lab, c, w);
	json_text(w, "state", check_state_name(seen.state));
	json_text(w, "scope", check_scope_name(seen.scope));
	json_time(w, "since", seen.since);
	json_text(w, "reason", seen.reason);
	json_int(w, "every_ms", c->every_ms);
	json_bool(w, "is_flapping", in && in->is_flapping);
	json_bool(w, "is_silenced", view_is_silenced(v, check));
	json_text(w, "incident", in ? in->id : NULL);
	json_time(w, "paused_until", bounded(seen.paused_until));
	write_texts(lab, c, w);
	json_array_open(w, "vantages");
	for (uint8_t site = 0; site < lab->n_sites; site++) {
		if (c->from & 1u << site)
			write_vantage(v, w, check, site);
	}
	json_close(w);
	json_close(w);
}

void view_counts(const struct view *v, struct json_out *w, const char *key)
{
	static const enum check_state order[] = { CHECK_OK, CHECK_FAILING, CHECK_SILENT,
		CHECK_PENDING, CHECK_PAUSED };
	const struct checks *checks = site_checks(v->site);
	int64_t n[CHECK_STATES] = { 0 };

	for (uint16_t i = 0; i < checks_count(checks); i++)
		n[checks_view(checks, i).state]++;
	json_object_open(w, key);
	for (size_t i = 0; i < COUNT(order); i++)
		json_int(w, check_state_name(order[i]), n[order[i]]);
	json_close(w);
}

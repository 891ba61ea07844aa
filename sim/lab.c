/* SPDX-License-Identifier: Apache-2.0 */
/* lab: the lab that is simulated, read by the real reader from the text that a user would write. */
#include "sim/world.h"

#include "node/receivers.h"
#include "port/yaml/yaml.h"

/* {0} and {1} are the sites' names, {k0}, {k1}, {kw} the keys; lines with '?' are left out of the
 * lesser lab, those with '+' where alerts aren't routed. */
static const char text[] =
	"lab: sim\n"
	"sites:\n"
	"  {0}: {address: \"10.0.0.1:7443\", key: \"{k0}\", timezone: UTC, uplink: router-0}\n"
	"  {1}: {address: \"10.0.1.1:7443\", key: \"{k1}\", timezone: UTC, uplink: router-1}\n"
	"watchers:\n"
	"  webhost: {url: \"https://watch.example.net\", key: \"{kw}\"}\n"
	"notify:\n"
	"  timezone: UTC\n"
	"  discord: {webhook: {env: SIM_WEBHOOK}}\n"
	"+ alertmanager: alertmanager.yml\n"
	"hosts:\n"
	"  nas-0: {site: {0}, address: 10.0.0.10}\n"
	"  nas-1: {site: {1}, address: 10.0.1.10}\n"
	"probes:\n"
	"  router-0: {home: {0}, every: 15s, timeout: 3s, icmp: 10.0.0.254}\n"
	"  router-1: {home: {1}, every: 15s, timeout: 3s, icmp: 10.0.1.254}\n"
	"  photos: {home: {1}, from: [{0}, {1}], every: 30s, timeout: 10s, host: nas-1,\n"
	"           http: {url: \"http://10.0.1.10/\"}}\n"
	"  git: {home: {0}, from: [{0}, {1}], every: 30s, timeout: 10s, host: nas-0,\n"
	"        http: {url: \"http://10.0.0.10/\"}}\n"
	"  dns-0: {home: {0}, every: 60s, timeout: 5s, host: nas-0,\n"
	"          dns: {server: 10.0.0.10, name: nas.lan, type: A}}\n"
	"? imap-1: {home: {1}, every: 60s, timeout: 5s, host: nas-1, tcp: {address: "
	"\"10.0.1.10:993\"}}\n"
	"? media: {home: {1}, every: 60s, timeout: 5s, needs: [photos], host: nas-1,\n"
	"?         tcp: {address: \"10.0.1.10:8096\"}}\n"
	"heartbeats:\n"
	"? export: {home: {0}, every: 10m, grace: 2m}\n"
	"  backup: {home: {1}, every: 15m, grace: 3m}\n";

/* Of each site's alerts (alerts.c) one inhibits another, also the other site's, and one is nobody's. */
static const char routing[] =
	"route: {receiver: discord, group_by: [alertname], group_wait: 10s, routes: [\n"
	"  {receiver: nobody, matchers: [alertname=Hot]}]}\n"
	"receivers: [{name: discord}, {name: nobody}]\n"
	"inhibit_rules: [{source_matchers: [alertname=Full, instance=b],\n"
	"  target_matchers: [alertname=Full, instance=a]}]\n";

static void key_of(uint8_t seed, char ret[KEY_TEXT_MAX])
{
	struct private_key k;
	struct public_key public;

	memset(k.bytes, seed, sizeof k.bytes);
	public = key_public(&k);
	key_text(&public, ret);
}

static void fill_in(const struct sim_lab_wish *wish, struct str *out)
{
	char k0[KEY_TEXT_MAX], k1[KEY_TEXT_MAX], kw[KEY_TEXT_MAX];
	/* Names of one length, so that no text is cut elsewhere in the mirror. */
	const char *names[] = { wish->is_swapped ? "mumbai" : "dublin",
		wish->is_swapped ? "dublin" : "mumbai" };
	const struct {
		const char *mark, *value;
	} marks[] = { { "{0}", names[0] }, { "{1}", names[1] }, { "{k0}", k0 }, { "{k1}", k1 },
		{ "{kw}", kw } };

	key_of(1, k0);
	key_of(2, k1);
	key_of(3, kw);
	for (const char *p = text; *p;) {
		size_t i = 0;

		if ((*p == '?' && wish->is_lesser) || (*p == '+' && !wish->is_routed)) {
			p += strcspn(p, "\n");
			continue;
		}
		if (*p == '?' || (*p == '+' && p[1] == ' ')) {
			str_addc(out, ' ');
			p++;
			continue;
		}
		while (i < COUNT(marks) && !str_starts(p, marks[i].mark))
			i++;
		if (i == COUNT(marks)) {
			str_addc(out, *p++);
			continue;
		}
		str_add(out, marks[i].value);
		p += strlen(marks[i].mark);
	}
}

static enum rc document(void *ctx, const char *path, struct doc *ret, struct findings *findings,
	struct err *e)
{
	struct str tree = { .s = (char *)(uintptr_t)routing, .len = strlen(routing) };
	const struct str *yaml = str_eq(path, "alertmanager.yml") ? &tree : ctx;

	return yaml_parse(ret, path, yaml, findings, e);
}

static const struct tz *zone(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return tz_utc();
}

static void alertmanager(void *ctx, const struct doc *doc, struct lab *lab,
	struct findings *findings)
{
	receivers_declare(doc, lab, zone, ctx, findings);
}

struct lab *sim_lab(struct sim_lab_wish wish)
{
	scoped(str_fini) struct str yaml = STR_EMPTY;
	scoped(findings_fini) struct findings findings = { 0 };
	struct lab_source source = { .ctx = &yaml,
		.document = document,
		.zone = zone,
		.alertmanager = alertmanager };
	struct lab *lab = NULL;
	struct err e = { 0 };

	fill_in(&wish, &yaml);
	if (lab_read(&lab, "lab.yaml", &source, &findings, &e) != RC_OK) {
		fprintf(stderr, "sim: %s\n", e.text);
		for (uint32_t i = 0; i < findings.n; i++)
			fprintf(stderr, "sim: %s:%u:%u: %s\n", findings.items[i].file,
				findings.items[i].line, findings.items[i].column,
				findings.items[i].text);
		exit(1);
	}
	must(lab->n_checks + 2 * SIM_ALERTS <= SIM_CHECKS);
	return lab;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that nobody needs to write down: that hosts answer, that sites, links and watchers are
 * there, that the drill arrives, and that a site is well itself.
 */
#include "core/lab/build.h"

#include "core/lab/address.h"

#include <stdio.h>

#define HOST_EVERY_MS   MINUTE_MS
#define HOST_TIMEOUT_MS (10 * SECOND_MS)
#define HOST_PAYLOAD    56
#define DRILL_GRACE_MS  (15 * MINUTE_MS)
/* "watcher:NAME", "link:A-B": the longest is what schema.c allows names to be, and a prefix. */
#define DERIVED_NAME_MAX (NAME_BYTES_MAX + 1)

static uint8_t all_sites(const struct lab *lab)
{
	return (uint8_t)((1u << lab->n_sites) - 1);
}

static struct lab_check *add(struct build *b, enum check_kind kind, const struct entry *entry,
	const char *name)
{
	struct lab_check *check = build_check(b, name, reader_place(b->r, entry->key));

	if (check)
		check->kind = kind;
	return check;
}

static const struct probe_spec *ping(struct build *b, const char *address)
{
	struct probe_spec *spec = reader_alloc(b->r, sizeof *spec);

	if (!spec)
		return NULL;
	*spec = (struct probe_spec){
		.kind = PROBE_ICMP,
		.timeout_ms = HOST_TIMEOUT_MS,
		.ip = IP_ANY,
		.ip_fallback = true,
		.icmp = { .address = address,
			.count = 1,
			.payload_bytes = HOST_PAYLOAD,
			.loss_percent_max = 99 },
	};
	return spec;
}

/* A probe called like the host stands for it; else it is pinged, if it says where. */
static void add_host(struct build *b, uint16_t index, const struct entry *entry)
{
	struct lab_host *host = &b->lab->hosts[index];
	char name[DERIVED_NAME_MAX];
	struct lab_check *check;

	host->check = build_index(&b->lab->check_names, host->name);
	if (host->check != NO_CHECK && b->lab->checks[host->check].kind == CHECK_PROBE) {
		b->lab->checks[host->check].host = index;
		return;
	}
	host->check = NO_CHECK;
	if (!host->address || host->site == NO_SITE)
		return;
	snprintf(name, sizeof name, "host:%s", host->name);
	check = add(b, CHECK_PROBE, entry, name);
	if (!check)
		return;
	host->check = (uint16_t)(check - b->lab->checks);
	check->home = host->site;
	check->from = (uint8_t)(1u << host->site);
	check->severity = SEVERITY_CRITICAL;
	check->every_ms = HOST_EVERY_MS;
	check->confirm = 2;
	check->host = index;
	check->zone = b->lab->sites[host->site].zone;
	check->probe = ping(b, host->address);
}

/* A site is judged by the others, the first of which speaks of it. */
static void add_site(struct build *b, uint8_t site, const struct entry *entry)
{
	char name[DERIVED_NAME_MAX];
	struct lab_check *check;

	if (b->lab->n_sites < 2)
		return;
	snprintf(name, sizeof name, "site:%s", entry->name);
	check = add(b, CHECK_SITE, entry, name);
	if (!check)
		return;
	check->home = site == 0 ? 1 : 0;
	check->from = all_sites(b->lab) & (uint8_t) ~(1u << site);
	check->severity = SEVERITY_CRITICAL;
	check->subject_a = site;
	check->zone = b->lab->sites[site].zone;
}

static void add_link(struct build *b, uint8_t first, uint8_t second, const struct entry *entries[2])
{
	char name[DERIVED_NAME_MAX];
	struct lab_check *check;

	snprintf(name, sizeof name, "link:%s-%s", entries[0]->name, entries[1]->name);
	check = add(b, CHECK_LINK, entries[1], name);
	if (!check)
		return;
	check->home = first;
	check->from = (uint8_t)(1u << first | 1u << second);
	check->severity = SEVERITY_CRITICAL;
	check->subject_a = first;
	check->subject_b = second;
	check->zone = b->lab->sites[first].zone;
}

static void add_watcher(struct build *b, uint8_t index, const struct watcher_decl *decl)
{
	struct cron *cron = reader_alloc(b->r, sizeof *cron);
	char name[DERIVED_NAME_MAX];
	struct lab_check *watcher, *drill;

	snprintf(name, sizeof name, "watcher:%s", decl->entry.name);
	watcher = add(b, CHECK_WATCHER, &decl->entry, name);
	snprintf(name, sizeof name, "drill:%s", decl->entry.name);
	drill = add(b, CHECK_DRILL, &decl->entry, name);
	if (!cron || !watcher || !drill || !decl->watcher.drill)
		return;
	watcher->from = all_sites(b->lab);
	watcher->subject_a = index;
	drill->from = all_sites(b->lab);
	drill->subject_a = index;
	if (cron_parse(decl->watcher.drill, cron, NULL) == RC_OK)
		drill->cron = cron;
	drill->zone = b->lab->notify.reader_zone;
	drill->grace_ms = DRILL_GRACE_MS;
}

static void add_selves(struct build *b, uint8_t site, const struct entry *entry)
{
	static const char *const names[] = {
		[SELF_CONFIG] = "config",
		[SELF_DISK] = "disk",
		[SELF_CLOCK] = "clock",
		[SELF_NOTIFY] = "notify",
		[SELF_JOURNAL] = "journal",
		[SELF_OUTSIDE] = "outside",
	};
	_Static_assert(COUNT(names) == SELF_CHECKS, "every self check has a name");
	char name[DERIVED_NAME_MAX];

	for (unsigned self = 0; self < SELF_CHECKS; self++) {
		struct lab_check *check;

		if (self == SELF_NOTIFY && !b->lab->notify.n_channels)
			continue;
		snprintf(name, sizeof name, "%s@%s", names[self], entry->name);
		check = add(b, CHECK_SELF, entry, name);
		if (!check)
			continue;
		check->home = site;
		check->from = (uint8_t)(1u << site);
		check->self = (enum self_check)self;
		check->zone = b->lab->sites[site].zone;
	}
}

void build_derived(struct build *b)
{
	const struct host_decl *hosts = b->decl->hosts.items;
	const struct site_decl *sites = b->decl->sites.items;
	const struct watcher_decl *watchers = b->decl->watchers.items;
	const struct lab *lab = b->lab;

	for (uint16_t i = 0; i < lab->n_hosts; i++)
		add_host(b, i, &hosts[i].entry);
	for (uint8_t i = 0; i < lab->n_sites; i++)
		add_site(b, i, &sites[i].entry);
	for (uint8_t i = 0; i < lab->n_sites; i++)
		for (uint8_t j = i + 1; j < lab->n_sites; j++)
			add_link(b, i, j,
				(const struct entry *[2]){ &sites[i].entry, &sites[j].entry });
	for (uint8_t i = 0; i < lab->n_watchers; i++)
		add_watcher(b, i, &watchers[i]);
	for (uint8_t i = 0; i < lab->n_sites; i++)
		add_selves(b, i, &sites[i].entry);
}

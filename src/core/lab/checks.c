/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/build.h"

#include "core/lab/address.h"

#define TIMEOUT_MAX_MS (10 * SECOND_MS)

struct lab_check *build_check(struct build *b, const char *name, struct place at)
{
	struct lab *lab = b->lab;
	struct lab_check *check;
	uint16_t other = build_index(&b->lab->check_names, name);

	if (other != UINT16_MAX) {
		finding_error(b->r->findings, at,
			"there is a check called '%s' already, in line %u", name,
			lab->checks[other].line);
		return NULL;
	}
	if (lab->n_checks == b->cap_checks)
		return NULL; /* said when the room was made */
	check = &lab->checks[lab->n_checks];
	build_put_index(&b->lab->check_names, name, lab->n_checks++);
	check->name = arena_strdup(&lab->arena, name);
	check->host = NO_HOST;
	check->zone = lab->n_sites ? lab->sites[0].zone : NULL;
	check->confirm = 1;
	check->severity = SEVERITY_WARNING;
	check->line = at.line;
	check->column = at.column;
	return check;
}

/* The site that a check belongs to; the first one after a complaint. */
static uint8_t find_home(struct build *b, const struct check_decl *about, const struct entry *entry,
	const char *what)
{
	uint8_t home = about->home ? build_site_ref(b, about->home, "home") : NO_SITE;

	if (home != NO_SITE)
		return home;
	if (!about->home && b->lab->n_sites > 1 && entry->node->kind == DOC_MAPPING)
		reader_error(b->r, entry->node, "%s '%s' lacks 'home': there is more than one site",
			what, entry->name);
	return 0;
}

static uint8_t find_vantages(struct build *b, const struct refs *from, uint8_t home)
{
	uint8_t bits = 0;

	for (uint32_t i = 0; i < from->n; i++) {
		uint8_t site = build_site_ref(b, from->items[i], "from");

		if (site == NO_SITE)
			continue;
		if (bits & (1u << site))
			reader_error(b->r, from->items[i], "from: '%s' stands here twice",
				from->items[i]->text);
		bits |= (uint8_t)(1u << site);
	}
	return bits ? bits : (uint8_t)(1u << home);
}

static uint16_t find_host(struct build *b, const struct doc_node *node)
{
	uint16_t index = build_index(&b->hosts, node->text);
	struct nearest best = { 0 };
	char hint[NAME_BYTES_MAX + 32];

	if (index != UINT16_MAX)
		return index;
	map_each (&b->hosts, it)
		nearest_offer(&best, node->text, it->key);
	reader_error(b->r, node, "host: no host is called '%.64s'%s", node->text,
		nearest_text(&best, hint));
	return NO_HOST;
}

static const char *target_of(const struct probe_spec *spec)
{
	switch (spec->kind) {
	case PROBE_HTTP:
		return spec->http.url;
	case PROBE_TCP:
	case PROBE_TLS:
		return spec->tcp.address;
	case PROBE_DNS:
		return spec->dns.server;
	default:
		return spec->icmp.address;
	}
}

/* The host with the target's address: at the check's own site, else anywhere; or of its name. */
static uint16_t host_of_target(struct build *b, const struct probe_spec *spec, uint8_t home)
{
	const char *target = target_of(spec);
	char host[ADDRESS_HOST_MAX], key[ADDRESS_KEY_MAX];
	uint16_t index;

	if (!target || !address_host(target, host))
		return NO_HOST;
	index = build_index(&b->addresses, build_address_key(home, host, key));
	if (index == UINT16_MAX)
		index = build_index(&b->addresses, host);
	return index != UINT16_MAX ? index : build_index(&b->hosts, host);
}

static void set_about(struct build *b, struct lab_check *check, const struct check_decl *about)
{
	b->about[check - b->lab->checks] = about;
	check->severity = about->severity;
	check->description = about->description;
	check->runbook = about->runbook;
	if (about->host)
		check->host = find_host(b, about->host);
}

void build_probe_common(const struct probe_decl *decl, int64_t timeout_ms, struct probe_spec *spec)
{
	int64_t half = decl->every_ms / 2;

	spec->timeout_ms = decl->timeout_ms ? decl->timeout_ms : timeout_ms;
	if (!spec->timeout_ms)
		spec->timeout_ms = half < TIMEOUT_MAX_MS ? half : TIMEOUT_MAX_MS;
	if (decl->ip != IP_ANY) {
		spec->ip = decl->ip;
		spec->ip_fallback = false;
	}
	if (decl->source_address)
		spec->source_address = decl->source_address;
}

static void check_timeout(struct build *b, const struct probe_decl *decl, int64_t timeout_ms)
{
	const struct doc_node *node = doc_get(decl->entry.node, "timeout");
	char timeout[DURATION_TEXT_MAX], every[DURATION_TEXT_MAX];

	if (timeout_ms < decl->every_ms || !decl->every_ms)
		return;
	finding_warning(b->r->findings, reader_place(b->r, node ? node : decl->entry.node),
		"probe '%s' may take %s, which is not less than its interval of %s",
		decl->entry.name, duration_text(timeout_ms, timeout),
		duration_text(decl->every_ms, every));
}

static bool build_spec(struct build *b, const struct probe_decl *decl, struct probe_spec *ret)
{
	if (decl->module)
		return build_module(b, decl, ret);
	if (decl->target)
		reader_error(b->r, decl->target, "target: only goes with 'module'");
	return build_native(b, decl, ret);
}

static void add_probe(struct build *b, const struct probe_decl *decl)
{
	struct probe_spec *spec = reader_alloc(b->r, sizeof *spec);
	struct lab_check *check =
		build_check(b, decl->entry.name, reader_place(b->r, decl->entry.key));

	if (!spec || !check)
		return;
	check->kind = CHECK_PROBE;
	check->home = find_home(b, &decl->about, &decl->entry, "probe");
	check->from = find_vantages(b, &decl->about.from, check->home);
	check->every_ms = decl->every_ms;
	check->confirm = decl->confirm;
	check->probe = spec;
	if (b->lab->n_sites)
		check->zone = b->lab->sites[check->home].zone;
	set_about(b, check, &decl->about);
	if (!build_spec(b, decl, spec)) {
		must(b->r->findings->n_errors > 0 || b->r->n_refusals > 0);
		return;
	}
	check_timeout(b, decl, spec->timeout_ms);
	if (!decl->about.host)
		check->host = host_of_target(b, spec, check->home);
}

static int64_t heartbeat_grace(const struct heartbeat_decl *decl)
{
	if (doc_get(decl->entry.node, "grace"))
		return decl->grace_ms;
	return decl->cron || decl->every_ms > HOUR_MS ? HOUR_MS : decl->every_ms;
}

static void add_heartbeat(struct build *b, const struct heartbeat_decl *decl)
{
	struct lab_check *check =
		build_check(b, decl->entry.name, reader_place(b->r, decl->entry.key));

	if (!check)
		return;
	check->kind = CHECK_HEARTBEAT;
	check->home = find_home(b, &decl->about, &decl->entry, "heartbeat");
	check->from = (uint8_t)(1u << check->home);
	check->every_ms = decl->cron ? 0 : decl->every_ms;
	check->cron = decl->cron;
	if (b->lab->n_sites)
		check->zone = b->lab->sites[check->home].zone;
	if (decl->zone)
		check->zone = decl->zone;
	check->grace_ms = heartbeat_grace(decl);
	check->token = decl->token;
	set_about(b, check, &decl->about);
	if (decl->zone && !decl->cron)
		reader_error(b->r, doc_get(decl->entry.node, "timezone"),
			"timezone: only goes with 'cron'");
}

/* Room for all checks at once, so that pointers to them stay. */
static bool make_room(struct build *b, uint32_t declared)
{
	const struct lab *lab = b->lab;
	uint32_t sites = lab->n_sites;
	uint32_t all = declared + lab->n_hosts + sites * (1 + SELF_CHECKS) + sites * sites / 2 +
		       2u * lab->n_watchers;

	if (all > CHECKS_MAX) {
		reader_error(b->r, b->root, "the lab would have %u checks; it may have %d", all,
			CHECKS_MAX);
		return false;
	}
	b->lab->checks = reader_alloc(b->r, all * sizeof *b->lab->checks);
	b->about = must_alloc(all * sizeof *b->about);
	b->needs = must_alloc(all * sizeof *b->needs);
	if (b->lab->checks)
		b->cap_checks = (uint16_t)all;
	return b->lab->checks != NULL;
}

void build_checks(struct build *b)
{
	const struct list *probes =
		b->decl->probes ? &b->decl->probes->probes : &(struct list){ 0 };
	const struct list *heartbeats = &b->decl->heartbeats;

	if (!make_room(b, probes->n + heartbeats->n))
		return;
	for (uint32_t i = 0; i < probes->n; i++)
		add_probe(b, (const struct probe_decl *)probes->items + i);
	for (uint32_t i = 0; i < heartbeats->n; i++)
		add_heartbeat(b, (const struct heartbeat_decl *)heartbeats->items + i);
	b->lab->n_declared = b->lab->n_checks;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/build.h"

#include "core/lab/address.h"

#include <stdio.h>

void build_put_index(struct map *m, const char *name, uint16_t index)
{
	map_put(m, name, (void *)((uintptr_t)index + 1));
}

uint16_t build_index(const struct map *m, const char *name)
{
	uintptr_t value = (uintptr_t)map_get(m, name);

	return value ? (uint16_t)(value - 1) : UINT16_MAX;
}

const char *build_address_key(uint8_t site, const char *address, char buf[ADDRESS_KEY_MAX])
{
	snprintf(buf, ADDRESS_KEY_MAX, "%u/%s", site, address);
	return buf;
}

uint8_t build_site_ref(struct build *b, const struct doc_node *node, const char *key)
{
	uint16_t index = build_index(&b->sites, node->text);
	struct nearest best = { 0 };
	char hint[NAME_BYTES_MAX + 32];

	if (index != UINT16_MAX)
		return (uint8_t)index;
	map_each (&b->sites, it)
		nearest_offer(&best, node->text, it->key);
	reader_error(b->r, node, "%s: no site is called '%.64s'%s", key, node->text,
		nearest_text(&best, hint));
	return NO_SITE;
}

static bool is_zero(const void *p, size_t n)
{
	const unsigned char *bytes = p;

	while (n && !*bytes) {
		bytes++;
		n--;
	}
	return n == 0;
}

/* The same key twice would let one machine speak for the other. */
static void check_key(struct build *b, struct map *seen, const struct public_key *key,
	const struct entry *entry)
{
	char text[KEY_TEXT_MAX];
	const struct entry *other;

	if (is_zero(key, sizeof *key))
		return; /* absent or malformed, and said */
	other = map_put(seen, key_text(key, text), (void *)entry);
	if (other)
		reader_error(b->r, entry->node,
			"'%s' has the same key as '%s': each machine needs its own", entry->name,
			other->name);
}

static bool is_loopback(const char *endpoint)
{
	char host[ADDRESS_HOST_MAX];

	return address_host(endpoint, host) &&
	       (str_starts(host, "127.") || str_eq(host, "::1") || str_eq(host, "localhost"));
}

static void check_login(struct build *b, const struct site_decl *decl)
{
	const struct lab_login *login = &decl->site.login;
	const struct doc_node *http = doc_get(decl->entry.node, "http");

	if (!decl->site.http || is_loopback(decl->site.http))
		return;
	if (login->password_hash.kind == SECRET_NONE && login->token.kind == SECRET_NONE)
		reader_error(b->r, http ? http : decl->entry.node,
			"http: %s is not loopback, so site '%s' needs a 'login'", decl->site.http,
			decl->entry.name);
}

static void add_sites(struct build *b, struct map *keys)
{
	const struct site_decl *decls = b->decl->sites.items;
	uint32_t n = b->decl->sites.n;

	if (n == 0 && doc_get(b->root, "sites"))
		reader_error(b->r, doc_get(b->root, "sites"), "a lab needs a site");
	if (n > SITES_MAX) {
		reader_error(b->r, decls[SITES_MAX].entry.key, "a lab may have %d sites",
			SITES_MAX);
		n = SITES_MAX;
	}
	b->lab->sites = reader_alloc(b->r, n * sizeof *b->lab->sites);
	for (uint32_t i = 0; b->lab->sites && i < n; i++) {
		struct lab_site *site = &b->lab->sites[b->lab->n_sites];

		*site = decls[i].site;
		site->name = decls[i].entry.name;
		site->uplink = NO_CHECK;
		build_put_index(&b->sites, site->name, b->lab->n_sites++);
		check_key(b, keys, &site->key, &decls[i].entry);
		check_login(b, &decls[i]);
	}
}

static void add_watchers(struct build *b, struct map *keys)
{
	const struct watcher_decl *decls = b->decl->watchers.items;
	uint32_t n = b->decl->watchers.n;

	if (n > WATCHERS_MAX) {
		reader_error(b->r, decls[WATCHERS_MAX].entry.key, "a lab may have %d watchers",
			WATCHERS_MAX);
		n = WATCHERS_MAX;
	}
	b->lab->watchers = reader_alloc(b->r, n * sizeof *b->lab->watchers);
	for (uint32_t i = 0; b->lab->watchers && i < n; i++) {
		struct lab_watcher *watcher = &b->lab->watchers[b->lab->n_watchers++];

		*watcher = decls[i].watcher;
		watcher->name = decls[i].entry.name;
		check_key(b, keys, &watcher->key, &decls[i].entry);
	}
}

/* The two sites may number their machines alike, so an address means the one at its own site first.
 */
static void add_address(struct build *b, uint16_t index, const struct entry *entry)
{
	const struct lab_host *host = &b->lab->hosts[index];
	char text[ADDRESS_HOST_MAX], key[ADDRESS_KEY_MAX];
	uint16_t other;

	if (!host->address || host->site == NO_SITE || !address_host(host->address, text))
		return;
	build_address_key(host->site, text, key);
	other = build_index(&b->addresses, key);
	if (other != UINT16_MAX) {
		finding_warning(b->r->findings, reader_place(b->r, entry->node),
			"host '%s' has the address of '%s'", entry->name,
			b->lab->hosts[other].name);
		return;
	}
	build_put_index(&b->addresses, key, index);
	if (build_index(&b->addresses, text) == UINT16_MAX)
		build_put_index(&b->addresses, text, index);
}

/* ":9100" is at the host's own address. */
static void complete_metrics(struct build *b, struct lab_host *host, const struct doc_node *node)
{
	if (!host->metrics || *host->metrics != ':')
		return;
	if (!host->address)
		reader_error(b->r, doc_get(node, "metrics"),
			"metrics: host '%s' has no address that %s could be at", host->name,
			host->metrics);
	else
		host->metrics =
			arena_printf(&b->lab->arena, strchr(host->address, ':') ? "[%s]%s" : "%s%s",
				host->address, host->metrics);
}

static void add_hosts(struct build *b)
{
	const struct host_decl *decls = b->decl->hosts.items;
	uint32_t n = b->decl->hosts.n;

	if (n > HOSTS_MAX) {
		reader_error(b->r, decls[HOSTS_MAX].entry.key, "a lab may have %d hosts",
			HOSTS_MAX);
		n = HOSTS_MAX;
	}
	b->lab->hosts = reader_alloc(b->r, n * sizeof *b->lab->hosts);
	for (uint32_t i = 0; b->lab->hosts && i < n; i++) {
		struct lab_host *host = &b->lab->hosts[i];

		*host = decls[i].host;
		host->name = decls[i].entry.name;
		host->check = NO_CHECK;
		host->site = decls[i].site ? build_site_ref(b, decls[i].site, "site") : NO_SITE;
		build_put_index(&b->hosts, host->name, b->lab->n_hosts++);
		complete_metrics(b, host, decls[i].entry.node);
		add_address(b, (uint16_t)i, &decls[i].entry);
	}
}

void build_sites(struct build *b)
{
	scoped(map_fini) struct map keys = MAP_EMPTY;

	add_sites(b, &keys);
	add_watchers(b, &keys);
	add_hosts(b);
}

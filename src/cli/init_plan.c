/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the lab to be, answer by answer. */
#include "cli/init.h"

#include "core/lab/address.h"
#include "core/lab/lab.h"
#include "port/keys/keys.h"

#define PEER_PORT 7443

void init_fini(struct init_plan *p)
{
	arena_fini(&p->arena);
}

static enum rc check_name(const char *name, struct err *e)
{
	if (lab_name_is_valid(name) && strlen(name) <= SITE_NAME_MAX)
		return RC_OK;
	return err_set(e, RC_USAGE,
		"'%.64s' can't be a name: a-z, 0-9, '.', '_' and '-' only, a letter or digit "
		"first, %d at most",
		name, SITE_NAME_MAX);
}

/* "dublin" of "dublin=..."; the rest is left behind `*ret_rest`. */
static enum rc take_name(struct init_plan *p, const char *text, const char **ret_name,
	const char **ret_rest, struct err *e)
{
	const char *equals = strchr(text, '=');
	const char *name =
		arena_strndup(&p->arena, text, equals ? (size_t)(equals - text) : strlen(text));

	enum rc rc = check_name(name, e);

	if (rc != RC_OK)
		return rc;
	if (!equals)
		return err_set(e, RC_USAGE, "'%.64s' lacks what it is: NAME=...", text);
	*ret_name = name;
	*ret_rest = equals + 1;
	return RC_OK;
}

/* The next part of "a,b,c"; NULL when there is none. */
static const char *take_part(struct init_plan *p, const char **rest)
{
	const char *part = *rest;
	size_t n = part ? strcspn(part, ",") : 0;

	if (!part)
		return NULL;
	*rest = part[n] ? part + n + 1 : NULL;
	return arena_strndup(&p->arena, part, n);
}

static enum rc take_key(struct init_plan *p, const char *text, const char **ret, struct err *e)
{
	struct public_key key;

	if (text && key_parse(text, &key, e) != RC_OK)
		return err_in(e, RC_USAGE, "key");
	*ret = text ? arena_strdup(&p->arena, text) : NULL;
	return RC_OK;
}

/* A host alone gets the port that everybody uses. */
static enum rc take_address(struct init_plan *p, const char *text, const char **ret, struct err *e)
{
	if (text && address_is_endpoint(text))
		*ret = text;
	else if (text && address_is_host(text) && strchr(text, ':'))
		*ret = arena_printf(&p->arena, "[%s]:%d", text, PEER_PORT);
	else if (text && address_is_host(text))
		*ret = arena_printf(&p->arena, "%s:%d", text, PEER_PORT);
	else
		return err_set(e, RC_USAGE,
			"'%.80s' is no address: a host, and a port unless it is %d",
			text ? text : "", PEER_PORT);
	return RC_OK;
}

static enum rc take_zone(struct init_plan *p, const char *text, const char **ret, struct err *e)
{
	if (!text || !zones_find(p->zones, text))
		return err_set(e, RC_USAGE, "'%.64s' is no time zone; one is called Europe/Dublin",
			text ? text : "");
	*ret = text;
	return RC_OK;
}

static enum rc too_many(const char *rest, struct err *e)
{
	return rest ? err_set(e, RC_USAGE, "'%.64s' is too much", rest) : RC_OK;
}

enum rc init_lab(struct init_plan *p, const char *name, struct err *e)
{
	if (!lab_name_is_valid(name) || strlen(name) > NAME_BYTES_MAX)
		return err_set(e, RC_USAGE,
			"'%.64s' can't name a lab: a-z, 0-9, '.', '_' and '-' only", name);
	p->lab = arena_strdup(&p->arena, name);
	return RC_OK;
}

enum rc init_check_name(struct init_plan *p, const char *name, struct err *e)
{
	for (uint32_t i = 0; i < p->n_sites; i++)
		if (str_eq(p->sites[i].name, name))
			return err_set(e, RC_USAGE, "site '%s' is there already", name);
	return check_name(name, e);
}

enum rc init_check_address(struct init_plan *p, const char *address, struct err *e)
{
	const char *whole;

	return take_address(p, address, &whole, e);
}

enum rc init_check_zone(struct init_plan *p, const char *zone, struct err *e)
{
	const char *found;

	return take_zone(p, zone, &found, e);
}

enum rc init_site(struct init_plan *p, const char *text, struct err *e)
{
	struct init_machine site = { 0 };
	const char *rest;
	enum rc rc;

	if (p->n_sites == SITES_MAX)
		return err_set(e, RC_USAGE, "a lab may have %d sites", SITES_MAX);
	rc = take_name(p, text, &site.name, &rest, e);
	if (rc == RC_OK)
		rc = init_check_name(p, site.name, e);
	if (rc == RC_OK)
		rc = take_address(p, take_part(p, &rest), &site.address, e);
	if (rc == RC_OK)
		rc = take_zone(p, take_part(p, &rest), &site.zone, e);
	if (rc == RC_OK)
		rc = take_key(p, take_part(p, &rest), &site.key, e);
	if (rc == RC_OK)
		rc = too_many(rest, e);
	if (rc == RC_OK)
		p->sites[p->n_sites++] = site;
	return rc;
}

static enum rc take_url(const char *text, bool (*accepts)(const char *), const char **ret,
	struct err *e)
{
	if (text && address_has_login(text))
		return err_set(e, RC_USAGE, "a URL with a password in it can't be used");
	if (!text || !accepts(text))
		return err_set(e, RC_USAGE, "'%.80s' is no URL that can be used: https://HOST%s",
			text ? text : "", accepts == address_is_base_url ? "" : "[/PATH]");
	*ret = text;
	return RC_OK;
}

enum rc init_watcher(struct init_plan *p, const char *text, struct err *e)
{
	struct init_machine watcher = { 0 };
	const char *rest;
	enum rc rc = take_name(p, text, &watcher.name, &rest, e);

	for (uint32_t i = 0; rc == RC_OK && i < p->n_sites; i++)
		if (str_eq(p->sites[i].name, watcher.name))
			return err_set(e, RC_USAGE, "'%s' is a site already", watcher.name);
	if (rc == RC_OK)
		rc = take_url(take_part(p, &rest), address_is_base_url, &watcher.address, e);
	if (rc == RC_OK)
		rc = take_key(p, take_part(p, &rest), &watcher.key, e);
	if (rc == RC_OK)
		rc = too_many(rest, e);
	if (rc == RC_OK)
		p->watcher = watcher;
	return rc;
}

enum rc init_probe(struct init_plan *p, const char *text, struct err *e)
{
	const char *name, *rest, *url;
	enum rc rc = take_name(p, text, &name, &rest, e);

	if (rc == RC_OK)
		rc = take_url(arena_strdup(&p->arena, rest), address_is_url, &url, e);
	if (rc != RC_OK)
		return rc;
	p->probe = name;
	p->probe_url = url;
	return RC_OK;
}

enum rc init_discord(struct init_plan *p, const char *text, struct err *e)
{
	static const struct {
		const char *prefix;
		enum secret_kind kind;
	} kinds[] = {
		{ "credential:", SECRET_CREDENTIAL },
		{ "file:", SECRET_FILE },
		{ "env:", SECRET_ENV },
	};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		const char *name = text + strlen(kinds[i].prefix);

		if (!str_starts(text, kinds[i].prefix) || !*name)
			continue;
		p->discord = (struct secret){ kinds[i].kind, arena_strdup(&p->arena, name), NULL };
		return RC_OK;
	}
	/* What was typed may be the webhook itself: it isn't repeated. */
	if (strstr(text, "://"))
		return err_set(e, RC_USAGE,
			"the URL itself must not stand in lab.yaml: keep it in a file and "
			"say file:PATH, or credential:discord-webhook, which the systemd units "
			"load from /etc/diarchy/discord-webhook");
	return err_set(e, RC_USAGE,
		"expected where the webhook's URL is kept: credential:NAME, file:PATH or env:NAME");
}

static enum rc find_key(struct init_plan *p, struct init_machine *m, const char *folder,
	struct err *e)
{
	const char *path = arena_printf(&p->arena, "%s%s.key", folder, m->name);
	scoped(keys_wipe) struct private_key private = { 0 };
	char text[KEY_TEXT_MAX];
	struct public_key key;
	enum rc rc = keys_read(path, &private, e);

	if (rc == RC_OK) {
		key = key_public(&private);
	} else if (rc == RC_NOT_FOUND) {
		rc = keys_generate(path, &key, e);
		m->is_new_key = true;
	}
	if (rc != RC_OK)
		return rc;
	m->key = arena_strdup(&p->arena, key_text(&key, text));
	m->key_file = path;
	return RC_OK;
}

enum rc init_keys(struct init_plan *p, const char *folder, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < p->n_sites; i++)
		if (!p->sites[i].key)
			rc = find_key(p, &p->sites[i], folder, e);
	if (rc == RC_OK && p->watcher.name && !p->watcher.key)
		rc = find_key(p, &p->watcher, folder, e);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file, with a word on each thing for whoever reads it first.  Comments begin with "# "; what
 * is suggested begins with "#" alone, so that taking that away makes it work.
 */
#include "cli/init.h"

#include "base/json.h"
#include "base/mem.h"

/* JSON's quotes are YAML's. */
static void quoted(struct str *out, const char *text)
{
	struct json_out w;

	json_begin(&w, out);
	json_text(&w, NULL, text);
}

static void member(struct str *out, const char *key, const char *value)
{
	str_addf(out, "    %s: ", key);
	quoted(out, value);
	str_addc(out, '\n');
}

static void render_sites(const struct init_plan *p, struct str *out)
{
	str_add(out, "# The datacenters, all equal; each runs `diarchy serve`. `address` is where "
		     "the others\n"
		     "# reach it, `key` the public half of its key; the private half never leaves "
		     "the site.\n"
		     "sites:\n");
	for (uint32_t i = 0; i < p->n_sites; i++) {
		str_addf(out, "  %s:\n", p->sites[i].name);
		member(out, "address", p->sites[i].address);
		member(out, "key", p->sites[i].key);
		str_addf(out, "    timezone: %s\n", p->sites[i].zone);
	}
}

static void render_watcher(const struct init_plan *p, struct str *out)
{
	str_add(out, "\n# Outside all sites, on any cheap host, running `diarchy watch`: says so "
		     "when a site\n"
		     "# falls silent and nobody else has told.\n");
	if (!p->watcher.name) {
		str_add(out,
			"#watchers:\n"
			"#  webhost: {url: \"https://watch.example.net\", key: \"ed25519:...\"}\n");
		return;
	}
	str_addf(out, "watchers:\n  %s:\n", p->watcher.name);
	member(out, "url", p->watcher.address);
	member(out, "key", p->watcher.key);
}

static void render_notify(const struct init_plan *p, struct str *out)
{
	static const char *const kinds[] = {
		[SECRET_NONE] = "credential",
		[SECRET_FILE] = "file",
		[SECRET_ENV] = "env",
		[SECRET_CREDENTIAL] = "credential",
	};
	bool is_there = p->discord.kind != SECRET_NONE;

	str_add(out, "\n# Who is told. A secret never stands here: write {credential: NAME}, "
		     "{file: PATH} or\n"
		     "# {env: NAME} where it is kept.\n");
	str_addf(out,
		is_there ? "notify:\n  discord: {webhook: {%s: "
			 : "#notify:\n#  discord: {webhook: {%s: ",
		kinds[p->discord.kind]);
	quoted(out, is_there ? p->discord.name : "discord-webhook");
	str_addf(out, "}}\n%squiet: \"22:00-07:00\"    # only what is critical is told then\n",
		is_there ? "  #" : "#  ");
}

/* "[dublin, mumbai]" */
static void site_list(const struct init_plan *p, struct str *out)
{
	for (uint32_t i = 0; i < p->n_sites; i++)
		str_addf(out, "%s%s", i ? ", " : "[", p->sites[i].name);
	str_addc(out, ']');
}

static void render_probes(const struct init_plan *p, struct str *out)
{
	static const struct {
		const char *name, *what;
	} suggestions[] = {
		{ "router", "every: 5s, icmp: 10.1.0.1" },
		{ "cert", "every: 1h, tls: \"git.example.net:443\"" },
		{ "dns", "dns: {server: 10.1.0.53, name: nas.lan, answers: [10.1.0.10]}" },
	};
	const char *first = p->sites[0].name;

	str_add(out,
		"\n# Machines. One with an address is pinged, and explains what runs on it.\n");
	str_addf(out, "#hosts:\n#  nas: {site: %s, address: 10.1.0.10}\n", first);
	str_add(out, "\n# What is asked again and again whether it is well: http, tcp, tls, dns, "
		     "icmp, or a\n"
		     "# module of blackbox_exporter. `from` are the sites that look.\n");
	str_add(out, p->probe ? "probes:\n" : "#probes:\n");
	if (p->probe) {
		str_addf(out, "  %s:\n    home: %s\n    from: ", p->probe, first);
		site_list(p, out);
		str_add(out, "\n    every: 15s\n");
		member(out, "http", p->probe_url);
	}
	for (size_t i = 0; i < COUNT(suggestions); i++) {
		str_add(out, p->probe ? "  #" : "#  ");
		str_addf(out, "%s: {home: %s, %s}\n", suggestions[i].name, first,
			suggestions[i].what);
	}
}

static void render_heartbeats(const struct init_plan *p, struct str *out)
{
	str_addf(out,
		"\n# Jobs that report when they are done: curl -fsS "
		"http://SITE:7080/heartbeat/NAME\n"
		"#heartbeats:\n"
		"#  backup: {home: %s, every: 24h, grace: 1h}\n",
		p->sites[0].name);
}

void init_render(const struct init_plan *p, struct str *out)
{
	str_addf(out,
		"# The lab. All sites and watchers read this file; `diarchy check` says what is "
		"wrong\n"
		"# with it, `diarchy reference` prints every key that there is.\n"
		"lab: %s\n\n",
		p->lab ? p->lab : "home");
	render_sites(p, out);
	render_watcher(p, out);
	render_notify(p, out);
	render_probes(p, out);
	render_heartbeats(p, out);
}

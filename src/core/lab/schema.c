/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key of lab.yaml, in the order of the reference page.  What a row says of a key is all that
 * the program knows of it: the reader, the JSON Schema and the reference page follow.
 */
#include "core/lab/schema.h"

#include "core/lab/reader.h"
#include "core/lab/rows.h"
#include "core/lab/types.h"

/* They are in names of checks, which have NAME_BYTES_MAX. */
#define WATCHER_NAME_MAX (NAME_BYTES_MAX - 8) /* "watcher:NAME" */
#define HOST_NAME_MAX    (NAME_BYTES_MAX - 5) /* "host:NAME" */

static const struct key login_keys[] = {
	{ "password", &secret_type, AT(lab_login, password_hash), OPTIONAL,
		"the hash of the password, as `diarchy login-hash` prints it" },
	{ "token", &secret_type, AT(lab_login, token), OPTIONAL,
		"a bearer token for scripts and the CLI on other machines" },
	{ 0 },
};
static const struct shape login_shape = {
	.name = "login",
	.what = "Who may use the pages and the API. Without it a site listens on loopback only.",
	.size_bytes = sizeof(struct lab_login),
	.keys = login_keys,
};
EMBEDDED(login_type, login_shape, "a mapping with password, token or both");

static const struct key site_tls_keys[] = {
	{ "cert", &path_type, AT(lab_site, cert_file), REQUIRED,
		"the certificate and its chain, PEM" },
	{ "key", &path_type, AT(lab_site, key_file), REQUIRED, "the private key, PEM" },
	{ 0 },
};
static const struct shape site_tls_shape = {
	.name = "site-tls",
	.what = "A site's certificate for its pages and its API.",
	.size_bytes = sizeof(struct lab_site),
	.keys = site_tls_keys,
};
EMBEDDED(site_tls_type, site_tls_shape, "a mapping with cert and key");

static const struct key site_keys[] = {
	{ "address", &endpoint_type, AT(site_decl, site.address), REQUIRED,
		"where the other sites reach it: host and port of the peer link" },
	{ "listen", &endpoint_type, AT(site_decl, site.listen), COMPUTED("its `address`"),
		"where it listens for them, when that is another place: behind a port forward" },
	{ "key", &key_type, AT(site_decl, site.key), REQUIRED,
		"its public key, as `diarchy keygen` prints it; peers accept no other" },
	{ "timezone", &zone_type, AT(site_decl, site.zone), REQUIRED,
		"in which its schedules are meant and its times are told" },
	{ "http", &endpoint_type, AT(site_decl, site.http), DEFAULT("127.0.0.1:7080"),
		"where it serves the pages and the API; anything but loopback wants a `login`" },
	{ "url", &base_url_type, AT(site_decl, site.url), OPTIONAL,
		"where people open the pages: for links in notifications, and for a proxy that "
		"passes "
		"its own name on" },
	{ "tls", &site_tls_type, AT(site_decl, site), OPTIONAL,
		"its own TLS for pages and API; behind a proxy the proxy's does" },
	{ "uplink", &ref_type, AT(site_decl, uplink), OPTIONAL,
		"the check that stands for its way to the outside: its failure explains the site's "
		"others" },
	{ "login", &login_type, AT(site_decl, site.login), OPTIONAL,
		"who may use the pages and the API" },
	{ 0 },
};
static const struct shape site_shape = {
	.name = "site",
	.what = "One datacenter, which runs one `diarchy serve`. The order of the sites breaks "
		"ties.",
	.size_bytes = sizeof(struct site_decl),
	.keys = site_keys,
};
ENTRIES(sites_type, site_shape, "a mapping of sites by name", SITE_NAME_MAX);

static const struct key watcher_tls_keys[] = {
	{ "cert", &path_type, AT(lab_watcher, cert_file), REQUIRED,
		"its certificate and chain, PEM" },
	{ "key", &path_type, AT(lab_watcher, key_file), REQUIRED, "the private key, PEM" },
	{ 0 },
};
static const struct shape watcher_tls_shape = {
	.name = "watcher-tls",
	.what = "TLS of the watcher's own. Without it, it speaks plain HTTP behind the host's TLS; "
		"what it says is signed either way.",
	.size_bytes = sizeof(struct lab_watcher),
	.keys = watcher_tls_keys,
};
EMBEDDED(watcher_tls_type, watcher_tls_shape, "a mapping with cert and key");

static const struct key watcher_keys[] = {
	{ "url", &base_url_type, AT(watcher_decl, watcher.url), REQUIRED,
		"where the sites reach it" },
	{ "key", &key_type, AT(watcher_decl, watcher.key), REQUIRED,
		"its public key, as `diarchy keygen` prints it" },
	{ "listen", &endpoint_type, AT(watcher_decl, watcher.listen), DEFAULT("127.0.0.1:7090"),
		"where it listens" },
	{ "tls", &watcher_tls_type, AT(watcher_decl, watcher), OPTIONAL, "its own TLS" },
	{ "drill", &cron_text_type, AT(watcher_decl, watcher.drill), DEFAULT("0 6 * * *"),
		"when the whole path from site over watcher to you is proven, in the reader's time "
		"zone" },
	{ 0 },
};
static const struct shape watcher_shape = {
	.name = "watcher",
	.what = "`diarchy watch` on a machine outside all sites: the dead-man's switch.",
	.size_bytes = sizeof(struct watcher_decl),
	.keys = watcher_keys,
};
ENTRIES(watchers_type, watcher_shape, "a mapping of watchers by name", WATCHER_NAME_MAX);

static const struct key discord_keys[] = {
	{ "webhook", &secret_type, AT(lab_channel, url), REQUIRED, "the webhook's URL" },
	{ "mention", &mention_type, AT(lab_channel, mention), OPTIONAL,
		"whom the first message of an incident mentions" },
	{ "least", &severity_type, AT(lab_channel, least), DEFAULT("info"),
		"less severe incidents are not told here" },
	{ 0 },
};
static const struct shape discord_shape = {
	.name = "discord",
	.what = "A channel of Discord, through a webhook. One message an incident, edited as it "
		"changes.",
	.size_bytes = sizeof(struct lab_channel),
	.keys = discord_keys,
};
POINTER(discord_type, discord_shape, "a mapping with webhook");

static const struct key webhook_keys[] = {
	{ "url", &webhook_url_type, 0, REQUIRED,
		"gets a POST with the incident as JSON ([api.md](api.md))" },
	{ "least", &severity_type, AT(lab_channel, least), DEFAULT("info"),
		"less severe incidents are not told here" },
	{ 0 },
};
static const struct shape webhook_shape = {
	.name = "webhook",
	.what = "A program of yours that is told of incidents.",
	.size_bytes = sizeof(struct lab_channel),
	.keys = webhook_keys,
	.brief = "url",
};
POINTER(webhook_type, webhook_shape, "a mapping with url");

static const struct key smtp_keys[] = {
	{ "server", &endpoint_type, AT(lab_channel, server), REQUIRED,
		"host and port of the mail server" },
	{ "from", &text_type, AT(lab_channel, from), REQUIRED, "the sender's address" },
	{ "to", &text_type, AT(lab_channel, to), REQUIRED, "the receiver's address" },
	{ "user", &text_type, AT(lab_channel, user), OPTIONAL, "to log in as" },
	{ "password", &secret_type, AT(lab_channel, password), OPTIONAL, "to log in with" },
	{ "starttls", &flag_type, AT(lab_channel, use_starttls), DEFAULT("true"),
		"require TLS; off only for a server on this machine" },
	{ "least", &severity_type, AT(lab_channel, least), DEFAULT("info"),
		"less severe incidents are not told here" },
	{ 0 },
};
static const struct shape smtp_shape = {
	.name = "smtp",
	.what = "Mail.",
	.size_bytes = sizeof(struct lab_channel),
	.keys = smtp_keys,
};
POINTER(smtp_type, smtp_shape, "a mapping with server, from and to");

static const struct key channel_keys[] = {
	{ "discord", &discord_type, AT(channel_decl, discord), OPTIONAL, "a Discord channel" },
	{ "webhook", &webhook_type, AT(channel_decl, webhook), OPTIONAL, "a program" },
	{ "smtp", &smtp_type, AT(channel_decl, smtp), OPTIONAL, "mail" },
	{ 0 },
};
static const char *const channel_kinds[] = { "discord", "webhook", "smtp", NULL };
static const struct shape channel_shape = {
	.name = "channel",
	.what = "One more channel, under a name of its own.",
	.size_bytes = sizeof(struct channel_decl),
	.keys = channel_keys,
	.one_of = channel_kinds,
};
ENTRIES(channels_type, channel_shape, "a mapping of channels by name", 0);

static const struct key quiet_keys[] = {
	{ "hours", &hours_type, AT(quiet_decl, hours), REQUIRED,
		"when nothing is told, such as \"19:00-21:00\"; may pass midnight; what opened "
		"meanwhile and is still open is told at the end" },
	{ "unless", &severity_type, AT(quiet_decl, unless), DEFAULT("critical"),
		"what is at least this severe is told all the same" },
	{ 0 },
};
static const struct shape quiet_shape = {
	.name = "quiet",
	.what = "Hours of the day, in the reader's time zone, in which only what matters is told.",
	.size_bytes = sizeof(struct quiet_decl),
	.keys = quiet_keys,
	.brief = "hours",
};
POINTER(quiet_type, quiet_shape, "a mapping with hours");

static const struct key notify_keys[] = {
	{ "discord", &discord_type, AT(notify_decl, discord), OPTIONAL,
		"the channel called `discord`" },
	{ "webhook", &webhook_type, AT(notify_decl, webhook), OPTIONAL,
		"the channel called `webhook`" },
	{ "smtp", &smtp_type, AT(notify_decl, smtp), OPTIONAL, "the channel called `smtp`" },
	{ "channels", &channels_type, AT(notify_decl, channels), OPTIONAL,
		"more channels, by name" },
	{ "timezone", &zone_type, AT(notify_decl, zone), COMPUTED("the first site's"),
		"the reader's: of the times in messages, of quiet hours and drills" },
	{ "quiet", &quiet_type, AT(notify_decl, quiet), OPTIONAL, "quiet hours" },
	{ "alertmanager", &file_type, AT(notify_decl, alertmanager), OPTIONAL,
		"an alertmanager.yml, taken as it is: who is told of which alert, in which groups, "
		"and "
		"what keeps one from being told" },
	{ 0 },
};
static const struct shape notify_shape = {
	.name = "notify",
	.what = "Who is told of incidents, and when not.",
	.size_bytes = sizeof(struct notify_decl),
	.keys = notify_keys,
};
POINTER(notify_type, notify_shape, "a mapping of channels");

static const struct key host_keys[] = {
	{ "site", &ref_type, AT(host_decl, site), REQUIRED, "where it stands" },
	{ "address", &host_type, AT(host_decl, host.address), OPTIONAL,
		"its address or name: it is pinged there as `host:NAME`, unless a probe is called "
		"like the host; probes of this address are explained by the host" },
	{ "ssh", &text_type, AT(host_decl, host.ssh), OPTIONAL,
		"how to log in there; for rollouts" },
	{ "flake", &text_type, AT(host_decl, host.flake), OPTIONAL,
		"its NixOS configuration; for rollouts" },
	{ "metrics", &exporter_type, AT(host_decl, host.metrics), OPTIONAL,
		"its node_exporter's port, such as \":9100\"; its site scrapes it as job `node`" },
	{ 0 },
};
static const struct shape host_shape = {
	.name = "host",
	.what = "A machine or VM at a site.",
	.size_bytes = sizeof(struct host_decl),
	.keys = host_keys,
};
ENTRIES(hosts_type, host_shape, "a mapping of hosts by name", HOST_NAME_MAX);

static const struct key tls_keys[] = {
	{ "expires_after", &duration_type, AT(tls_spec, expires_after_ms), OPTIONAL,
		"fail when a certificate of the chain ends sooner than this, such as 14d" },
	{ "ca", &path_type, AT(tls_spec, ca_file), COMPUTED("the system's"), "whom to trust, PEM" },
	{ "cert", &path_type, AT(tls_spec, cert_file), OPTIONAL, "our certificate, PEM" },
	{ "key", &path_type, AT(tls_spec, key_file), OPTIONAL, "our private key, PEM" },
	{ "server_name", &text_type, AT(tls_spec, server_name), COMPUTED("the address's host"),
		"the name asked for and expected in the certificate" },
	{ "insecure", &flag_type, AT(tls_spec, is_insecure), DEFAULT("false"),
		"don't verify the certificate's chain and name" },
	{ 0 },
};
static const struct shape tls_options_shape = {
	.name = "tls-options",
	.what = "How TLS is spoken and what is expected of it.",
	.size_bytes = sizeof(struct tls_spec),
	.keys = tls_keys,
};
EMBEDDED(tls_options_type, tls_options_shape, "a mapping of TLS options");

static const struct key http_keys[] = {
	{ "url", &url_type, AT(http_spec, url), REQUIRED, "what is asked for" },
	{ "method", &method_type, AT(http_spec, method), DEFAULT("GET"), "how" },
	{ "headers", &pairs_type, AT_PAIRS(http_spec, header_names, n_headers), OPTIONAL,
		"headers of the request" },
	{ "data", &text_type, AT(http_spec, body), OPTIONAL, "body of the request" },
	{ "status", &status_type, AT_LIST(http_spec, status, n_status), COMPUTED("2xx"),
		"accepted: `200`, `2xx`, `200-204`, or a list of such" },
	{ "body", &patterns_type, AT(http_spec, body_matches), OPTIONAL,
		"what the answer's body must match, each" },
	{ "body_not", &patterns_type, AT(http_spec, body_matches_not), OPTIONAL,
		"what the answer's body must not match, none" },
	{ "response_headers", &header_rules_type, AT(http_spec, header_matches), OPTIONAL,
		"headers that the answer must have, and match" },
	{ "response_headers_not", &absent_header_rules_type, AT(http_spec, header_matches_not),
		OPTIONAL, "headers that must not match, if they are there" },
	{ "versions", &http_versions_type, AT_LIST(http_spec, versions, n_versions),
		COMPUTED("any"), "accepted versions of HTTP" },
	{ "redirects", &flag_type, AT(http_spec, follow_redirects), DEFAULT("true"),
		"follow redirects, ten at most" },
	{ "http2", &flag_type, AT(http_spec, enable_http2), DEFAULT("true"), "offer HTTP/2" },
	{ "require_tls", &flag_type, AT(http_spec, fail_if_not_tls), DEFAULT("false"),
		"fail if the last answer came without TLS" },
	{ "compression", &compression_type, AT(http_spec, compression), OPTIONAL,
		"the encoding asked for and decoded" },
	{ "body_limit", &size_type, AT(http_spec, body_size_limit_bytes), COMPUTED("1MB"),
		"how much of the answer's body is read" },
	{ "user", &text_type, AT(http_spec, user), OPTIONAL, "of basic authentication" },
	{ "password", &secret_type, AT(http_spec, password), OPTIONAL, "of basic authentication" },
	{ "bearer", &secret_type, AT(http_spec, bearer), OPTIONAL,
		"a token for `Authorization: Bearer`" },
	{ "proxy", &url_type, AT(http_spec, proxy_url), OPTIONAL, "ask through this HTTP proxy" },
	{ "tls", &tls_options_type, AT(http_spec, tls), OPTIONAL, "TLS of an https URL" },
	{ 0 },
};
static const struct shape http_shape = {
	.name = "http",
	.what = "Ask a web server. A text alone is the URL.",
	.size_bytes = sizeof(struct http_spec),
	.keys = http_keys,
	.brief = "url",
};
POINTER(http_type, http_shape, "a URL or a mapping with url");

static const struct key step_keys[] = {
	{ "expect", &expect_type, 0, OPTIONAL, "first, a line must come that matches this" },
	{ "send", &text_type, AT(dialogue_step, send), OPTIONAL,
		"then this line is sent, its end added; `${1}` is what the group of `expect` "
		"matched" },
	{ "starttls", &flag_type, AT(dialogue_step, start_tls), DEFAULT("false"),
		"then TLS begins" },
	{ 0 },
};
static const struct shape step_shape = {
	.name = "step",
	.what = "One turn of a conversation, as in blackbox_exporter's `query_response`.",
	.size_bytes = sizeof(struct dialogue_step),
	.keys = step_keys,
};
static const struct type steps_type = { "a list of steps", "list", read_shapes,
	.shape = &step_shape, .many = LIST };
static const struct type tls_switch_type = { "true or a mapping of TLS options", "true or mapping",
	read_tls_switch, .shape = &tls_options_shape };

static const struct key tcp_keys[] = {
	{ "address", &endpoint_type, AT(tcp_decl, spec.address), REQUIRED, "what is connected to" },
	{ "send", &text_type, AT(tcp_decl, send), OPTIONAL, "a line to send first, its end added" },
	{ "expect", &expect_type, AT(tcp_decl, expect), OPTIONAL,
		"what a line that comes must match" },
	{ "steps", &steps_type, AT_LIST(tcp_decl, spec.steps, spec.n_steps), OPTIONAL,
		"a longer conversation, in place of `send` and `expect`" },
	{ "starttls", &starttls_type, AT(tcp_decl, starttls), OPTIONAL,
		"begin TLS as this protocol does" },
	{ "tls", &tls_switch_type, AT(tcp_decl, spec), OPTIONAL,
		"speak TLS from the start, `true` or with options; with `starttls`, its options" },
	{ 0 },
};
static const struct shape tcp_shape = {
	.name = "tcp",
	.what = "Connect, and talk if asked to. A text alone is the address.",
	.size_bytes = sizeof(struct tcp_decl),
	.keys = tcp_keys,
	.brief = "address",
};
POINTER(tcp_type, tcp_shape, "a host and a port, or a mapping with address");

static const struct key tls_probe_keys[] = {
	{ "address", &endpoint_type, AT(tls_decl, spec.address), REQUIRED, "what is connected to" },
	{ "starttls", &starttls_type, AT(tls_decl, starttls), OPTIONAL,
		"begin TLS as this protocol does" },
	{ "expires_after", &duration_type, AT(tls_decl, spec.tls.expires_after_ms), DEFAULT("7d"),
		"fail when a certificate of the chain ends sooner than this" },
	{ "ca", &path_type, AT(tls_decl, spec.tls.ca_file), COMPUTED("the system's"),
		"whom to trust, PEM" },
	{ "cert", &path_type, AT(tls_decl, spec.tls.cert_file), OPTIONAL, "our certificate, PEM" },
	{ "key", &path_type, AT(tls_decl, spec.tls.key_file), OPTIONAL, "our private key, PEM" },
	{ "server_name", &text_type, AT(tls_decl, spec.tls.server_name),
		COMPUTED("the address's host"),
		"the name asked for and expected in the certificate" },
	{ "insecure", &flag_type, AT(tls_decl, spec.tls.is_insecure), DEFAULT("false"),
		"don't verify the certificate's chain and name; its end still counts" },
	{ 0 },
};
static const struct shape tls_shape = {
	.name = "tls",
	.what = "Shake hands and look at the certificates. A text alone is the address.",
	.size_bytes = sizeof(struct tls_decl),
	.keys = tls_probe_keys,
	.brief = "address",
};
POINTER(tls_type, tls_shape, "a host and a port, or a mapping with address");

static const struct key dns_keys[] = {
	{ "server", &server_type, AT(dns_decl, spec.server), REQUIRED,
		"which server is asked; port 53 unless it says otherwise, 853 over TLS" },
	{ "name", &dns_name_type, AT(dns_decl, spec.name), REQUIRED, "the name that is asked for" },
	{ "type", &dns_type_type, AT(dns_decl, spec.type), DEFAULT("A"), "the type of record" },
	{ "class", &dns_class_type, AT(dns_decl, spec.class), DEFAULT("IN"),
		"the class of record" },
	{ "answers", &texts_type, AT_LIST(dns_decl, spec.answers, spec.n_answers), OPTIONAL,
		"the data of all records of the answer, in any order" },
	{ "rcodes", &rcodes_type, AT_LIST(dns_decl, spec.rcodes, spec.n_rcodes),
		COMPUTED("NOERROR"), "accepted response codes" },
	{ "transport", &dns_transport_type, AT(dns_decl, transport), DEFAULT("udp"),
		"how it is asked" },
	{ "recursion", &inverted_flag_type, AT(dns_decl, spec.no_recursion), DEFAULT("true"),
		"ask the server to find out what it doesn't know" },
	{ "tls", &tls_options_type, AT(dns_decl, spec.tls), OPTIONAL, "TLS of `transport: tls`" },
	{ 0 },
};
static const struct shape dns_shape = {
	.name = "dns",
	.what = "Ask a DNS server.",
	.size_bytes = sizeof(struct dns_decl),
	.keys = dns_keys,
};
POINTER(dns_type, dns_shape, "a mapping with server and name");

static const struct key icmp_keys[] = {
	{ "address", &host_type, AT(icmp_spec, address), REQUIRED, "what is pinged" },
	{ "count", &packets_type, AT(icmp_spec, count), DEFAULT("1"), "how many echoes are sent" },
	{ "loss", &percent_type, AT(icmp_spec, loss_percent_max), DEFAULT("99"),
		"fail when more percent than this are lost; 99: one answer is enough" },
	{ "payload", &payload_type, AT(icmp_spec, payload_bytes), DEFAULT("56"), "bytes in each" },
	{ "ttl", &ttl_type, AT(icmp_spec, ttl), COMPUTED("the system's"), "hops that it may take" },
	{ "dont_fragment", &flag_type, AT(icmp_spec, dont_fragment), DEFAULT("false"),
		"refuse to be fragmented on the way (IPv4)" },
	{ 0 },
};
static const struct shape icmp_shape = {
	.name = "icmp",
	.what = "Ping. A text alone is the address.",
	.size_bytes = sizeof(struct icmp_spec),
	.keys = icmp_keys,
	.brief = "address",
};
POINTER(icmp_type, icmp_shape, "an address or a mapping with address");

/* What every check has. */
#define CHECK_KEYS(decl)                                                                    \
	{ "home", &ref_type, AT(decl, about.home), COMPUTED("the only site"),               \
		"the site that it belongs to, and that speaks of it first" },               \
		{ "host", &ref_type, AT(decl, about.host),                                  \
			COMPUTED("the host with the target's address"),                     \
			"the host that explains it" },                                      \
		{ "needs", &refs_type, AT(decl, about.needs), OPTIONAL,                     \
			"other checks or hosts that explain it when they fail, too" },      \
		{ "severity", &severity_type, AT(decl, about.severity), DEFAULT("warning"), \
			"how much it matters" },                                            \
		{ "description", &text_type, AT(decl, about.description), OPTIONAL,         \
			"what it is, for people; stands in messages" },                     \
	{                                                                                   \
		"runbook", &url_type, AT(decl, about.runbook), OPTIONAL,                    \
			"where it says what to do; stands in messages"                      \
	}

static const struct key probe_keys[] = {
	{ "http", &http_type, AT(probe_decl, http), OPTIONAL, "ask a web server" },
	{ "tcp", &tcp_type, AT(probe_decl, tcp), OPTIONAL, "connect, and talk" },
	{ "tls", &tls_type, AT(probe_decl, tls), OPTIONAL, "look at certificates" },
	{ "dns", &dns_type, AT(probe_decl, dns), OPTIONAL, "ask a DNS server" },
	{ "icmp", &icmp_type, AT(probe_decl, icmp), OPTIONAL, "ping" },
	{ "module", &ref_type, AT(probe_decl, module), OPTIONAL,
		"a module of the files in `modules`, with `target`" },
	{ "target", &target_type, AT(probe_decl, target), OPTIONAL,
		"what the module is pointed at: blackbox_exporter's `target`" },
	{ "from", &refs_type, AT(probe_decl, about.from), COMPUTED("home"),
		"the sites that probe it: its vantages" },
	{ "every", &interval_type, AT(probe_decl, every_ms), DEFAULT("60s"),
		"how often, from each of them" },
	{ "timeout", &timeout_type, AT(probe_decl, timeout_ms),
		COMPUTED("the module's, or half of every, 10s at most"),
		"how long one attempt may take" },
	{ "confirm", &confirm_type, AT(probe_decl, confirm), DEFAULT("2"),
		"failures in a row before it is failing; the second attempt follows within a "
		"second" },
	CHECK_KEYS(probe_decl),
	{ "ip", &family_type, AT(probe_decl, ip), COMPUTED("any, or the module's"),
		"which protocol names are resolved for" },
	{ "source", &ip_type, AT(probe_decl, source_address), OPTIONAL, "our address to ask from" },
	{ 0 },
};
static const char *const probe_kinds[] = { "http", "tcp", "tls", "dns", "icmp", "module", NULL };
static const struct shape probe_shape = {
	.name = "probe",
	.what = "Something that is asked again and again whether it is well.",
	.size_bytes = sizeof(struct probe_decl),
	.keys = probe_keys,
	.one_of = probe_kinds,
};
static const struct type probe_entry_type = { "a mapping", "named", read_entries,
	.shape = &probe_shape, .many = MAP };

static const struct key probes_keys[] = {
	{ "modules", &files_type, AT(probes_decl, modules), OPTIONAL,
		"blackbox_exporter module files, beside lab.yaml, taken as they are" },
	{ 0 },
};
static const struct shape probes_shape = {
	.name = "probes",
	.what = "Probes by name, and the files that their modules come from.",
	.size_bytes = sizeof(struct probes_decl),
	.keys = probes_keys,
	.rest = &probe_entry_type,
	.rest_at = AT(probes_decl, probes),
};
POINTER(probes_type, probes_shape, "a mapping of probes by name");

static const struct key heartbeat_keys[] = {
	{ "every", &interval_type, AT(heartbeat_decl, every_ms), OPTIONAL,
		"the longest time from one report to the next" },
	{ "cron", &cron_type, AT(heartbeat_decl, cron), OPTIONAL, "or when the job runs" },
	{ "timezone", &zone_type, AT(heartbeat_decl, zone), COMPUTED("home's"),
		"in which `cron` is meant" },
	{ "grace", &duration_type, AT(heartbeat_decl, grace_ms),
		COMPUTED("as long as every, 1h at most; 1h with cron"),
		"how late a report may be, its run included" },
	{ "token", &secret_type, AT(heartbeat_decl, token), OPTIONAL,
		"wanted of whoever reports, as bearer or `?token=`" },
	CHECK_KEYS(heartbeat_decl),
	{ 0 },
};
static const char *const heartbeat_schedules[] = { "every", "cron", NULL };
static const struct shape heartbeat_shape = {
	.name = "heartbeat",
	.what = "A job that reports when it has finished: `curl https://SITE/heartbeat/NAME`.",
	.size_bytes = sizeof(struct heartbeat_decl),
	.keys = heartbeat_keys,
	.one_of = heartbeat_schedules,
};
ENTRIES(heartbeats_type, heartbeat_shape, "a mapping of heartbeats by name", 0);

static const struct key window_keys[] = {
	{ "begins", &cron_type, AT(window_decl, begins), REQUIRED,
		"when it begins, as a cron expression" },
	{ "for", &long_duration_type, AT(window_decl, length_ms), REQUIRED, "how long it lasts" },
	{ "matchers", &matchers_type, AT(window_decl, matchers), REQUIRED,
		"what is silent meanwhile, in Alertmanager's syntax over `name`, `kind`, `site`, "
		"`host`, `severity` and `probe`" },
	{ "timezone", &zone_type, AT(window_decl, zone), COMPUTED("the reader's"),
		"in which it is meant" },
	{ "why", &text_type, AT(window_decl, why), OPTIONAL, "said wherever the silence shows" },
	{ 0 },
};
static const struct shape window_shape = {
	.name = "window",
	.what = "A maintenance window: a silence on a schedule.",
	.size_bytes = sizeof(struct window_decl),
	.keys = window_keys,
};
ENTRIES(windows_type, window_shape, "a mapping of maintenance windows by name", 0);

static const struct key copy_keys[] = {
	{ "match", &foreign_list_type, AT(lab_copy, match), REQUIRED,
		"selectors of the series, as in `match[]` of a federation" },
	{ "every", &thinned_type, AT(lab_copy, every_ms), DEFAULT("1m"),
		"how far apart samples of a copy are: of each such time the newest is copied" },
	{ "retention", &retention_type, AT(lab_copy, retention_ms), DEFAULT("90d"),
		"how long they are kept" },
	{ 0 },
};
static const struct shape copy_shape = {
	.name = "copy",
	.what = "The key series of each site, of which the other sites keep a thin copy.",
	.size_bytes = sizeof(struct lab_copy),
	.keys = copy_keys,
};
EMBEDDED(copy_type, copy_shape, "a mapping with match");

static const struct key downsampling_keys[] = {
	{ "offset", &retention_type, AT(lab_downsampling, offset_ms), REQUIRED,
		"how old a sample is at least" },
	{ "interval", &downsampled_type, AT(lab_downsampling, interval_ms), REQUIRED,
		"of each such time are kept the first sample, the last, the least, the greatest, "
		"both "
		"sides of a counter's reset and marks of staleness" },
	{ 0 },
};
static const struct shape downsampling_shape = {
	.name = "downsampling",
	.what = "What is kept of old samples: real ones, so that `rate()`, `increase()`, least and "
		"greatest over whole intervals stay as they were. Blocks are written again when "
		"all of "
		"them is old enough. As VictoriaMetrics' `-downsampling.period=OFFSET:INTERVAL`.",
	.size_bytes = sizeof(struct lab_downsampling),
	.keys = downsampling_keys,
};
static const struct type downsampling_type = { "a list of downsamplings", "list", read_downsampling,
	.shape = &downsampling_shape, .many = LIST };

static const struct key metrics_keys[] = {
	{ "prometheus", &file_type, AT(metrics_decl, prometheus), OPTIONAL,
		"a prometheus.yml, taken as it is; what stands beside it here is added" },
	{ "global", &foreign_mapping_type, AT(metrics_decl, global), OPTIONAL,
		"intervals and limits of all jobs; not with one in `prometheus`" },
	{ "scrape_configs", &foreign_list_type, AT(metrics_decl, scrape_configs), OPTIONAL,
		"what is scraped" },
	{ "rule_files", &foreign_list_type, AT(metrics_decl, rule_files), OPTIONAL,
		"files with recording and alerting rules, beside lab.yaml" },
	{ "remote_write", &foreign_list_type, AT(metrics_decl, remote_write), OPTIONAL,
		"where samples are sent, too" },
	{ "otlp", &foreign_mapping_type, AT(metrics_decl, otlp), OPTIONAL,
		"how OpenTelemetry's names, and the attributes of its resources, are taken" },
	{ "outside", &foreign_mapping_type, AT(metrics_decl, outside), OPTIONAL,
		"a server with Prometheus' API whose samples are asked instead of this site's: "
		"`url`, "
		"`timeout`, `headers`, and what else HTTP takes in a prometheus.yml" },
	{ "copy", &copy_type, AT(metrics_decl, copy), OPTIONAL,
		"key series of which sites keep a copy of each other's, for when one is gone" },
	{ "host", &flag_type, AT(metrics_decl, host), DEFAULT("true"),
		"a site's own machine is scraped as job `node`, without a node_exporter; with "
		"systemd's units, and what smartctl says of its disks, where it is installed" },
	{ "textfile", &path_type, AT(metrics_decl, textfile), OPTIONAL,
		"folder with *.prom files, whose metrics are the machine's too" },
	{ "admin_api", &flag_type, AT(metrics_decl, admin_api), DEFAULT("false"),
		"whether series may be deleted, and snapshots made, through the API" },
	{ "retention", &retention_type, AT(metrics_decl, retention_ms), COMPUTED("15d"),
		"how long samples are kept" },
	{ "retention_size", &size_type, AT(metrics_decl, retention_bytes), COMPUTED("no bound"),
		"how many bytes they may take on the disk" },
	{ "downsampling", &downsampling_type, AT(metrics_decl, downsampling), OPTIONAL,
		"what is kept of old samples, by their age" },
	{ "out_of_order_time_window", &duration_type, AT(metrics_decl, out_of_order_ms),
		COMPUTED("0"), "how late a sample may come" },
	{ "blind_after", &duration_type, AT(metrics_decl, blind_after_ms), DEFAULT("15m"),
		"how long a rule may find no series where it found some before it is told of, as "
		"the alert RuleSeesNothing; 0: it isn't" },
	{ "receive", &receive_type, AT(metrics_decl, receive), COMPUTED("[import]"),
		"what others may send: `import` (texts of stored samples), `remote_write` "
		"(Prometheus, vmagent, ...), `otlp` (OpenTelemetry)" },
	{ "durable_answers", &flag_type, AT(metrics_decl, durable_answers), DEFAULT("true"),
		"who sends is answered when not even a power cut takes it; else some seconds "
		"before" },
	{ 0 },
};
static const struct shape metrics_shape = {
	.name = "metrics",
	.what = "Metrics, in Prometheus' own syntax.",
	.size_bytes = sizeof(struct metrics_decl),
	.keys = metrics_keys,
};
POINTER(metrics_type, metrics_shape, "a mapping");

/* Sections whose part of the program doesn't exist yet are named, so that they are refused as what
 * they are. */
#define LATER(name, what)                                  \
	{                                                  \
		name, &unsupported_type, 0, OPTIONAL, what \
	}

static const struct key lab_keys[] = {
	{ "lab", &label_type, AT(lab_decl, name), REQUIRED, "the lab's name" },
	{ "sites", &sites_type, AT(lab_decl, sites), REQUIRED,
		"the datacenters, each the other's peer" },
	{ "watchers", &watchers_type, AT(lab_decl, watchers), OPTIONAL,
		"who watches the sites from outside" },
	{ "notify", &notify_type, AT(lab_decl, notify), OPTIONAL, "who is told" },
	{ "hosts", &hosts_type, AT(lab_decl, hosts), OPTIONAL, "machines and VMs" },
	{ "probes", &probes_type, AT(lab_decl, probes), OPTIONAL,
		"what is asked whether it is well" },
	{ "heartbeats", &heartbeats_type, AT(lab_decl, heartbeats), OPTIONAL, "jobs that report" },
	{ "maintenance", &windows_type, AT(lab_decl, windows), OPTIONAL,
		"when silence is planned" },
	{ "metrics", &metrics_type, AT(lab_decl, metrics), OPTIONAL,
		"what is scraped, by which rules it is judged, how long it is kept" },
	LATER("pools", "ZFS pools"),
	LATER("datasets", "ZFS datasets: snapshots, replication, verification"),
	LATER("fleet", "NixOS hosts and rollouts"),
	LATER("clusters", "Kubernetes clusters"),
	LATER("serving", "model servers"),
	LATER("runbooks", "steps that are taken on their own"),
	LATER("jarvis", "the assistant's policy"),
	{ 0 },
};
const struct shape lab_shape = {
	.name = "lab.yaml",
	.what = "The file at the root of the lab's repo. All sites and watchers read the same one.",
	.size_bytes = sizeof(struct lab_decl),
	.keys = lab_keys,
};

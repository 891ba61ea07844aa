/* SPDX-License-Identifier: Apache-2.0 */
/* What a lab.yaml means once it is read: defaults, derived checks, needs, probes and modules. */
#include "port/files/lab_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define SITES                                                                       \
	"lab: home\n"                                                               \
	"sites:\n"                                                                  \
	"  dublin: {address: 'dublin.example.net:7443', timezone: Europe/Dublin,\n" \
	"    key: 'ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='%s}\n"      \
	"  mumbai: {address: 'mumbai.example.net:7443', timezone: Asia/Kolkata,\n"  \
	"    key: 'ed25519:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw='%s}\n"
#define WATCHER                                           \
	"watchers:\n"                                     \
	"  webhost: {url: 'https://watch.example.net',\n" \
	"    key: 'ed25519:/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU='}\n"

static struct zones *zones;

static int set_up(void **state)
{
	(void)state;
	zones = zones_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	zones_free(zones);
	return 0;
}

/* lab.yaml and, if it names one, modules.yml. */
static struct lab *read_both(const char *text, const char *modules)
{
	scoped(findings_fini) struct findings findings = { 0 };
	const struct lab_text texts[] = {
		{ "etc/lab.yaml", text, strlen(text) },
		{ "etc/modules.yml", modules, strlen(modules) },
		{ "etc/body.txt", "the body", 8 },
		{ 0 },
	};
	struct lab *lab = NULL;

	if (lab_load_texts(&lab, texts, zones, &findings, NULL) != RC_OK)
		for (uint32_t i = 0; i < findings.n; i++)
			print_error("%s:%u:%u: %s\n", findings.items[i].file,
				findings.items[i].line, findings.items[i].column,
				findings.items[i].text);
	assert_non_null(lab);
	return lab;
}

static struct lab *read_with(const char *dublin, const char *mumbai, const char *rest)
{
	char text[8192];

	assert_true(
		snprintf(text, sizeof text, SITES "%s", dublin, mumbai, rest) < (int)sizeof text);
	return read_both(text, "");
}

static struct lab *read_text(const char *rest)
{
	return read_with("", "", rest);
}

static const struct lab_check *find(const struct lab *lab, const char *name)
{
	uint16_t index = lab_check_index(lab, name);

	if (index == NO_CHECK)
		fail_msg("there is no check called '%s'", name);
	return &lab->checks[index];
}

/* The names of what a check needs, "a b c". */
static void assert_needs(const struct lab *lab, const char *name, const char *expected)
{
	const struct lab_check *check = find(lab, name);
	scoped(str_fini) struct str names = STR_EMPTY;

	for (uint16_t i = 0; i < check->n_needs; i++)
		str_addf(&names, "%s%s", i ? " " : "", lab->checks[check->needs[i]].name);
	assert_string_equal(str_c(&names), expected);
}

static void what_is_not_said_has_the_defaults_of_the_manual(void **state)
{
	scoped(lab_free) struct lab *lab = read_text(
		WATCHER "probes:\n"
			"  router: {home: mumbai, icmp: 10.1.0.1}\n"
			"  quick: {home: mumbai, every: 4s, icmp: 10.1.0.1}\n"
			"  page: {home: dublin, http: 'http://10.1.0.2/'}\n"
			"  names: {home: dublin, dns: {server: 10.1.0.53, name: nas.lan}}\n"
			"  cert: {home: dublin, tls: 'git.example.net:443'}\n");
	const struct lab_check *router = find(lab, "router");
	const struct http_spec *http = &find(lab, "page")->probe->http;
	const struct dns_spec *dns = &find(lab, "names")->probe->dns;

	(void)state;
	assert_int_equal(router->kind, CHECK_PROBE);
	assert_int_equal(router->home, 1);
	assert_int_equal(router->from, 1 << 1);
	assert_int_equal(router->every_ms, MINUTE_MS);
	assert_int_equal(router->confirm, 2);
	assert_int_equal(router->severity, SEVERITY_WARNING);
	assert_int_equal(router->host, NO_HOST);
	assert_string_equal(tz_name(router->zone), "Asia/Kolkata");
	assert_int_equal(router->probe->timeout_ms, 10 * SECOND_MS);
	assert_int_equal(find(lab, "quick")->probe->timeout_ms, 2 * SECOND_MS);
	assert_int_equal(router->probe->icmp.count, 1);
	assert_int_equal(router->probe->icmp.payload_bytes, 56);
	assert_int_equal(router->probe->icmp.loss_percent_max, 99);
	assert_int_equal(router->probe->ip, IP_ANY);
	assert_true(router->probe->ip_fallback);
	assert_string_equal(http->method, "GET");
	assert_true(http->follow_redirects);
	assert_true(http->enable_http2);
	assert_int_equal(http->n_status, 0);
	assert_int_equal(dns->type, 1);
	assert_int_equal(dns->class, 1);
	assert_false(dns->no_recursion);
	assert_int_equal(find(lab, "cert")->probe->tcp.tls.expires_after_ms, 7 * DAY_MS);
	assert_true(find(lab, "cert")->probe->tcp.use_tls);
	assert_string_equal(lab->sites[0].http, "127.0.0.1:7080");
	assert_int_equal(lab->sites[0].uplink, NO_CHECK);
	assert_string_equal(lab->watchers[0].listen, "127.0.0.1:7090");
	assert_string_equal(lab->watchers[0].drill, "0 6 * * *");
	assert_string_equal(tz_name(lab->notify.reader_zone), "Europe/Dublin");
}

static void home_may_be_left_out_where_there_is_one_site(void **state)
{
	static const char text[] =
		"lab: home\n"
		"sites:\n"
		"  dublin: {address: 'dublin.example.net:7443', timezone: Europe/Dublin,\n"
		"    key: 'ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='}\n"
		"probes: {router: {icmp: 10.1.0.1}}\n";
	scoped(lab_free) struct lab *lab = read_both(text, "");

	(void)state;
	assert_int_equal(find(lab, "router")->home, 0);
	assert_int_equal(lab_check_index(lab, "site:dublin"), NO_CHECK); /* nobody could tell */
}

static void heartbeats_know_their_deadlines(void **state)
{
	scoped(lab_free) struct lab *lab = read_text(
		"heartbeats:\n"
		"  daily: {home: dublin, every: 24h}\n"
		"  often: {home: dublin, every: 5m}\n"
		"  nightly: {home: mumbai, cron: '15 2 * * *', token: {env: TOKEN}}\n"
		"  elsewhere: {home: mumbai, cron: '15 2 * * *', timezone: UTC, grace: 10m}\n");

	(void)state;
	assert_int_equal(find(lab, "daily")->kind, CHECK_HEARTBEAT);
	assert_int_equal(find(lab, "daily")->every_ms, DAY_MS);
	assert_int_equal(find(lab, "daily")->grace_ms, HOUR_MS);
	assert_int_equal(find(lab, "daily")->confirm, 1);
	assert_int_equal(find(lab, "often")->grace_ms, 5 * MINUTE_MS);
	assert_int_equal(find(lab, "nightly")->every_ms, 0);
	assert_int_equal(find(lab, "nightly")->grace_ms, HOUR_MS);
	assert_non_null(find(lab, "nightly")->cron);
	assert_string_equal(tz_name(find(lab, "nightly")->zone), "Asia/Kolkata");
	assert_int_equal(find(lab, "nightly")->token.kind, SECRET_ENV);
	assert_string_equal(find(lab, "nightly")->token.name, "TOKEN");
	assert_string_equal(tz_name(find(lab, "elsewhere")->zone), "UTC");
	assert_int_equal(find(lab, "elsewhere")->grace_ms, 10 * MINUTE_MS);
}

static void what_need_not_be_declared_is_derived_in_a_fixed_order(void **state)
{
	static const struct {
		const char *name;
		enum check_kind kind;
		uint8_t home, from;
		enum severity severity;
	} expected[] = {
		{ "page", CHECK_PROBE, 0, 1, SEVERITY_WARNING },
		{ "job", CHECK_HEARTBEAT, 1, 2, SEVERITY_WARNING },
		{ "host:nas", CHECK_PROBE, 1, 2, SEVERITY_CRITICAL },
		{ "site:dublin", CHECK_SITE, 1, 2, SEVERITY_CRITICAL },
		{ "site:mumbai", CHECK_SITE, 0, 1, SEVERITY_CRITICAL },
		{ "link:dublin-mumbai", CHECK_LINK, 0, 3, SEVERITY_CRITICAL },
		{ "watcher:webhost", CHECK_WATCHER, 0, 3, SEVERITY_WARNING },
		{ "drill:webhost", CHECK_DRILL, 0, 3, SEVERITY_WARNING },
		{ "config@dublin", CHECK_SELF, 0, 1, SEVERITY_WARNING },
		{ "disk@dublin", CHECK_SELF, 0, 1, SEVERITY_WARNING },
		{ "clock@dublin", CHECK_SELF, 0, 1, SEVERITY_WARNING },
		{ "notify@dublin", CHECK_SELF, 0, 1, SEVERITY_WARNING },
		{ "journal@dublin", CHECK_SELF, 0, 1, SEVERITY_WARNING },
		{ "outside@dublin", CHECK_SELF, 0, 1, SEVERITY_WARNING },
		{ "config@mumbai", CHECK_SELF, 1, 2, SEVERITY_WARNING },
		{ "disk@mumbai", CHECK_SELF, 1, 2, SEVERITY_WARNING },
		{ "clock@mumbai", CHECK_SELF, 1, 2, SEVERITY_WARNING },
		{ "notify@mumbai", CHECK_SELF, 1, 2, SEVERITY_WARNING },
		{ "journal@mumbai", CHECK_SELF, 1, 2, SEVERITY_WARNING },
		{ "outside@mumbai", CHECK_SELF, 1, 2, SEVERITY_WARNING },
	};
	scoped(lab_free) struct lab *lab =
		read_text(WATCHER "notify: {discord: {webhook: {env: HOOK}}}\n"
				  "hosts:\n"
				  "  nas: {site: mumbai, address: 10.2.0.10}\n"
				  "  nowhere: {site: mumbai}\n"
				  "probes: {page: {home: dublin, http: 'http://x.example'}}\n"
				  "heartbeats: {job: {home: mumbai, every: 1h}}\n");

	(void)state;
	assert_int_equal(lab->n_checks, COUNT(expected));
	assert_int_equal(lab->n_declared, 2);
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(lab->checks[i].name, expected[i].name);
		assert_int_equal(lab->checks[i].kind, expected[i].kind);
		assert_int_equal(lab->checks[i].home, expected[i].home);
		assert_int_equal(lab->checks[i].from, expected[i].from);
		assert_int_equal(lab->checks[i].severity, expected[i].severity);
	}
	assert_string_equal(find(lab, "host:nas")->probe->icmp.address, "10.2.0.10");
	assert_int_equal(find(lab, "site:mumbai")->subject_a, 1);
	assert_int_equal(find(lab, "link:dublin-mumbai")->subject_b, 1);
	assert_int_equal(find(lab, "journal@mumbai")->self, SELF_JOURNAL);
	assert_non_null(find(lab, "drill:webhost")->cron);
	assert_int_equal(lab->hosts[1].check, NO_CHECK);
}

static void without_channels_nobody_checks_them(void **state)
{
	scoped(lab_free) struct lab *lab = read_text("");

	(void)state;
	assert_int_equal(lab_check_index(lab, "notify@dublin"), NO_CHECK);
	assert_int_not_equal(lab_check_index(lab, "disk@dublin"), NO_CHECK);
}

static void a_probe_called_like_a_host_stands_for_it(void **state)
{
	scoped(lab_free) struct lab *lab =
		read_text("hosts: {nas: {site: mumbai, address: 10.2.0.10}}\n"
			  "probes:\n"
			  "  nas: {home: mumbai, tcp: '10.2.0.10:22'}\n"
			  "  page: {home: mumbai, http: 'http://10.2.0.10:8080/'}\n");

	(void)state;
	assert_int_equal(lab_check_index(lab, "host:nas"), NO_CHECK);
	assert_int_equal(lab->hosts[0].check, lab_check_index(lab, "nas"));
	assert_int_equal(find(lab, "nas")->host, 0);
	assert_needs(lab, "nas", "");
	assert_needs(lab, "page", "nas");
}

static void a_targets_address_or_name_finds_its_host(void **state)
{
	scoped(lab_free) struct lab *lab =
		read_text("hosts:\n"
			  "  nas-mumbai: {site: mumbai, address: 10.0.0.10}\n"
			  "  nas-dublin: {site: dublin, address: 10.0.0.10}\n"
			  "  git: {site: dublin, address: Git.Example.net}\n"
			  "  vm: {site: dublin, address: 'fd00::5'}\n"
			  "probes:\n"
			  "  a: {home: dublin, http: 'http://10.0.0.10:8080/'}\n"
			  "  b: {home: mumbai, icmp: 10.0.0.10}\n"
			  "  c: {home: mumbai, tls: 'git.example.net:443'}\n"
			  "  d: {home: dublin, tcp: '[fd00::5]:22'}\n"
			  "  e: {home: dublin, dns: {server: git, name: x}}\n"
			  "  f: {home: dublin, icmp: 10.0.0.10, host: git}\n"
			  "  g: {home: dublin, icmp: 10.0.0.11}\n");

	(void)state;
	assert_int_equal(find(lab, "a")->host, 1);
	assert_int_equal(find(lab, "b")->host, 0);
	assert_int_equal(find(lab, "c")->host, 2);
	assert_int_equal(find(lab, "d")->host, 3);
	assert_int_equal(find(lab, "e")->host, 2);
	assert_int_equal(find(lab, "f")->host, 2);
	assert_int_equal(find(lab, "g")->host, NO_HOST);
}

static void needs_are_declared_then_host_then_uplink(void **state)
{
	scoped(lab_free) struct lab *lab = read_with(", uplink: wan", "",
		"notify: {discord: {webhook: {env: HOOK}}}\n" WATCHER "hosts:\n"
		"  router: {site: dublin, address: 10.1.0.1}\n"
		"  nas: {site: dublin, address: 10.1.0.10}\n"
		"probes:\n"
		"  wan: {home: dublin, from: [dublin, mumbai], host: router, icmp: 192.0.2.1}\n"
		"  photos: {home: dublin, http: 'http://10.1.0.10/', needs: [db, nas]}\n"
		"  db: {home: dublin, tcp: '10.1.0.10:5432'}\n"
		"heartbeats: {job: {home: dublin, every: 1h, needs: photos}}\n");

	(void)state;
	assert_int_equal(lab->sites[0].uplink, lab_check_index(lab, "wan"));
	assert_needs(lab, "photos", "db host:nas wan");
	assert_needs(lab, "job", "photos wan");
	assert_needs(lab, "host:nas", "wan");
	assert_needs(lab, "wan", "host:router"); /* what the uplink needs doesn't need it */
	assert_needs(lab, "host:router", "");
	assert_needs(lab, "site:dublin", ""); /* it explains its uplink: node/ */
	assert_needs(lab, "site:mumbai", "");
	assert_needs(lab, "link:dublin-mumbai", "wan site:dublin site:mumbai");
	assert_needs(lab, "drill:webhost", "watcher:webhost");
	assert_needs(lab, "notify@dublin", "wan");
	assert_needs(lab, "disk@dublin", "");
	assert_needs(lab, "config@dublin", "");
	assert_needs(lab, "config@mumbai", "config@dublin");
}

static void native_probes_become_what_they_say(void **state)
{
	scoped(lab_free) struct lab *lab = read_text(
		"probes:\n"
		"  web:\n"
		"    home: dublin\n"
		"    http: {url: 'https://x.example/', status: [200, 3xx, 404-410], body: [a, b],\n"
		"      body_not: c, headers: {A: 1, B: two}, response_headers: {C: d},\n"
		"      response_headers_not: {E: f}, redirects: no, bearer: {file: "
		"secrets/token},\n"
		"      tls: {ca: /etc/ca.pem, expires_after: 2w}}\n"
		"  mail: {home: dublin, tcp: {address: 'm.example:25', starttls: smtp, expect: "
		"x}}\n"
		"  talk: {home: dublin, ip: v6, tcp: {address: 'm.example:1', send: a, expect: b, "
		"tls: true}}\n"
		"  zone: {home: dublin, dns: {server: 'a.example:53', name: x, type: MX, answers: "
		"[m],\n"
		"    rcodes: NXDOMAIN, transport: tcp, recursion: false}}\n");
	const struct http_spec *http = &find(lab, "web")->probe->http;
	const struct tcp_spec *mail = &find(lab, "mail")->probe->tcp;
	const struct tcp_spec *talk = &find(lab, "talk")->probe->tcp;
	const struct dns_spec *zone = &find(lab, "zone")->probe->dns;

	(void)state;
	assert_int_equal(http->n_status, 3);
	assert_int_equal(http->status[1].low, 300);
	assert_int_equal(http->status[1].high, 399);
	assert_int_equal(http->status[2].high, 410);
	assert_int_equal(http->body_matches.n, 2);
	assert_string_equal(http->body_matches.texts[1], "b");
	assert_int_equal(http->body_matches_not.n, 1);
	assert_int_equal(http->n_headers, 2);
	assert_string_equal(http->header_values[1], "two");
	assert_string_equal(http->header_matches.rules[0].header, "C");
	assert_false(http->header_matches.rules[0].allow_missing);
	assert_true(http->header_matches_not.rules[0].allow_missing);
	assert_false(http->follow_redirects);
	assert_string_equal(http->bearer.name, "etc/secrets/token");
	assert_string_equal(http->tls.ca_file, "/etc/ca.pem");
	assert_int_equal(http->tls.expires_after_ms, 14 * DAY_MS);
	assert_int_equal(mail->n_steps, 4);
	assert_true(mail->steps[2].start_tls);
	assert_string_equal(mail->steps[0].send, "EHLO diarchy\r");
	assert_string_equal(mail->steps[3].expect_text, "x");
	assert_false(mail->use_tls);
	assert_true(talk->use_tls);
	assert_string_equal(talk->steps[0].send, "a");
	assert_string_equal(talk->steps[1].expect_text, "b");
	assert_int_equal(find(lab, "talk")->probe->ip, IP_V6);
	assert_false(find(lab, "talk")->probe->ip_fallback);
	assert_int_equal(zone->type, 15);
	assert_string_equal(zone->answers[0], "m");
	assert_string_equal(zone->rcodes[0], "NXDOMAIN");
	assert_true(zone->use_tcp);
	assert_true(zone->no_recursion);
}

static const char modules[] =
	"modules:\n"
	"  web:\n"
	"    prober: http\n"
	"    timeout: 1.5s\n"
	"    http:\n"
	"      preferred_ip_protocol: ip4\n"
	"      no_follow_redirects: true\n"
	"      valid_status_codes: [401]\n"
	"      fail_if_ssl: true\n"
	"      fail_if_body_matches_regexp: [bad]\n"
	"      fail_if_header_not_matches: [{header: X, regexp: y, allow_missing: true}]\n"
	"      http_headers: {Y: {values: [a, b]}}\n"
	"      basic_auth: {username: u, password: p}\n"
	"      body_file: body.txt\n"
	"      body_size_limit: 2KB\n"
	"      tls_config: {ca_file: ca.pem}\n"
	"  plain: {prober: http}\n"
	"  token: {prober: http, http: {authorization: {type: Token, credentials: t}}}\n"
	"  chat:\n"
	"    prober: tcp\n"
	"    tcp:\n"
	"      query_response: [{send: hello}, {expect: '^+OK', send: '${1}', starttls: true}]\n"
	"  ns: {prober: dns, dns: {query_name: x.example, transport_protocol: tcp}}\n"
	"  ping: {prober: icmp}\n";

static void a_blackbox_module_and_a_target_are_a_probe(void **state)
{
	char text[4096];
	scoped(lab_free) struct lab *lab = NULL;
	const struct probe_spec *web, *chat, *ns, *ping;

	(void)state;
	snprintf(text, sizeof text, SITES "%s", "", "",
		"probes:\n"
		"  modules: modules.yml\n"
		"  web: {home: dublin, module: web, target: x.example}\n"
		"  again: {home: dublin, module: web, target: 'https://y.example', timeout: 3s}\n"
		"  plain: {home: dublin, module: plain, target: x.example, every: 10s}\n"
		"  token: {home: dublin, module: token, target: x.example}\n"
		"  chat: {home: dublin, module: chat, target: 'x.example:1'}\n"
		"  ns: {home: dublin, module: ns, target: 10.1.0.53}\n"
		"  ping: {home: dublin, module: ping, target: 10.1.0.1, ip: v4}\n");
	lab = read_both(text, modules);
	web = find(lab, "web")->probe;
	assert_string_equal(web->http.url, "http://x.example");
	assert_int_equal(web->timeout_ms, 1500);
	assert_int_equal(web->ip, IP_V4);
	assert_true(web->ip_fallback);
	assert_false(web->http.follow_redirects);
	assert_int_equal(web->http.status[0].low, 401);
	assert_true(web->http.fail_if_tls);
	assert_string_equal(web->http.body_matches_not.texts[0], "bad");
	assert_string_equal(web->http.header_matches.rules[0].header, "X");
	assert_true(web->http.header_matches.rules[0].allow_missing);
	assert_string_equal(web->http.header_names[0], "Y");
	assert_string_equal(web->http.header_values[0], "b");
	assert_string_equal(web->http.user, "u");
	assert_int_equal(web->http.password.kind, SECRET_INLINE);
	assert_string_equal(web->http.password.value, "p");
	assert_string_equal(web->http.password.name, "etc/modules.yml:13");
	assert_string_equal(web->http.body, "the body");
	assert_int_equal(web->http.body_size_limit_bytes, 2048);
	assert_string_equal(web->http.tls.ca_file, "etc/ca.pem");
	assert_int_equal(find(lab, "again")->probe->timeout_ms, 3000);
	assert_int_equal(find(lab, "again")->probe->http.n_headers, 1);
	assert_int_equal(find(lab, "plain")->probe->timeout_ms, 5000);
	assert_int_equal(find(lab, "plain")->probe->ip, IP_V6);
	assert_string_equal(find(lab, "token")->probe->http.header_values[0], "Token t");
	chat = find(lab, "chat")->probe;
	assert_int_equal(chat->tcp.n_steps, 2);
	assert_true(chat->tcp.steps[1].start_tls);
	ns = find(lab, "ns")->probe;
	assert_int_equal(ns->dns.type, 255);
	assert_true(ns->dns.use_tcp);
	assert_string_equal(ns->dns.server, "10.1.0.53");
	ping = find(lab, "ping")->probe;
	assert_int_equal(ping->icmp.ttl, 64);
	assert_int_equal(ping->ip, IP_V4);
	assert_false(ping->ip_fallback);
}

static void equal_patterns_are_compiled_once(void **state)
{
	scoped(lab_free) struct lab *lab = read_text(
		"probes:\n"
		"  a: {home: dublin, http: {url: 'http://a.example', body: pong}}\n"
		"  b: {home: dublin, http: {url: 'http://b.example', body: [pong, ping]}}\n");

	(void)state;
	assert_int_equal(lab->n_patterns, 2);
	assert_ptr_equal(find(lab, "a")->probe->http.body_matches.patterns[0],
		find(lab, "b")->probe->http.body_matches.patterns[0]);
}

static void channels_quiet_hours_and_windows_are_taken(void **state)
{
	scoped(lab_free) struct lab *lab = read_text(
		"notify:\n"
		"  discord: {webhook: {credential: hook}, mention: '@here', least: critical}\n"
		"  webhook: 'https://x.example/hook'\n"
		"  channels: {mail: {smtp: {server: 'm.example:25', from: a, to: b}}}\n"
		"  quiet: '22:30-06:15'\n"
		"  timezone: Asia/Kolkata\n"
		"maintenance:\n"
		"  w: {begins: '0 3 * * 0', for: 2h, matchers: '{site=\"dublin\"}'}\n");
	const struct lab_channel *channels = lab->notify.channels;

	(void)state;
	assert_int_equal(lab->notify.n_channels, 3);
	assert_string_equal(channels[0].name, "discord");
	assert_int_equal(channels[0].kind, CHANNEL_DISCORD);
	assert_int_equal(channels[0].url.kind, SECRET_CREDENTIAL);
	assert_string_equal(channels[0].mention, "@here");
	assert_int_equal(channels[0].least, SEVERITY_CRITICAL);
	assert_string_equal(channels[1].url_plain, "https://x.example/hook");
	assert_int_equal(channels[1].url.kind, SECRET_NONE);
	assert_string_equal(channels[2].name, "mail");
	assert_int_equal(channels[2].kind, CHANNEL_SMTP);
	assert_true(channels[2].use_starttls);
	assert_true(lab->notify.has_quiet);
	assert_int_equal(lab->notify.quiet_from_minute, 22 * 60 + 30);
	assert_int_equal(lab->notify.quiet_until_minute, 6 * 60 + 15);
	assert_int_equal(lab->notify.quiet_unless, SEVERITY_CRITICAL);
	assert_int_equal(lab->n_windows, 1);
	assert_string_equal(tz_name(lab->windows[0].zone), "Asia/Kolkata");
	assert_int_equal(lab->windows[0].length_ms, 2 * HOUR_MS);
}

static void the_hash_covers_the_file_and_what_it_names(void **state)
{
	static const char *const other = "modules: {ping: {prober: icmp}, more: {prober: tcp}}\n";
	char text[2048], named[3072];
	scoped(lab_free) struct lab *alone = NULL, *one = NULL, *two = NULL;
	struct sha256 of_text;

	(void)state;
	snprintf(text, sizeof text, SITES, "", "");
	snprintf(named, sizeof named, "%sprobes: {modules: modules.yml}\n", text);
	alone = read_both(text, "");
	one = read_both(named, "modules: {ping: {prober: icmp}}\n");
	two = read_both(named, other);
	of_text = sha256_of(text, strlen(text));
	assert_memory_equal(&alone->hash, &of_text, sizeof of_text);
	assert_memory_not_equal(&one->hash, &two->hash, sizeof of_text);
}

static void the_order_of_the_sites_is_that_of_the_file(void **state)
{
	scoped(lab_free) struct lab *lab = read_text("");

	(void)state;
	assert_int_equal(lab_site_index(lab, "dublin"), 0);
	assert_int_equal(lab_site_index(lab, "mumbai"), 1);
	assert_int_equal(lab_site_index(lab, "pune"), NO_SITE);
	assert_string_equal(lab->name, "home");
	assert_string_equal(lab->file, "etc/lab.yaml");
}

/* ---- files of rules */

#define RULES_LAB   "metrics: {rule_files: ['rules/*.yml', 'rules/a.yml', more.yml]}\n"
#define GROUP(name) "groups: [{name: " name ", rules: [{record: 'a:b', expr: up}]}]\n"

static struct lab *read_rules(const char *b, struct findings *findings)
{
	char text[4096];
	const struct lab_text texts[] = {
		{ "etc/lab.yaml", text,
			(size_t)snprintf(text, sizeof text, SITES RULES_LAB, "", "") },
		{ "etc/rules/a.yml", GROUP("a"), strlen(GROUP("a")) },
		{ "etc/rules/b.yml", b, strlen(b) },
		{ "etc/rules/not/c.yml", "groups: wrong", strlen("groups: wrong") },
		{ "etc/more.yml", GROUP("m"), strlen(GROUP("m")) },
		{ 0 },
	};
	struct lab *lab = NULL;

	(void)!lab_load_texts(&lab, texts, zones, findings, NULL);
	return lab;
}

static void files_of_rules_are_part_of_what_the_lab_is(void **state)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(lab_free) struct lab *one = read_rules(GROUP("b"), &findings);
	scoped(lab_free) struct lab *same = read_rules(GROUP("b"), &findings);
	scoped(lab_free) struct lab *other = read_rules(GROUP("c"), &findings);

	(void)state;
	assert_int_equal(findings.n, 0);
	assert_true(sha256_eq(&one->hash, &same->hash));
	assert_false(sha256_eq(&one->hash, &other->hash));
}

static void a_broken_file_of_rules_refuses_the_lab_and_is_named(void **state)
{
	scoped(findings_fini) struct findings findings = { 0 };

	(void)state;
	assert_null(
		read_rules("groups: [{name: g, rules: [{record: r, expr: 'sum('}]}]\n", &findings));
	assert_int_equal(findings.n_errors, 1);
	assert_string_equal(findings.items[0].file, "etc/rules/b.yml");
	assert_non_null(strstr(findings.items[0].text, "could not parse expression"));
}

static void a_pattern_that_no_file_matches_is_a_doubt_and_a_star_in_a_folder_is_refused(
	void **state)
{
	scoped(findings_fini) struct findings findings = { 0 };
	char text[4096];
	const struct lab_text texts[] = {
		{ "lab.yaml", text,
			(size_t)snprintf(text, sizeof text,
				SITES "metrics: {rule_files: [none.yml, '*/a.yml']}\n", "", "") },
		{ 0 },
	};
	struct lab *lab = NULL;

	(void)state;
	assert_int_equal(lab_load_texts(&lab, texts, zones, &findings, NULL), RC_INPUT);
	assert_int_equal(findings.n, 2);
	assert_true(findings.items[0].is_warning);
	assert_string_equal(findings.items[0].text, "rule_files: no file matches none.yml");
	assert_string_equal(findings.items[1].text,
		"rule_files: invalid rule file path \"*/a.yml\"");
}

/* ---- files of jobs */

#define JOBS_PROMETHEUS \
	"{scrape_config_files: ['jobs/*.yml'], storage: {exemplars: {max_exemplars: 7}}}"

static struct lab *read_job_files(const char *job, struct findings *findings)
{
	char text[4096];
	const struct lab_text texts[] = {
		{ "etc/lab.yaml", text,
			(size_t)snprintf(text, sizeof text,
				SITES "metrics: {prometheus: p/prometheus.yml}\n", "", "") },
		{ "etc/p/prometheus.yml", JOBS_PROMETHEUS, strlen(JOBS_PROMETHEUS) },
		{ "etc/p/jobs/a.yml", "scrape_configs: [{job_name: a}]", 31 },
		{ "etc/p/jobs/b.yml", job, strlen(job) },
		{ 0 },
	};
	struct lab *lab = NULL;

	(void)!lab_load_texts(&lab, texts, zones, findings, NULL);
	return lab;
}

static void files_of_jobs_are_part_of_what_the_lab_is(void **state)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(lab_free) struct lab *one =
		read_job_files("scrape_configs: [{job_name: b}]", &findings);
	scoped(lab_free) struct lab *other =
		read_job_files("scrape_configs: [{job_name: c}]", &findings);

	(void)state;
	assert_int_equal(findings.n, 0);
	assert_false(sha256_eq(&one->hash, &other->hash));
	assert_int_equal(one->metrics.exemplars_max, 7);
}

static void a_broken_file_of_jobs_refuses_the_lab_and_is_named(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "scrape_configs: [{job_name: a}]", "a second job is called 'a'" },
		{ "scrape_configs: [{job_name: b, nonsense: 1}]", "unknown key" },
		{ "global: {scrape_interval: 1s}", "has 'scrape_configs' only, not 'global'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(findings_fini) struct findings findings = { 0 };
		scoped(lab_free) struct lab *lab = read_job_files(cases[i].text, &findings);

		assert_null(lab);
		assert_int_equal(findings.n_errors, 1);
		assert_string_equal(findings.items[0].file, "etc/p/jobs/b.yml");
		assert_non_null(strstr(findings.items[0].text, cases[i].why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_jobs_are_part_of_what_the_lab_is),
		cmocka_unit_test(a_broken_file_of_jobs_refuses_the_lab_and_is_named),
		cmocka_unit_test(what_is_not_said_has_the_defaults_of_the_manual),
		cmocka_unit_test(home_may_be_left_out_where_there_is_one_site),
		cmocka_unit_test(heartbeats_know_their_deadlines),
		cmocka_unit_test(what_need_not_be_declared_is_derived_in_a_fixed_order),
		cmocka_unit_test(without_channels_nobody_checks_them),
		cmocka_unit_test(a_probe_called_like_a_host_stands_for_it),
		cmocka_unit_test(a_targets_address_or_name_finds_its_host),
		cmocka_unit_test(needs_are_declared_then_host_then_uplink),
		cmocka_unit_test(native_probes_become_what_they_say),
		cmocka_unit_test(a_blackbox_module_and_a_target_are_a_probe),
		cmocka_unit_test(equal_patterns_are_compiled_once),
		cmocka_unit_test(channels_quiet_hours_and_windows_are_taken),
		cmocka_unit_test(the_hash_covers_the_file_and_what_it_names),
		cmocka_unit_test(the_order_of_the_sites_is_that_of_the_file),
		cmocka_unit_test(files_of_rules_are_part_of_what_the_lab_is),
		cmocka_unit_test(a_broken_file_of_rules_refuses_the_lab_and_is_named),
		cmocka_unit_test(
			a_pattern_that_no_file_matches_is_a_doubt_and_a_star_in_a_folder_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_fixture.h"

#include "port/files/lab_files.h"
#include "port/password/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY_A         "ed25519:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B         "ed25519:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY_C         "ed25519:AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
#define WALL_START_MS 1763800000000

const char fixture_yaml[] =
	"lab: home\n"
	"sites:\n"
	"  dublin: {address: \"10.1.0.1:7443\", key: \"" KEY_A "\", timezone: Europe/Dublin}\n"
	"  mumbai: {address: \"10.2.0.1:7443\", key: \"" KEY_B "\", timezone: Asia/Kolkata}\n"
	"watchers:\n"
	"  webhost: {url: \"https://watch.example.net\", key: \"" KEY_C "\"}\n"
	"notify:\n"
	"  discord: {webhook: {env: FIXTURE_WEBHOOK}}\n"
	"  smtp: {server: \"mail.lan:25\", from: a@lan, to: b@lan, least: critical}\n"
	"hosts:\n"
	"  nas: {site: dublin, address: 10.1.0.10}\n"
	"  dark: {site: mumbai}\n"
	"probes:\n"
	"  immich: {home: dublin, from: [dublin, mumbai], every: 15s, host: nas,\n"
	"           http: {url: \"http://photos.lan/ping\"}, description: \"the photos\",\n"
	"           runbook: \"https://wiki.lan/immich\"}\n"
	"  dns: {home: dublin, every: 30s, needs: immich, severity: critical,\n"
	"        dns: {server: 10.1.0.53, name: nas.lan}}\n"
	"  imap: {home: mumbai, every: 60s, tcp: \"10.2.0.20:993\"}\n"
	"heartbeats:\n"
	"  export: {home: dublin, every: 24h, grace: 1h}\n"
	"  locked: {home: dublin, every: 24h, grace: 1h, token: {env: FIXTURE_TOKEN}}\n"
	"  nightly: {home: dublin, cron: \"0 3 * * *\", grace: 1h}\n"
	"maintenance:\n"
	"  sunday: {begins: \"0 4 * * 0\", for: 2h, matchers: \"{site=\\\"mumbai\\\"}\", why: "
	"updates}\n";

struct now fixture_now(void *ctx)
{
	static uint64_t start;
	struct fixture *f = ctx;
	int64_t ms;

	if (!start)
		start = uv_hrtime();
	ms = (int64_t)((uv_hrtime() - start) / 1000000) + f->ahead_ms;
	return (struct now){ .mono = { 1000000 + ms }, .wall = { WALL_START_MS + ms } };
}

/* Not random: every draw is another number. */
static void draw(void *ctx, void *bytes, size_t n)
{
	struct fixture *f = ctx;
	unsigned char *at = bytes;

	f->randoms++;
	for (size_t i = 0; i < n; i++)
		at[i] = (unsigned char)(f->randoms * 31 + i);
}

static enum rc secret(void *ctx, const struct secret *which, struct str *ret, struct err *e)
{
	(void)ctx;
	if (!str_eq(which->name, "FIXTURE_TOKEN"))
		return err_set(e, RC_NOT_FOUND, "no such secret");
	str_add(ret, FIXTURE_HEARTBEAT_TOKEN);
	return RC_OK;
}

static struct lab *read_lab(struct fixture *f, const char *yaml)
{
	scoped(findings_fini) struct findings findings = { 0 };
	const struct lab_text texts[] = { { "lab.yaml", yaml, strlen(yaml) }, { 0 } };
	struct lab *lab = NULL;
	struct err e = { 0 };

	if (lab_load_texts(&lab, texts, f->zones, &findings, &e) != RC_OK)
		fail_msg("%s: line %u: %s", e.text, findings.n ? findings.items[0].line : 0,
			findings.n ? findings.items[0].text : "");
	return lab;
}

static void deliver(struct fixture *f, const struct delivery *d)
{
	struct delivery_outcome o = { .number = d->number,
		.message = "4711",
		.answer = { .verdict = PACE_DELIVERED,
			.retry_after_ms = -1,
			.remaining = -1,
			.reset_after_ms = -1 } };

	site_delivered(f->site, fixture_now(f), &o);
}

void fixture_drain(void *ctx)
{
	struct fixture *f = ctx;
	struct site_effect fx;

	while (site_next(f->site, &fx)) {
		if (f->delivers && fx.kind == SITE_DO_DELIVER)
			deliver(f, fx.delivery);
		else if (f->delivers && fx.kind == SITE_DO_TEST)
			site_tested(f->site, fixture_now(f), fx.channel, true);
		else if (f->api && fx.kind == SITE_SAY_CHECK)
			api_changed(f->api, API_CHECK, fx.check, NULL);
		else if (f->api && fx.kind == SITE_SAY_INCIDENT)
			api_changed(f->api, API_INCIDENT, 0, str_c(&fx.text));
		else if (f->api && fx.kind == SITE_SAY_LINK)
			api_changed(f->api, API_LINK, fx.peer, NULL);
		else if (f->api && fx.kind == SITE_SAY_EVENT)
			api_event(f->api, fx.event);
		site_effect_fini(&fx);
	}
}

static void write_probe_metrics(void *ctx, struct str *out)
{
	struct fixture *f = ctx;

	if (f->probe_metrics)
		f->probe_metrics(f, out);
}

static const char page[] = "<!doctype html><title>pages</title>";
static const char script[] = "console.log('plain')";
static const char packed[] = "pretend that this is gzip";
static const struct embedded files[] = {
	{ "index.html", (const unsigned char *)page, sizeof page - 1 },
	{ "app.js", (const unsigned char *)script, sizeof script - 1 },
	{ "app.js.gz", (const unsigned char *)packed, sizeof packed - 1 },
	{ NULL, NULL, 0 },
};

struct api_setup fixture_setup(struct fixture *f)
{
	return (struct api_setup){ .loop = &f->loop,
		.site = f->site,
		.listen = "127.0.0.1:0",
		.files = files,
		.started = fixture_now(f).wall,
		.ctx = f,
		.now = fixture_now,
		.after_input = fixture_drain,
		.random = draw,
		.secret = secret,
		.probe_metrics = write_probe_metrics };
}

void fixture_init_site(struct fixture *f)
{
	struct site_setup setup = { .seed = 1, .version = "test" };
	struct err e = { 0 };

	*f = (struct fixture){ 0 };
	uv_loop_init(&f->loop);
	f->zones = zones_new();
	f->lab = read_lab(f, fixture_yaml);
	f->store = memory_store_new();
	setup.lab = f->lab;
	setup.store = memory_store_port(f->store);
	if (site_open(&f->site, &setup, fixture_now(f), &e) != RC_OK)
		fail_msg("%s", e.text);
	site_tick(f->site, fixture_now(f)); /* it looks at itself */
	fixture_drain(f);
}

static const char *password_hash_of_fixture(void)
{
	static const unsigned char salt[PASSWORD_RANDOM_BYTES] = "salt of fixture";
	static char hash[PASSWORD_HASH_MAX];

	if (!hash[0])
		assert_int_equal(password_hash(FIXTURE_PASSWORD, salt, hash, NULL), RC_OK);
	return hash;
}

void fixture_init(struct fixture *f, enum fixture_login login)
{
	scoped(mem_free) char *listen = NULL;
	struct api_setup setup;
	struct err e = { 0 };

	fixture_init_site(f);
	setup = fixture_setup(f);
	if (login == FIXTURE_LOGIN)
		setup.login = (struct api_login){ password_hash_of_fixture(), FIXTURE_TOKEN };
	listen = must_strdup(setup.listen);
	setup.listen = listen; /* as in a lab that is reloaded: gone after the start */
	if (api_start(&f->api, &setup, &e) != RC_OK)
		fail_msg("%s", e.text);
	memset(listen, 'x', strlen(listen));
}

static void on_stopped(void *ctx)
{
	((struct fixture *)ctx)->is_stopped = true;
}

void fixture_fini(struct fixture *f)
{
	if (f->api)
		api_stop(f->api, on_stopped, f);
	while (f->api && !f->is_stopped)
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	site_free(f->site);
	memory_store_free(f->store);
	lab_free(f->lab);
	zones_free(f->zones);
}

void fixture_reload(struct fixture *f, const char *yaml)
{
	struct lab *old = f->lab;
	struct err e = { 0 };

	f->lab = read_lab(f, yaml);
	if (site_reload(f->site, fixture_now(f), f->lab, NULL, &e) != RC_OK)
		fail_msg("%s", e.text);
	lab_free(old);
	if (api_reloaded(f->api, &(struct api_login){ 0 }, &e) != RC_OK)
		fail_msg("%s", e.text);
	fixture_drain(f);
}

uint16_t fixture_check(const struct fixture *f, const char *name)
{
	uint16_t check = lab_check_index(f->lab, name);

	assert_int_not_equal(check, NO_CHECK);
	return check;
}

void fixture_observe(struct fixture *f, const char *check, const char *reason)
{
	struct observation o = { .is_ok = !reason, .reason = reason, .took_us = 12500 };

	site_probed(f->site, fixture_now(f), fixture_check(f, check), &o);
	fixture_drain(f);
}

void fixture_break(struct fixture *f, const char *check, const char *reason)
{
	for (int i = 0; i < 3; i++) {
		f->ahead_ms += 1500;
		fixture_observe(f, check, reason);
	}
	for (int i = 0; i < 20; i++) {
		f->ahead_ms += 1000;
		site_tick(f->site, fixture_now(f));
		fixture_drain(f);
	}
}

/* ---- requests */

void fixture_ask(struct fixture *f, const char *method, const char *target, const char *headers,
	const char *body, struct pump_answer *ret)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(pump_fini) struct pump p;

	pump_connect(&p, &f->loop, api_address(f->api));
	str_addf(&text, "%s %s HTTP/1.1\r\nConnection: close\r\n%s", method, target, headers);
	if (!strstr(headers, "Host:"))
		str_addf(&text, "Host: %s\r\n", api_address(f->api));
	if (body)
		str_addf(&text, "Content-Length: %zu\r\n", strlen(body));
	str_addf(&text, "\r\n%s", body ? body : "");
	pump_send(&p, str_c(&text));
	pump_answer(&p, ret);
}

void fixture_log_in(struct fixture *f)
{
	scoped(pump_answer_fini) struct pump_answer a;
	scoped(json_decref) json_t *status = NULL;
	char cookie[256];

	fixture_ask(f, "POST", "/login", "", "password=correct+horse", &a);
	assert_int_equal(a.status, 200);
	assert_non_null(pump_header(&a, "Set-Cookie", cookie, sizeof cookie));
	cookie[strcspn(cookie, ";")] = '\0';
	assert_true(str_copy(f->cookie, sizeof f->cookie, cookie));
	status = fixture_get(f, "/api/lab/v1/status");
	assert_true(str_copy(f->csrf, sizeof f->csrf, text_at(status, "session.csrf")));
}

const char *fixture_browser(const struct fixture *f)
{
	static char lines[512];

	lines[0] = '\0';
	if (f->cookie[0])
		snprintf(lines, sizeof lines, "Cookie: %s\r\n", f->cookie);
	snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "X-Diarchy-CSRF: %s\r\n",
		f->csrf[0] ? f->csrf : "none");
	return lines;
}

json_t *fixture_get(struct fixture *f, const char *target)
{
	scoped(pump_answer_fini) struct pump_answer a;
	json_t *root = NULL;
	struct err e = { 0 };

	fixture_ask(f, "GET", target, fixture_browser(f), NULL, &a);
	if (a.status != 200)
		fail_msg("%s: %d %s", target, a.status, str_c(&a.body));
	if (json_read(&root, str_c(&a.body), a.body.len, &e) != RC_OK)
		fail_msg("%s: %s in %s", target, e.text, str_c(&a.body));
	return root;
}

/* ---- JSON */

const json_t *json_at(const json_t *root, const char *path)
{
	char step[64];

	while (root && *path) {
		size_t n = strcspn(path, ".");

		must(n < sizeof step);
		memcpy(step, path, n);
		step[n] = '\0';
		root = json_is_array(root) ? json_array_get(root, strtoul(step, NULL, 10))
					   : json_object_get(root, step);
		path += n + (path[n] == '.');
	}
	return root;
}

const char *text_at(const json_t *root, const char *path)
{
	const json_t *value = json_at(root, path);

	return json_is_string(value) ? json_string_value(value) : "";
}

int64_t number_at(const json_t *root, const char *path)
{
	const json_t *value = json_at(root, path);

	return json_is_number(value) ? (int64_t)json_number_value(value) : -1;
}

const json_t *json_where(const json_t *array, const char *key, const char *value)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);

		if (str_eq(text_at(item, key), value))
			return item;
	}
	return NULL;
}

void fixture_ask_ok(struct fixture *f, const char *method, const char *target, const char *body,
	struct pump_answer *ret)
{
	fixture_ask(f, method, target, fixture_browser(f), body, ret);
	if (ret->status != 200)
		fail_msg("%s %s: %d %s", method, target, ret->status, str_c(&ret->body));
}

void fixture_expect(struct fixture *f, const char *method, const char *target, const char *body,
	int status, const char *code)
{
	scoped(pump_answer_fini) struct pump_answer a;
	scoped(json_decref) json_t *root = NULL;

	fixture_ask(f, method, target, fixture_browser(f), body, &a);
	if (a.status != status)
		fail_msg("%s %s: %d, wanted %d: %s", method, target, a.status, status,
			str_c(&a.body));
	assert_int_equal(json_read(&root, str_c(&a.body), a.body.len, NULL), RC_OK);
	assert_string_equal(text_at(root, "error"), code);
	assert_string_not_equal(text_at(root, "text"), "");
}

void assert_members(const json_t *object, const char *wanted)
{
	scoped(str_fini) struct str names = STR_EMPTY;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value)
		str_addf(&names, "%s%s", names.len ? " " : "", name);
	assert_string_equal(str_c(&names), wanted);
}

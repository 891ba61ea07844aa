/* SPDX-License-Identifier: Apache-2.0 */
#include "port/notify/notify.h"

#include "base/http_written.h"
#include "core/alert/notice.h"
#include "port/yaml/yaml.h"
#include "test/support/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN "s3cret-t0ken"

/* A stand-in for a channel's server: says `answer` to each visitor, and keeps what it heard. */
struct stand_in {
	struct loopback *server;
	const char *answer;
	const char *until; /* the request is over when this was seen */
	char heard[4][8192];
};

static void answer_visitor(struct visitor *v)
{
	struct stand_in *s = v->ctx;

	visitor_read_until(v, s->until);
	memcpy(s->heard[v->number % 4], v->seen, v->n_seen + 1);
	if (s->answer)
		visitor_say(v, s->answer);
	else
		visitor_wait(v);
}

static void start(struct stand_in *s, serve_tcp *serve, const char *until, const char *answer)
{
	*s = (struct stand_in){ .answer = answer, .until = until };
	s->server = loopback_tcp(serve, s);
}

/* The secret's name is its value here. */
static enum rc tell_secret(const struct secret *s, struct str *ret, struct err *e)
{
	if (str_eq(s->name, "missing"))
		return err_set(e, RC_NOT_FOUND, "credential 'missing' isn't there");
	str_add(ret, s->name);
	return RC_OK;
}

struct outcome {
	struct notify *notify;
	struct http_client *client;
	unsigned n;
	enum pace_verdict verdict;
	uint64_t number;
	int64_t retry_after_ms;
	char message[MESSAGE_ID_MAX], reason[REASON_BYTES_MAX];
};

static void close_client(void *ctx)
{
	struct outcome *o = ctx;

	http_client_close(o->client, NULL, NULL);
}

static void on_done(void *ctx, const struct delivery_outcome *d)
{
	struct outcome *o = ctx;

	o->n++;
	o->verdict = d->answer.verdict;
	o->number = d->number;
	o->retry_after_ms = d->answer.retry_after_ms;
	snprintf(o->message, sizeof o->message, "%s", d->message ? d->message : "");
	snprintf(o->reason, sizeof o->reason, "%s", d->reason ? d->reason : "");
	notify_close(o->notify, close_client, o);
}

static struct outcome deliver(const struct lab_channel *channel, const struct delivery *d)
{
	struct outcome o = { 0 };
	uv_loop_t loop;

	assert_int_equal(uv_loop_init(&loop), 0);
	o.client = http_client_new(&loop);
	o.notify = notify_new(&loop, o.client, tell_secret);
	notify_deliver(o.notify, channel, d, on_done, &o);
	assert_int_equal(o.n, 0); /* never before it returns */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(o.n, 1);
	assert_int_equal(o.number, d->number);
	return o;
}

/* The payload is kept until the next call. */
static struct delivery a_delivery(bool is_edit, const char *message, const char *payload)
{
	static char kept[8192];
	struct delivery d = { .number = 42, .is_edit = is_edit, .version = 3, .payload = kept };

	assert_true(str_copy(kept, sizeof kept, payload));
	str_copy(d.incident, sizeof d.incident, "mumbai-1");
	str_copy(d.message, sizeof d.message, message);
	return d;
}

static struct lab_channel discord_at(const struct stand_in *s, const char *query, char url[128])
{
	snprintf(url, 128, "http://127.0.0.1:%u/api/webhooks/1/" TOKEN "%s",
		s->server ? loopback_port(s->server) : loopback_closed_port(), query);
	return (struct lab_channel){ .name = "discord",
		.kind = CHANNEL_DISCORD,
		.url = { SECRET_CREDENTIAL, url } };
}

#define JSON_ANSWER(status, extra, body, length)                          \
	"HTTP/1.1 " status "\r\nContent-Type: application/json\r\n" extra \
	"Content-Length: " length "\r\n\r\n" body

static void a_new_message_is_posted_and_its_id_comes_back(void **state)
{
	struct delivery d = a_delivery(false, "", "{\"content\":\"x\"}");
	struct lab_channel channel;
	struct stand_in s;
	struct outcome o;
	char url[128];

	(void)state;
	start(&s, answer_visitor, "{\"content\":\"x\"}",
		JSON_ANSWER("200 OK", "X-RateLimit-Remaining: 4\r\n", "{\"id\":\"1175\"}", "13"));
	channel = discord_at(&s, "", url);
	o = deliver(&channel, &d);
	loopback_free(s.server);
	assert_int_equal(o.verdict, PACE_DELIVERED);
	assert_string_equal(o.message, "1175");
	assert_string_equal(o.reason, "");
	assert_true(
		str_starts(s.heard[0], "POST /api/webhooks/1/" TOKEN "?wait=true HTTP/1.1\r\n"));
	assert_non_null(strstr(s.heard[0], "Content-Type: application/json\r\n"));
}

static void an_edit_goes_to_the_message_and_keeps_the_thread(void **state)
{
	struct delivery d = a_delivery(true, "1175", "{}");
	struct lab_channel channel;
	struct stand_in s;
	struct outcome o;
	char url[128];

	(void)state;
	start(&s, answer_visitor, "\r\n\r\n{}",
		JSON_ANSWER("200 OK", "", "{\"id\":\"1175\"}", "13"));
	channel = discord_at(&s, "?thread_id=7", url);
	o = deliver(&channel, &d);
	loopback_free(s.server);
	assert_int_equal(o.verdict, PACE_DELIVERED);
	assert_true(str_starts(s.heard[0],
		"PATCH /api/webhooks/1/" TOKEN "/messages/1175?thread_id=7 HTTP/1.1\r\n"));
}

static void discords_answers_mean_what_pace_says(void **state)
{
	static const struct {
		const char *answer;
		bool is_edit;
		enum pace_verdict verdict;
		int64_t retry_after_ms;
		const char *reason;
	} rows[] = {
		{ JSON_ANSWER("429 Too Many Requests",
			  "Retry-After: 2\r\nX-RateLimit-Scope: user\r\n", "{\"retry_after\":1.3}",
			  "19"),
			false, PACE_LATER, 2000, "HTTP 429" },
		{ JSON_ANSWER("404 Not Found", "",
			  "{\"message\":\"Unknown Webhook\",\"code\":10015}", "42"),
			false, PACE_GONE, -1, "HTTP 404: Unknown Webhook (10015)" },
		{ JSON_ANSWER("404 Not Found", "",
			  "{\"message\":\"Unknown Message\",\"code\":10008}", "42"),
			true, PACE_LOST, -1, "HTTP 404: Unknown Message (10008)" },
		{ JSON_ANSWER("400 Bad Request", "",
			  "{\"message\":\"Invalid Form Body\",\"code\":50035}", "44"),
			false, PACE_REJECTED, -1, "HTTP 400: Invalid Form Body (50035)" },
		{ JSON_ANSWER("500 Oops", "",
			  "{\"message\":\"500: Internal Server Error\",\"code\":0}", "49"),
			false, PACE_FAILED, -1, "HTTP 500: Internal Server Error" },
		{ JSON_ANSWER("500 Oops", "", "<h1>", "4"), false, PACE_FAILED, -1, "HTTP 500" },
		{ JSON_ANSWER("302 Found", "Location: http://127.0.0.1:1/\r\n", "", "0"), false,
			PACE_FAILED, -1, "HTTP 302" },
		{ JSON_ANSWER("200 OK", "", "<title>Log in to this network</title>", "37"), false,
			PACE_FAILED, -1, "HTTP 200, but not as Discord answers" },
		{ JSON_ANSWER("200 OK", "", "", "0"), false, PACE_FAILED, -1,
			"HTTP 200, but not as Discord answers" },
		{ JSON_ANSWER("200 OK", "", "[1]", "3"), true, PACE_FAILED, -1,
			"HTTP 200, but not as Discord answers" },
		{ JSON_ANSWER("403 Forbidden", "", "{\"message\":\"\\u001b[2J\",\"code\":1e99}",
			  "35"),
			false, PACE_GONE, -1, "HTTP 403: \033[2J" },
		{ JSON_ANSWER("204 No Content", "", "", "0"), false, PACE_DELIVERED, -1, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct delivery d = a_delivery(rows[i].is_edit, "5", "{}");
		struct lab_channel channel;
		struct stand_in s;
		struct outcome o;
		char url[128];

		start(&s, answer_visitor, "\r\n\r\n{}", rows[i].answer);
		channel = discord_at(&s, "", url);
		o = deliver(&channel, &d);
		loopback_free(s.server);
		assert_int_equal(o.verdict, rows[i].verdict);
		assert_int_equal(o.retry_after_ms, rows[i].retry_after_ms);
		assert_string_equal(o.reason, rows[i].reason);
	}
}

/* A payload is for the address in lab.yaml: not for one that its receiver names, which may be on
 * this very machine. */
static void a_redirect_is_not_followed_wherever_it_leads(void **state)
{
	static const char *const statuses[] = { "301 Moved", "302 Found", "303 See", "307 Again",
		"308 For good" };
	struct stand_in elsewhere;

	(void)state;
	start(&elsewhere, answer_visitor, "\r\n\r\n", JSON_ANSWER("200 OK", "", "{}", "2"));
	for (int i = 0; i < 2 * (int)COUNT(statuses); i++) {
		struct delivery d = a_delivery(false, "", "{\"content\":\"x\"}");
		struct stand_in s;
		struct outcome o;
		char url[128], answer[256];
		struct lab_channel channel;

		snprintf(answer, sizeof answer,
			"HTTP/1.1 %s\r\nLocation: http://127.0.0.1:%u/\r\nContent-Length: "
			"0\r\n\r\n",
			statuses[i / 2], loopback_port(elsewhere.server));
		start(&s, answer_visitor, "{\"content\":\"x\"}", answer);
		channel = discord_at(&s, "", url);
		if (i % 2)
			channel = (struct lab_channel){ .name = "hook",
				.kind = CHANNEL_WEBHOOK,
				.url_plain = url };
		o = deliver(&channel, &d);
		loopback_free(s.server);
		assert_int_equal(o.verdict, PACE_FAILED);
		assert_non_null(strstr(o.reason, "HTTP 30"));
	}
	assert_int_equal(loopback_visits(elsewhere.server), 0);
	loopback_free(elsewhere.server);
}

static void nobody_there_is_a_failure(void **state)
{
	struct delivery d = a_delivery(false, "", "{}");
	struct stand_in nobody = { 0 };
	char url[128];
	struct lab_channel channel = discord_at(&nobody, "", url);
	struct outcome o = deliver(&channel, &d);

	(void)state;
	assert_int_equal(o.verdict, PACE_FAILED);
	assert_non_null(strstr(o.reason, "Connection refused"));
}

static void a_message_id_that_is_none_is_a_lost_message(void **state)
{
	static const char *const ids[] = { "", "1/../../2", "12a", "123456789012345678901" };
	struct stand_in nobody = { 0 };
	char url[128];
	struct lab_channel channel = discord_at(&nobody, "", url);

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		struct delivery d = a_delivery(true, ids[i], "{}");

		assert_int_equal(deliver(&channel, &d).verdict, PACE_LOST);
	}
}

static void a_channel_that_is_not_set_up_is_gone_and_says_why(void **state)
{
	static const struct {
		struct lab_channel channel;
		const char *why;
	} rows[] = {
		{ { .kind = CHANNEL_DISCORD, .url = { SECRET_CREDENTIAL, "missing" } },
			"credential 'missing' isn't there" },
		{ { .kind = CHANNEL_DISCORD, .url = { SECRET_CREDENTIAL, "file:///etc/" TOKEN } },
			"neither https:// nor http://" },
		{ { .kind = CHANNEL_WEBHOOK }, "no address is configured" },
		{ { .kind = CHANNEL_SMTP }, "no server" },
		{ { .kind = CHANNEL_SMTP, .server = "127.0.0.1:25", .from = "nobody" },
			"'nobody' is no mail address" },
		{ { .kind = CHANNEL_SMTP, .server = "127.0.0.1:25", .from = "a@b" },
			"no recipient" },
		{ { .kind = CHANNEL_SMTP,
			  .server = "127.0.0.1:25",
			  .from = "a@b",
			  .to = "c@d,x y@z" },
			"blanks or angles" },
	};
	struct delivery d = a_delivery(false, "", "{}");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct lab_channel channel = rows[i].channel;
		struct outcome o;

		channel.name = "somewhere";
		o = deliver(&channel, &d);
		assert_int_equal(o.verdict, PACE_GONE);
		if (!strstr(o.reason, rows[i].why))
			fail_msg("\"%s\" doesn't say \"%s\"", o.reason, rows[i].why);
		assert_null(strstr(o.reason, TOKEN));
	}
}

/* All that is written to standard error while `d` is delivered. */
static void deliver_quietly(const struct lab_channel *channel, const struct delivery *d,
	struct outcome *ret, char *ret_said, size_t size)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	*ret = deliver(channel, d);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	n = fread(ret_said, 1, size - 1, file);
	ret_said[n] = '\0';
	fclose(file);
}

static void what_is_logged_names_the_channel_and_not_its_address(void **state)
{
	struct delivery d = a_delivery(false, "", "{}");
	struct stand_in nobody = { 0 };
	char url[128], said[4096];
	struct lab_channel channel = discord_at(&nobody, "", url);
	struct outcome o;

	(void)state;
	deliver_quietly(&channel, &d, &o, said, sizeof said);
	assert_non_null(strstr(said, "notify: discord: mumbai-1 version 3: not delivered"));
	assert_null(strstr(said, TOKEN));
	assert_null(strstr(o.reason, TOKEN));
}

static void a_webhook_gets_each_version_with_a_key_against_repeats(void **state)
{
	struct delivery d = a_delivery(true, "mumbai-1", "{\"version\":1}");
	struct lab_channel channel = { .name = "hook", .kind = CHANNEL_WEBHOOK };
	struct stand_in s;
	struct outcome o;
	char url[64];

	(void)state;
	start(&s, answer_visitor, "{\"version\":1}",
		"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	snprintf(url, sizeof url, "http://127.0.0.1:%u/hook", loopback_port(s.server));
	channel.url_plain = url;
	o = deliver(&channel, &d);
	loopback_free(s.server);
	assert_int_equal(o.verdict, PACE_DELIVERED);
	assert_string_equal(o.message, "mumbai-1");
	assert_true(str_starts(s.heard[0], "POST /hook HTTP/1.1\r\n"));
	assert_non_null(strstr(s.heard[0], "Idempotency-Key: mumbai-1-3\r\n"));
}

/* From text to settings, and from their text once more, as it passes to another process. */
static void read_settings(struct http_written *ret, const char *written, const char *folder,
	struct arena *arena)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(doc_fini) struct doc doc = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY;

	str_add(&text, written);
	assert_int_equal(yaml_parse(&doc, "http_config", &text, &findings, NULL), RC_OK);
	assert_int_equal(http_written_read(ret, doc.root, folder, arena, NULL), RC_OK);
}

static void a_webhook_is_asked_as_its_http_config_says(void **state)
{
	static const char settings[] =
		"http_config: {basic_auth: {username: us, password_file: pw}, "
		"http_headers: {X-Lab: {values: [one, 'two: 2']}}}";
	struct delivery d = a_delivery(false, "", "{\"version\":1}");
	char folder[] = "/tmp/diarchy-notify-XXXXXX", url[64], path[64];
	struct http_written first, again;
	struct lab_channel channel = { .name = "hook", .kind = CHANNEL_WEBHOOK, .http = &again };
	scoped(arena_fini) struct arena arena;
	struct stand_in s;
	struct outcome o;
	FILE *file;

	(void)state;
	arena_init(&arena, 65536);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/pw", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("pass\n", file);
	fclose(file);
	chmod(path, 0600);
	strcpy(path + strlen(folder) + 1, "");
	read_settings(&first, settings, path, &arena);
	read_settings(&again, first.text, path, &arena);
	assert_true(http_written_equal(&first, &again));
	start(&s, answer_visitor, "{\"version\":1}",
		"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	snprintf(url, sizeof url, "http://127.0.0.1:%u/hook", loopback_port(s.server));
	channel.url_plain = url;
	o = deliver(&channel, &d);
	loopback_free(s.server);
	strcpy(path + strlen(folder), "/pw");
	unlink(path);
	rmdir(folder);
	assert_int_equal(o.verdict, PACE_DELIVERED);
	assert_true(str_starts(s.heard[0], "POST /hook HTTP/1.1\r\n"));
	assert_non_null(strstr(s.heard[0], "Authorization: Basic dXM6cGFzcw==\r\n"));
	assert_non_null(strstr(s.heard[0], "X-Lab: one\r\nX-Lab: two: 2\r\n"));
	assert_non_null(strstr(s.heard[0], "Content-Type: application/json\r\n"));
	assert_non_null(strstr(s.heard[0], "Idempotency-Key: mumbai-1-3\r\n"));
}

static void send_on(struct visitor *v)
{
	struct stand_in *s = v->ctx;

	visitor_read_until(v, s->until);
	memcpy(s->heard[v->number % 4], v->seen, v->n_seen + 1);
	if (v->number == 0)
		visitor_say(v, s->answer);
	else
		visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static struct outcome deliver_redirected(struct stand_in *s, const char *settings)
{
	struct delivery d = a_delivery(false, "", "{\"version\":1}");
	struct http_written http;
	struct lab_channel channel = { .name = "hook", .kind = CHANNEL_WEBHOOK, .http = &http };
	scoped(arena_fini) struct arena arena;
	struct outcome o;
	char url[64];

	arena_init(&arena, 65536);
	read_settings(&http, settings, "", &arena);
	start(s, send_on, "{\"version\":1}",
		"HTTP/1.1 307 Elsewhere\r\nLocation: /new\r\nContent-Length: 0\r\n"
		"Connection: close\r\n\r\n");
	snprintf(url, sizeof url, "http://127.0.0.1:%u/hook", loopback_port(s->server));
	channel.url_plain = url;
	o = deliver(&channel, &d);
	loopback_free(s->server);
	return o;
}

static void a_webhook_is_followed_where_its_http_config_wants_it(void **state)
{
	struct stand_in s;
	struct outcome o;

	(void)state;
	o = deliver_redirected(&s, "http_config: {bearer_token: b}");
	assert_int_equal(o.verdict, PACE_DELIVERED);
	assert_true(str_starts(s.heard[1], "POST /new HTTP/1.1\r\n"));
	assert_non_null(strstr(s.heard[1], "Authorization: Bearer b\r\n"));
	assert_non_null(strstr(s.heard[1], "{\"version\":1}"));
	o = deliver_redirected(&s, "http_config: {follow_redirects: false}");
	assert_int_not_equal(o.verdict, PACE_DELIVERED);
	assert_string_equal(s.heard[1], "");
	o = deliver_redirected(&s, "http_config: {bearer_token_file: /nowhere}");
	assert_int_equal(o.verdict, PACE_GONE);
	assert_string_equal(s.heard[0], "");
}

/* A stand-in for a mail server: takes one mail a connection, and refuses who is called nobody. */
static void take_mail(struct visitor *v)
{
	struct stand_in *s = v->ctx;

	visitor_say(v, "220 stand-in ready\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "250 stand-in\r\n");
	visitor_read_until(v, "\r\n"); /* MAIL FROM */
	memcpy(s->heard[2], v->seen, v->n_seen + 1);
	visitor_say(v, "250 ok\r\n");
	while (visitor_read_until(v, "\r\n") && str_starts(v->seen, "RCPT TO:")) {
		memcpy(s->heard[3], v->seen, v->n_seen + 1);
		visitor_say(v, strstr(v->seen, "<nobody@") ? "550 no such user\r\n" : "250 ok\r\n");
	}
	if (!str_starts(v->seen, "DATA"))
		return; /* nobody was left to get it */
	visitor_say(v, "354 go on\r\n");
	visitor_read_until(v, "\r\n.\r\n");
	memcpy(s->heard[v->number % 2], v->seen, v->n_seen + 1);
	visitor_say(v, "250 queued\r\n");
	visitor_read_until(v, "QUIT");
	visitor_say(v, "221 bye\r\n");
}

static struct lab_channel mail_at(const struct stand_in *s, const char *to, char server[64])
{
	snprintf(server, 64, "127.0.0.1:%u", loopback_port(s->server));
	return (struct lab_channel){ .name = "mail",
		.kind = CHANNEL_SMTP,
		.server = server,
		.from = "Diarchy <lab@example.net>",
		.to = to };
}

/* The value of a header of the mail, in a buffer that the next call uses again. */
static const char *header_of(const char *mail, const char *name)
{
	static char value[256];
	char wanted[64];
	const char *at;

	snprintf(wanted, sizeof wanted, "\n%s: ", name);
	at = strstr(mail, wanted);
	if (!at)
		return "";
	at += strlen(wanted);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

static void mails_of_one_incident_are_one_thread(void **state)
{
	scoped(incident_free) struct incident *in = incident_new();
	struct notice_context c = { .lab = "home", .from = "mumbai", .is_first = true };
	struct stand_in s;
	char server[64], first_id[256];
	struct lab_channel channel;

	(void)state;
	start(&s, take_mail, NULL, NULL);
	channel = mail_at(&s, "Ana <ana@example.net>", server);
	str_copy(in->id, sizeof in->id, "mumbai-1");
	incident_set(in, &in->cause, "immich");
	incident_set(in, &in->title, "immich is down");
	in->since = in->opened = c.now = (struct wall){ 1795386851000 };
	for (in->version = 1; in->version <= 2; in->version++) {
		struct str mail = STR_EMPTY;
		struct delivery d;

		c.is_first = in->version == 1;
		notice_mail(in, &c, channel.from, channel.to, &mail);
		d = a_delivery(!c.is_first, "mumbai-1", str_c(&mail));
		assert_int_equal(deliver(&channel, &d).verdict, PACE_DELIVERED);
		str_fini(&mail);
	}
	loopback_free(s.server);
	assert_string_equal(s.heard[2], "MAIL FROM:<lab@example.net>\r\n");
	assert_string_equal(s.heard[3], "RCPT TO:<ana@example.net>\r\n");
	snprintf(first_id, sizeof first_id, "%s", header_of(s.heard[0], "Message-ID"));
	assert_string_equal(first_id, "<mumbai-1@example.net>");
	assert_string_equal(header_of(s.heard[0], "In-Reply-To"), "");
	assert_string_equal(header_of(s.heard[1], "In-Reply-To"), first_id);
	assert_string_equal(header_of(s.heard[1], "References"), first_id);
	assert_string_equal(header_of(s.heard[1], "Message-ID"), "<mumbai-1.v2@example.net>");
	assert_string_equal(header_of(s.heard[1], "Subject"), "[home] immich is down");
}

static void a_refused_recipient_is_said_and_tried_again_later(void **state)
{
	struct delivery d = a_delivery(false, "", "Subject: x\r\n\r\nx\r\n");
	struct lab_channel channel;
	struct stand_in s;
	struct outcome o;
	char server[64];

	(void)state;
	start(&s, take_mail, NULL, NULL);
	channel = mail_at(&s, "nobody@example.net", server);
	o = deliver(&channel, &d);
	loopback_free(s.server);
	assert_int_equal(o.verdict, PACE_GONE);
	assert_string_equal(o.reason, "SMTP 550");
}

static void one_refused_recipient_does_not_cost_the_others_their_mail(void **state)
{
	struct delivery d = a_delivery(false, "", "Subject: x\r\n\r\nhello\r\n");
	struct lab_channel channel;
	struct stand_in s;
	char server[64];

	(void)state;
	start(&s, take_mail, NULL, NULL);
	channel = mail_at(&s, "nobody@example.net, Ana <ana@example.net>", server);
	assert_int_equal(deliver(&channel, &d).verdict, PACE_DELIVERED);
	loopback_free(s.server);
	assert_string_equal(s.heard[3], "RCPT TO:<ana@example.net>\r\n");
	assert_non_null(strstr(s.heard[0], "hello"));
}

static void never(void *ctx, const struct delivery_outcome *o)
{
	(void)ctx, (void)o;
	fail_msg("a forgotten delivery must not be reported");
}

static void closing_forgets_what_is_under_way(void **state)
{
	struct delivery d = a_delivery(false, "", "{}");
	struct lab_channel gone = { .name = "hook", .kind = CHANNEL_WEBHOOK }, channel;
	struct outcome o = { 0 };
	struct stand_in s;
	uv_loop_t loop;
	char url[128];

	(void)state;
	start(&s, answer_visitor, "\r\n\r\n", NULL);
	channel = discord_at(&s, "", url);
	assert_int_equal(uv_loop_init(&loop), 0);
	o.client = http_client_new(&loop);
	o.notify = notify_new(&loop, o.client, tell_secret);
	notify_deliver(o.notify, &channel, &d, never, NULL);
	notify_deliver(o.notify, &gone, &d, never, NULL);
	notify_close(o.notify, close_client, &o);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	loopback_free(s.server);
}

static bool is_answer(enum channel_kind kind, int status)
{
	return notify_is_answer(kind,
		&(struct http_response){ .outcome = HTTP_ANSWERED, .status = status });
}

/* Whoever knows POST only says 501 to OPTIONS, and was taken for dead. */
static void a_receiver_that_does_not_know_options_answers_all_the_same(void **state)
{
	(void)state;
	for (int status = 200; status < 500; status += 50)
		assert_true(is_answer(CHANNEL_WEBHOOK, status));
	assert_true(is_answer(CHANNEL_WEBHOOK, 405));
	assert_true(is_answer(CHANNEL_WEBHOOK, 501));
	assert_false(is_answer(CHANNEL_WEBHOOK, 500));
	assert_false(is_answer(CHANNEL_WEBHOOK, 502));
	assert_false(is_answer(CHANNEL_WEBHOOK, 503));
}

static void a_discord_that_does_not_know_us_gives_no_answer(void **state)
{
	(void)state;
	assert_true(is_answer(CHANNEL_DISCORD, 200));
	assert_true(is_answer(CHANNEL_DISCORD, 429));
	assert_false(is_answer(CHANNEL_DISCORD, 401));
	assert_false(is_answer(CHANNEL_DISCORD, 404));
	assert_false(is_answer(CHANNEL_DISCORD, 501));
}

static void no_connection_is_no_answer(void **state)
{
	(void)state;
	assert_false(notify_is_answer(CHANNEL_WEBHOOK,
		&(struct http_response){ .outcome = HTTP_NO_CONNECTION }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_message_is_posted_and_its_id_comes_back),
		cmocka_unit_test(an_edit_goes_to_the_message_and_keeps_the_thread),
		cmocka_unit_test(discords_answers_mean_what_pace_says),
		cmocka_unit_test(a_redirect_is_not_followed_wherever_it_leads),
		cmocka_unit_test(nobody_there_is_a_failure),
		cmocka_unit_test(a_message_id_that_is_none_is_a_lost_message),
		cmocka_unit_test(a_channel_that_is_not_set_up_is_gone_and_says_why),
		cmocka_unit_test(what_is_logged_names_the_channel_and_not_its_address),
		cmocka_unit_test(a_webhook_gets_each_version_with_a_key_against_repeats),
		cmocka_unit_test(a_webhook_is_asked_as_its_http_config_says),
		cmocka_unit_test(a_webhook_is_followed_where_its_http_config_wants_it),
		cmocka_unit_test(mails_of_one_incident_are_one_thread),
		cmocka_unit_test(a_refused_recipient_is_said_and_tried_again_later),
		cmocka_unit_test(one_refused_recipient_does_not_cost_the_others_their_mail),
		cmocka_unit_test(a_receiver_that_does_not_know_options_answers_all_the_same),
		cmocka_unit_test(a_discord_that_does_not_know_us_gives_no_answer),
		cmocka_unit_test(no_connection_is_no_answer),
		cmocka_unit_test(closing_forgets_what_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

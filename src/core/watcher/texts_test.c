/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages say in each format. */
#include "core/watcher/watcher_fixture.h"

static void a_webhook_gets_the_same_as_json(void **state)
{
	scoped(json_decref) json_t *o = NULL;

	(void)state;
	watcher_free(watcher);
	config.channels[0].kind = WATCHER_WEBHOOK;
	start_watcher();
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	assert_int_equal(json_read(&o, posts[0].text, strlen(posts[0].text), NULL), RC_OK);
	assert_string_equal(json_get_text(o, "event", ""), "watcher");
	assert_string_equal(json_get_text(o, "lab", ""), "home");
	assert_string_equal(json_get_text(o, "from", ""), "webhost");
	assert_int_equal(json_get_int(o, "version", 0), 1);
	assert_string_equal(json_get_text(o, "title", ""), "mumbai is silent");
	assert_shows(0, "mumbai: nothing since 2026-01-01T00:0");
	assert_hides(0, "<t:");
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2); /* it can't be edited */
}

static void a_mail_is_one_that_servers_take(void **state)
{
	(void)state;
	watcher_free(watcher);
	config.channels[0] = (struct watcher_channel){ .name = "mail",
		.kind = WATCHER_SMTP,
		.from = "Watcher <w@example.net>",
		.to = "ana@example.net,\r\nBcc: all@example.net" };
	start_watcher();
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	assert_true(str_starts(posts[0].text,
		"Date: Thu, 1 Jan 2026 00:01:45 +0000\r\n"
		"From: Watcher <w@example.net>\r\n"
		"To: ana@example.net,Bcc: all@example.net\r\n"
		"Subject: [home] mumbai is silent\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\n"
		"\r\n"
		"dublin: heard\r\n"
		"mumbai: nothing since 2026-01-01T00:01:00.000Z\r\n"
		"told by the watcher webhost, which hears every site each 5 s\r\n"));
}

static void each_channel_has_its_own_message(void **state)
{
	(void)state;
	watcher_free(watcher);
	config.channels[1] = (struct watcher_channel){ .name = "hook", .kind = WATCHER_WEBHOOK };
	config.n_channels = 2;
	start_watcher();
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 3);
	assert_int_equal(posts[0].n_edits, 1);
}

static void who_is_heard_can_be_read_as_text(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	beacon(DUBLIN);
	beacon(MUMBAI);
	pass(MINUTE_MS);
	watcher_describe(watcher, now, &text);
	assert_string_equal(str_c(&text), "watcher webhost of lab home\n"
					  "dublin: heard, last 0 ms ago\n"
					  "mumbai: silent, told, last 1 min ago\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_webhook_gets_the_same_as_json),
		TEST(a_mail_is_one_that_servers_take),
		TEST(each_channel_has_its_own_message),
		TEST(who_is_heard_can_be_read_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

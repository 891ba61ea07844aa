/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts go where an Alertmanager configuration sends them, in the groups that it says, or are kept back. */
#include "node/alert_routes.h"
#include "test/support/lab_text.h"

/* Last: its `p` is everybody's. */
#include "core/alert/alert_pair.h"

enum { CHAT, PAGER, MAIL };

static const char *const channel_names[] = { "discord", "pager", "mail" };
static struct alertmanager *am;
static struct alert_routes *routes;

static const struct tz *zone(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return tz_utc();
}

static void read_config(const char *yaml)
{
	scoped(findings_fini) struct findings findings = { 0 };
	const struct alertmanager_world world = { .zone = zone };
	struct doc doc;

	assert_int_equal(lab_text_document(&doc, "alertmanager.yml", yaml, &findings), RC_OK);
	if (alertmanager_read(&am, &doc, &world, &findings, NULL) != RC_OK)
		fail_msg("%s", findings.items[0].text);
	arena_fini(&doc.arena);
	for (uint32_t i = 0; i < am->n_receivers; i++)
		for (uint32_t k = 0; k < COUNT(channel_names); k++)
			if (str_eq(am->receivers[i].name, channel_names[k]))
				am->receivers[i].channels = 1u << k;
	routes = alert_routes_new(am);
}

/* Both sites run it from here on. */
static void bring(const char *yaml)
{
	struct alertmanager *old = am;
	struct alert_routes *old_routes = routes;

	read_config(yaml);
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		p->sites[site].config.routing = &routes->routing;
		pair_reload(p, site);
	}
	alert_routes_free(old_routes);
	alertmanager_free(old);
}

static int set_up(void **state)
{
	pair_set_up(state);
	am = NULL;
	routes = NULL;
	pair_add_channel(p, "pager", ALERT_WEBHOOK);
	pair_add_channel(p, "mail", ALERT_SMTP);
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		p->sites[site].channels[PAGER].is_receiver =
			p->sites[site].channels[MAIL].is_receiver = true;
	return 0;
}

static int tear_down(void **state)
{
	int rc = pair_tear_down(state);

	alert_routes_free(routes);
	alertmanager_free(am);
	return rc;
}

/* "alertname=Full instance=nas", in order of names. */
static enum rc post(uint8_t site, const char *text, int64_t for_ms)
{
	char room[256], *at, *rest = room;
	struct label v[8], summary = { "summary", text, 7, (uint32_t)strlen(text) };
	struct posted_alert posted = { .annotations = { &summary, 1 },
		.ends = { p->now.wall.ms + for_ms } };
	uint32_t n = 0;

	str_copy(room, sizeof room, text);
	while ((at = strsep(&rest, " "))) {
		char *value = strchr(at, '=');

		*value++ = '\0';
		v[n++] = (struct label){ at, value, (uint32_t)strlen(at), (uint32_t)strlen(value) };
	}
	assert_int_equal(labels_sort(v, n, &posted.labels, NULL), RC_OK);
	return alert_post(p->sites[site].alert, p->now, &posted, 1, NULL);
}

static void fires(uint8_t site, const char *labels)
{
	assert_int_equal(post(site, labels, HOUR_MS), RC_OK);
}

static void ends(uint8_t site, const char *labels)
{
	assert_int_equal(post(site, labels, -1), RC_OK);
}

/* How often a channel was told something that holds this text. */
static uint32_t told(uint8_t channel, const char *text)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_sent; i++)
		n += p->sent[i].delivery.channel == channel &&
		     strstr(p->sent[i].delivery.payload, text) != NULL;
	return n;
}

#define RECEIVERS "receivers: [{name: discord}, {name: pager}, {name: mail}, {name: nobody}]\n"
#define SOON      "group_wait: 1s, group_interval: 5m, repeat_interval: 4h"

static void an_alert_is_told_to_the_receivers_of_its_routes_and_to_no_others(void **state)
{
	(void)state;
	bring("route: {receiver: discord, " SOON ", routes: [\n"
	      "  {receiver: nobody, matchers: [severity=none]},\n"
	      "  {receiver: mail, matchers: [team=web], continue: true},\n"
	      "  {receiver: pager, matchers: [severity=critical]}]}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Plain");
	fires(DUBLIN, "alertname=Dire severity=critical");
	fires(MUMBAI, "alertname=Both severity=critical team=web");
	fires(DUBLIN, "alertname=Mute severity=none");
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(told(CHAT, "Plain"), 1);
	assert_int_equal(told(PAGER, "Dire"), 1);
	assert_int_equal(told(PAGER, "Both"), 1);
	assert_int_equal(told(MAIL, "Both"), 1);
	assert_int_equal(p->n_sent, 4);
}

static void what_is_no_alert_goes_to_the_labs_own_channels(void **state)
{
	(void)state;
	bring("route: {receiver: pager, " SOON "}\n" RECEIVERS);
	pair_fails(p, GIT);
	pair_run(p, MINUTE_MS);
	assert_int_equal(told(CHAT, "git"), 1);
	assert_int_equal(p->n_sent, 1);
}

#define INHIBITING                                                                           \
	"route: {receiver: discord, group_wait: 10s, group_by: [alertname]}\n" RECEIVERS     \
	"inhibit_rules:\n"                                                                   \
	"- {source_matchers: [alertname=Down], target_matchers: [severity=warning], equal: " \
	"[host]}\n"

static void what_is_inhibited_is_told_when_nothing_inhibits_it_any_more(void **state)
{
	(void)state;
	bring(INHIBITING);
	fires(MUMBAI, "alertname=Down host=nas");
	pair_run(p, MINUTE_MS);
	fires(DUBLIN, "alertname=Slow host=nas severity=warning");
	fires(DUBLIN, "alertname=Slow host=vm1 severity=warning");
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(told(CHAT, "Down"), 1);
	assert_int_equal(told(CHAT, "vm1"), 1);
	assert_int_equal(told(CHAT, "host=nas severity"), 0);
	ends(MUMBAI, "alertname=Down host=nas");
	pair_run(p, 5 * MINUTE_MS);
	assert_true(told(CHAT, "Slow") > 1);
	assert_true(told(CHAT, "host=nas severity") > 0);
}

static void what_is_inhibited_before_it_was_told_is_not_told(void **state)
{
	(void)state;
	bring(INHIBITING);
	fires(DUBLIN, "alertname=Slow host=nas severity=warning");
	fires(DUBLIN, "alertname=Slow host=vm1 severity=warning");
	pair_run(p, 5 * SECOND_MS);
	fires(DUBLIN, "alertname=Down host=nas");
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(told(CHAT, "vm1"), 1);
	assert_int_equal(told(CHAT, "host=nas severity"), 0);
	ends(DUBLIN, "alertname=Slow host=nas severity=warning");
	ends(DUBLIN, "alertname=Slow host=vm1 severity=warning");
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(told(CHAT, "host=nas severity"), 0);
}

static void what_ends_while_it_is_inhibited_is_never_told(void **state)
{
	(void)state;
	bring(INHIBITING);
	fires(DUBLIN, "alertname=Slow host=nas severity=warning");
	fires(MUMBAI, "alertname=Down host=nas");
	pair_run(p, 5 * MINUTE_MS);
	ends(DUBLIN, "alertname=Slow host=nas severity=warning");
	pair_run(p, 5 * MINUTE_MS);
	ends(MUMBAI, "alertname=Down host=nas");
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(told(CHAT, "Slow"), 0);
}

static void what_was_told_is_told_as_over_though_it_is_inhibited_by_now(void **state)
{
	(void)state;
	bring(INHIBITING);
	fires(DUBLIN, "alertname=Slow host=nas severity=warning");
	pair_run(p, MINUTE_MS);
	fires(DUBLIN, "alertname=Down host=nas");
	pair_run(p, MINUTE_MS);
	ends(DUBLIN, "alertname=Slow host=nas severity=warning");
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(told(CHAT, "Slow at dublin fires"), 1);
	assert_int_equal(told(CHAT, "Slow at dublin is over"), 1);
}

/* Whether it still fires nobody knows. */
static void what_a_site_said_that_is_away_inhibits_for_five_minutes(void **state)
{
	(void)state;
	bring(INHIBITING);
	fires(MUMBAI, "alertname=Down host=nas");
	pair_run(p, MINUTE_MS);
	pair_stop(p, MUMBAI);
	fires(DUBLIN, "alertname=Slow host=nas severity=warning");
	pair_run(p, 4 * MINUTE_MS);
	assert_int_equal(told(CHAT, "Slow"), 0);
	pair_run(p, 4 * MINUTE_MS);
	assert_int_equal(told(CHAT, "Slow at dublin fires"), 1);
}

static uint32_t n_asked;

static uint64_t counted_hash(void *ctx, uint32_t rule, const struct labels *alert)
{
	(void)ctx;
	(void)rule;
	(void)alert;
	n_asked++;
	return 0;
}

static void other_numbers(const char *text)
{
	struct label summary = { "summary", text, 7, (uint32_t)strlen(text) },
		     v[] = { { "alertname", "Down", 9, 4 }, { "host", "nas", 4, 3 } };
	const struct posted_alert posted = { .labels = { v, COUNT(v) },
		.annotations = { &summary, 1 },
		.ends = { p->now.wall.ms + HOUR_MS } };

	assert_int_equal(alert_post(p->sites[DUBLIN].alert, p->now, &posted, 1, NULL), RC_OK);
}

/* Whether it was due was never forgotten, so all of it was reckoned at each change of a number. */
static void who_is_inhibited_is_reckoned_when_alerts_come_and_go_only(void **state)
{
	uint32_t before;

	(void)state;
	bring(INHIBITING);
	routes->routing.equal_hash = counted_hash;
	other_numbers("lost 3 packets");
	pair_run(p, MINUTE_MS);
	before = n_asked;
	assert_true(before > 0);
	other_numbers("lost 4 packets");
	pair_run(p, MINUTE_MS);
	assert_int_equal(n_asked, before);
	fires(DUBLIN, "alertname=Slow host=nas severity=warning");
	pair_run(p, MINUTE_MS);
	assert_true(n_asked > before);
}

static void assert_last(uint8_t channel, const char *const wanted[], uint32_t n)
{
	const char *payload = NULL;

	for (uint32_t i = 0; i < p->n_sent; i++)
		if (p->sent[i].delivery.channel == channel)
			payload = p->sent[i].delivery.payload;
	assert_non_null(payload);
	for (uint32_t i = 0; i < n; i++)
		if (!strstr(payload, wanted[i]))
			fail_msg("no %s in %s", wanted[i], payload);
}

static void a_webhook_of_a_receiver_hears_what_alertmanager_would_post(void **state)
{
	static const char *const fires_now[] = { "\"version\":\"4\"", "\"status\":\"firing\"",
		"\"receiver\":\"pager\"", "\"groupKey\":\"{}:{alertname=\\\"Slow\\\"}\"",
		"\"groupLabels\":{\"alertname\":\"Slow\"}", "\"truncatedAlerts\":1",
		"\"commonLabels\":{\"alertname\":\"Slow\",\"host\":\"a\"}",
		"\"notification_reason\":\"first notification\"",
		"\"endsAt\":\"0001-01-01T00:00:00Z\"" };
	static const char *const is_over[] = { "\"status\":\"resolved\"",
		"\"notification_reason\":\"all alerts resolved\"" };

	(void)state;
	p->sites[DUBLIN].channels[PAGER].is_alertmanagers = true;
	p->sites[DUBLIN].channels[PAGER].alerts_most = 1;
	bring("route: {receiver: pager, " SOON ", group_by: [alertname]}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Slow host=b");
	fires(DUBLIN, "alertname=Slow host=a");
	pair_run(p, MINUTE_MS);
	assert_last(PAGER, fires_now, COUNT(fires_now));
	ends(DUBLIN, "alertname=Slow host=b");
	ends(DUBLIN, "alertname=Slow host=a");
	pair_run(p, MINUTE_MS);
	assert_last(PAGER, is_over, COUNT(is_over));
}

static void what_is_no_alert_is_told_to_such_a_webhook_as_one(void **state)
{
	static const char *const down[] = { "\"version\":\"4\"", "\"status\":\"firing\"",
		"\"alertname\":\"git\"", "\"groupKey\":\"{}:{incident=" };

	(void)state;
	p->sites[DUBLIN].channels[PAGER].is_alertmanagers = true;
	p->sites[DUBLIN].channels[PAGER].is_receiver = false;
	bring("route: {receiver: pager, " SOON "}\n" RECEIVERS);
	pair_fails(p, GIT);
	pair_run(p, MINUTE_MS);
	assert_last(PAGER, down, COUNT(down));
}

static void alerts_are_grouped_by_the_labels_of_their_route(void **state)
{
	(void)state;
	bring("route: {receiver: discord, group_wait: 5s, group_by: [rack]}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Hot rack=3");
	fires(DUBLIN, "alertname=Dry rack=3");
	fires(DUBLIN, "alertname=Hot rack=4");
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(strstr(p->sent[0].delivery.payload, "Hot") &&
		    strstr(p->sent[0].delivery.payload, "Dry"));
}

static void each_alert_is_a_group_where_the_route_says_so(void **state)
{
	(void)state;
	bring("route: {receiver: discord, group_wait: 5s, group_by: ['...']}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Hot rack=3");
	fires(DUBLIN, "alertname=Hot rack=4");
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
}

static void alerts_of_other_routes_are_another_group_though_it_looks_the_same(void **state)
{
	(void)state;
	bring("route: {receiver: discord, " SOON ", group_by: [alertname], routes: [\n"
	      "  {receiver: pager, matchers: [severity=critical]}]}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Hot rack=3");
	fires(DUBLIN, "alertname=Hot rack=4 severity=critical");
	pair_run(p, MINUTE_MS);
	assert_int_equal(told(CHAT, "Hot"), 1);
	assert_int_equal(told(PAGER, "Hot"), 1);
	assert_int_equal(told(CHAT, "rack=4"), 0);
	assert_int_equal(told(PAGER, "rack=3"), 0);
}

static void more_groups_than_there_is_room_for_are_told_together(void **state)
{
	char labels[64];

	(void)state;
	bring("route: {receiver: discord, group_wait: 5s, group_by: ['...']}\n" RECEIVERS);
	for (int i = 0; i < 2 * ALERT_GROUPS_MAX; i++) {
		snprintf(labels, sizeof labels, "alertname=Hot rack=%d", i);
		fires(DUBLIN, labels);
	}
	assert_int_equal(alert_posted(p->sites[DUBLIN].alert), 2 * ALERT_GROUPS_MAX);
	for (int i = 0; i < 2 * ALERT_GROUPS_MAX; i++) {
		snprintf(labels, sizeof labels, "alertname=Hot rack=%d", i);
		fires(DUBLIN, labels);
	}
	assert_int_equal(alert_posted(p->sites[DUBLIN].alert), 2 * ALERT_GROUPS_MAX);
}

static void what_is_over_before_its_group_has_waited_is_not_told(void **state)
{
	(void)state;
	bring("route: {receiver: discord, group_wait: 1m, group_by: [alertname]}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Blip");
	pair_run(p, 20 * SECOND_MS);
	ends(DUBLIN, "alertname=Blip");
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_sent, 0);
	fires(DUBLIN, "alertname=Blip");
	pair_run(p, 50 * SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	pair_run(p, 20 * SECOND_MS);
	assert_int_equal(p->n_sent, 1);
}

static void a_muted_route_tells_what_still_fires_when_it_speaks_again(void **state)
{
	struct civil c = tz_at(tz_utc(), p->now.wall).civil;
	char yaml[512];

	(void)state;
	snprintf(yaml, sizeof yaml,
		"route: {receiver: mail, group_wait: 1s, routes: [{receiver: discord,\n"
		"  matchers: [team=web], mute_time_intervals: [now]}]}\n" RECEIVERS
		"time_intervals: [{name: now, time_intervals: [{times: [{start_time: '%02d:00',\n"
		"  end_time: '%02d:%s'}]}]}]\n",
		c.hour, c.hour < 23 ? c.hour + 1 : 24, "00");
	bring(yaml);
	fires(DUBLIN, "alertname=Long team=web");
	fires(DUBLIN, "alertname=Short team=web rack=1");
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_sent, 0);
	ends(DUBLIN, "alertname=Short team=web rack=1");
	while (tz_at(tz_utc(), p->now.wall).civil.hour == c.hour) {
		fires(DUBLIN, "alertname=Long team=web");
		pair_run(p, 10 * MINUTE_MS);
	}
	assert_int_equal(p->n_sent, 1);
	assert_int_equal(told(CHAT, "Long"), 1);
	assert_int_equal(told(CHAT, "Short team"), 0);
}

static void what_cannot_be_edited_is_told_again_after_the_repeat_interval(void **state)
{
	(void)state;
	bring("route: {receiver: pager, group_wait: 1s, group_interval: 1m, repeat_interval: 10m,\n"
	      "  routes: [{receiver: discord, matchers: [team=web]}]}\n" RECEIVERS);
	for (int i = 0; i < 35; i++) {
		fires(DUBLIN, "alertname=Watchdog");
		fires(DUBLIN, "alertname=Seen team=web");
		pair_run(p, MINUTE_MS);
	}
	assert_int_equal(told(PAGER, "Watchdog"), 4);
	assert_int_equal(told(CHAT, "Seen"), 1);
}

static void changes_of_what_cannot_be_edited_wait_for_the_group_interval(void **state)
{
	(void)state;
	bring("route: {receiver: pager, group_wait: 1s, group_interval: 10m}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Full instance=a");
	pair_run(p, MINUTE_MS);
	fires(DUBLIN, "alertname=Full instance=b");
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	pair_run(p, 6 * MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
}

static void other_routes_take_over_alerts_that_fire(void **state)
{
	(void)state;
	bring("route: {receiver: discord, group_wait: 1s, group_by: [alertname]}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Hot rack=3");
	pair_run(p, MINUTE_MS);
	bring("route: {receiver: discord, group_wait: 1s, group_by: [rack]}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Hot rack=3");
	assert_int_equal(alert_posted(p->sites[DUBLIN].alert), 1);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_live(p, DUBLIN), 1);
	ends(DUBLIN, "alertname=Hot rack=3");
	pair_run(p, 2 * HOUR_MS);
	assert_int_equal(pair_live(p, DUBLIN), 0);
	assert_int_equal(pair_live(p, MUMBAI), 0);
	assert_int_equal(alert_posted(p->sites[DUBLIN].alert), 0);
}

static void a_restart_changes_nothing_of_who_was_told(void **state)
{
	(void)state;
	bring("route: {receiver: pager, " SOON ", group_by: [rack]}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Hot rack=3");
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	pair_stop(p, DUBLIN);
	pair_run(p, SECOND_MS);
	pair_start(p, DUBLIN);
	for (int i = 0; i < 5; i++) {
		fires(DUBLIN, "alertname=Hot rack=3");
		pair_run(p, MINUTE_MS);
	}
	assert_int_equal(p->n_sent, 1);
	assert_int_equal(alert_posted(p->sites[DUBLIN].alert), 1);
}

static void who_speaks_for_a_site_that_is_gone_routes_as_that_site_did(void **state)
{
	(void)state;
	bring("route: {receiver: pager, group_wait: 30s}\n" RECEIVERS);
	fires(DUBLIN, "alertname=Hot rack=3");
	pair_run(p, 10 * SECOND_MS);
	pair_stop(p, DUBLIN);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(told(MAIL, "Hot"), 0);
	assert_true(told(PAGER, "Hot") + told(CHAT, "Hot") > 0);
}

static void a_cause_that_takes_an_incident_over_is_told_as_what_it_is(void **state)
{
	static const struct alert_place of_dublin[PAIR_SITES] = { [MUMBAI] = { { SITE_MUMBAI },
									  1 } };

	(void)state;
	p->sites[DUBLIN].config.places = of_dublin;
	bring("route: {receiver: nobody, group_wait: 1s}\n" RECEIVERS);
	fires(MUMBAI, "alertname=Hot rack=3");
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	pair_stop(p, MUMBAI);
	pair_run(p, 2 * MINUTE_MS); /* dublin's turn to speak of what mumbai told nobody */
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_down);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(told(CHAT, "mumbai is down"), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_alert_is_told_to_the_receivers_of_its_routes_and_to_no_others),
		T(what_is_no_alert_goes_to_the_labs_own_channels),
		T(what_is_inhibited_is_told_when_nothing_inhibits_it_any_more),
		T(what_is_inhibited_before_it_was_told_is_not_told),
		T(what_ends_while_it_is_inhibited_is_never_told),
		T(what_was_told_is_told_as_over_though_it_is_inhibited_by_now),
		T(what_a_site_said_that_is_away_inhibits_for_five_minutes),
		T(who_is_inhibited_is_reckoned_when_alerts_come_and_go_only),
		T(a_webhook_of_a_receiver_hears_what_alertmanager_would_post),
		T(what_is_no_alert_is_told_to_such_a_webhook_as_one),
		T(alerts_are_grouped_by_the_labels_of_their_route),
		T(each_alert_is_a_group_where_the_route_says_so),
		T(alerts_of_other_routes_are_another_group_though_it_looks_the_same),
		T(more_groups_than_there_is_room_for_are_told_together),
		T(what_is_over_before_its_group_has_waited_is_not_told),
		T(a_muted_route_tells_what_still_fires_when_it_speaks_again),
		T(what_cannot_be_edited_is_told_again_after_the_repeat_interval),
		T(changes_of_what_cannot_be_edited_wait_for_the_group_interval),
		T(other_routes_take_over_alerts_that_fire),
		T(a_restart_changes_nothing_of_who_was_told),
		T(who_speaks_for_a_site_that_is_gone_routes_as_that_site_did),
		T(a_cause_that_takes_an_incident_over_is_told_as_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

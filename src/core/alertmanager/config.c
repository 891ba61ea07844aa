/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alertmanager/config.h"

#include "base/golang.h"
#include "base/limits.h"
#include <strings.h>

#define GROUP_WAIT_MS      (30 * SECOND_MS)
#define GROUP_INTERVAL_MS  (5 * MINUTE_MS)
#define REPEAT_INTERVAL_MS (4 * HOUR_MS)
#define RESOLVE_TIMEOUT_MS (5 * MINUTE_MS)
#define NOT_SAID           (-1)
#define MINUTES_OF_DAY     1440

struct reader {
	struct doc_reader doc;
	const struct alertmanager_world *world;
	struct alertmanager *am;
	uint32_t n_routes;
};

/* As they are written. */
struct global_written {
	int64_t resolve_timeout_ms;
	const char *smtp_from, *smtp_smarthost;
	int8_t smtp_needs_tls;
};
struct route_written {
	const char *receiver;
	const struct doc_node *group_by, *match, *match_re, *routes, *node;
	struct doc_texts matchers, mute, active;
	bool goes_on;
	int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
};
struct inhibit_written {
	const struct doc_node *source_match, *source_match_re, *target_match, *target_match_re;
	struct doc_texts source_matchers, target_matchers, equal;
	const struct doc_node *node;
};
struct intervals_written {
	const char *name;
	const struct doc_node *intervals, *node;
};
struct receiver_written {
	const char *name;
	struct doc_list webhooks, discords, emails;
	const struct doc_node *node;
};
struct file_written {
	struct global_written global;
	const struct doc_node *route;
	struct doc_list inhibit_rules, receivers, time_intervals, mute_time_intervals;
};

static void take_duration(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct err e = { 0 };

	if (node->kind != DOC_SCALAR)
		doc_expected(r, key, node, "a duration such as 30s or 4h");
	else if (go_parse_duration(node->text, to, &e) != RC_OK)
		doc_error(r, node, "%s: %s", key->name, e.text);
}

static void take_count(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	char *end = NULL;
	unsigned long n = node->kind == DOC_SCALAR ? strtoul(node->text, &end, 10) : 0;

	if (!end || end == node->text || *end || *node->text == '-' || n > UINT32_MAX)
		doc_expected(r, key, node, "a whole number, 0 or more");
	else
		*(uint32_t *)to = (uint32_t)n;
}

/* Matchers */

static void read_matchers(struct reader *r, const struct doc_node *at,
	const struct doc_texts *texts, struct matcher_list *to)
{
	struct err e = { 0 };

	for (uint32_t i = 0; i < texts->n; i++)
		if (matcher_list_parse(to, texts->v[i], &e) != RC_OK)
			doc_error(&r->doc, at, "matchers: %s", e.text);
}

static bool is_label_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return *s && !s[n] && !(*s >= '0' && *s <= '9');
}

/* One of `match` or `match_re`, in whose key Alertmanager shows the expression that it makes of it. */
static void read_pair(struct reader *r, const char *name, const char *label,
	const struct doc_node *node, enum matcher_op op, struct matcher_list *to)
{
	scoped(str_fini) struct str value = STR_EMPTY;
	bool is_nothing = node->kind == DOC_NULL;
	struct err e = { 0 };

	if (node->kind != DOC_SCALAR && !is_nothing)
		doc_expected(&r->doc, &(struct doc_key){ .name = name }, node, "a text");
	else if (!is_label_name(label))
		doc_error(&r->doc, node, "%s: invalid label name \"%s\"", name, label);
	else if (is_nothing && op == MATCHER_REGEX)
		doc_error(&r->doc, node, "%s: empty regular expression", name);
	else {
		str_addf(&value, op == MATCHER_REGEX ? "^(?:%s)$" : "%s",
			is_nothing ? "" : node->text);
		if (matcher_list_add(to, op, label, str_c(&value), &e) != RC_OK)
			doc_error(&r->doc, node, "%s: %s", name, e.text);
	}
}

/* `match` and `match_re` are older than matchers. */
static void read_mapping(struct reader *r, const char *name, const struct doc_node *node,
	enum matcher_op op, struct matcher_list *to)
{
	if (node && node->kind != DOC_MAPPING) {
		doc_expected(&r->doc, &(struct doc_key){ .name = name }, node,
			"a mapping of labels");
		return;
	}
	for (uint32_t i = 0; node && i < node->n; i++)
		read_pair(r, name, node->keys[i]->text, node->values[i], op, to);
}

/* Routes */

static void keep_node(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct route_written *)to)->node = node;
}

static void init_route(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct route_written *)to = (struct route_written){ .group_wait_ms = NOT_SAID,
		.group_interval_ms = NOT_SAID,
		.repeat_interval_ms = NOT_SAID };
}

#define ROUTE(member) offsetof(struct route_written, member)
static const struct doc_key route_keys[] = {
	{ "receiver", doc_text, ROUTE(receiver) },
	{ "group_by", doc_raw, ROUTE(group_by) },
	{ "match", doc_raw, ROUTE(match) },
	{ "match_re", doc_raw, ROUTE(match_re) },
	{ "matchers", doc_text_list, ROUTE(matchers) },
	{ "mute_time_intervals", doc_text_list, ROUTE(mute) },
	{ "active_time_intervals", doc_text_list, ROUTE(active) },
	{ "continue", doc_flag, ROUTE(goes_on) },
	{ "routes", doc_raw, ROUTE(routes) },
	{ "group_wait", take_duration, ROUTE(group_wait_ms) },
	{ "group_interval", take_duration, ROUTE(group_interval_ms) },
	{ "repeat_interval", take_duration, ROUTE(repeat_interval_ms) },
	{ 0 },
};
static const struct doc_shape route_shape = { "route", sizeof(struct route_written), route_keys,
	init_route, keep_node };

static bool is_repeated(const struct doc_texts *names, const char *name)
{
	for (uint32_t i = 0; i < names->n; i++)
		if (str_eq(names->v[i], name))
			return true;
	return false;
}

/* Said, it replaces what the parent has; "..." by itself is every label. */
static void read_group_by(struct reader *r, const struct doc_node *node, struct alert_route *to)
{
	struct doc_texts names = { 0 }, own = { 0 };
	bool is_by_all = false;

	if (!node)
		return;
	doc_text_list(&r->doc, &(struct doc_key){ .name = "group_by" }, node, &names);
	own.v = doc_alloc(&r->doc, names.n * sizeof *own.v);
	for (uint32_t i = 0; own.v && i < names.n; i++) {
		if (str_eq(names.v[i], "...")) {
			is_by_all = true;
			continue;
		}
		if (!*names.v[i] || !utf8_valid(names.v[i], strlen(names.v[i])))
			doc_error(&r->doc, node, "invalid label name \"%s\" in group_by list",
				names.v[i]);
		if (is_repeated(&own, names.v[i]))
			doc_error(&r->doc, node, "duplicated label \"%s\" in group_by", names.v[i]);
		own.v[own.n++] = names.v[i];
	}
	if (is_by_all && own.n > 0)
		doc_error(&r->doc, node,
			"cannot have wildcard group_by (`...`) and other labels at the same time");
	if (own.n > 0 || !is_by_all) {
		to->group_by = own;
		to->is_by_all = false;
	} else {
		to->is_by_all = true;
	}
}

static bool has_receiver(const struct alertmanager *am, const char *name)
{
	for (uint32_t i = 0; i < am->n_receivers; i++)
		if (str_eq(am->receivers[i].name, name))
			return true;
	return false;
}

static const struct time_intervals **named_intervals(struct reader *r, const struct doc_node *at,
	const struct doc_texts *names, uint32_t *ret_n)
{
	const struct time_intervals **v = doc_alloc(&r->doc, names->n * sizeof *v);
	uint32_t n = 0;

	for (uint32_t i = 0; v && i < names->n; i++) {
		uint32_t before = n;

		for (uint32_t k = 0; k < r->am->n_intervals && n == before; k++)
			if (str_eq(r->am->intervals[k].name, names->v[i]))
				v[n++] = &r->am->intervals[k];
		if (n == before)
			doc_error(&r->doc, at, "undefined time interval \"%s\" used in route",
				names->v[i]);
	}
	*ret_n = n;
	return v;
}

static void take_times(struct reader *r, const struct route_written *w, struct alert_route *to)
{
	if (w->group_wait_ms != NOT_SAID)
		to->group_wait_ms = w->group_wait_ms;
	if (w->group_interval_ms != NOT_SAID)
		to->group_interval_ms = w->group_interval_ms;
	if (w->repeat_interval_ms != NOT_SAID)
		to->repeat_interval_ms = w->repeat_interval_ms;
	if (to->group_interval_ms == 0)
		doc_error(&r->doc, doc_at(w->node, "group_interval"),
			"group_interval cannot be zero");
	if (to->repeat_interval_ms == 0)
		doc_error(&r->doc, doc_at(w->node, "repeat_interval"),
			"repeat_interval cannot be zero");
}

static void read_route(struct reader *r, const struct doc_node *node, struct alert_route *to);

static void read_children(struct reader *r, const struct doc_node *list, struct alert_route *to)
{
	if (!list)
		return;
	if (list->kind != DOC_SEQUENCE) {
		doc_expected(&r->doc, &(struct doc_key){ .name = "routes" }, list, "a list");
		return;
	}
	if (r->n_routes + list->n > ALERTMANAGER_ROUTES_MAX) {
		doc_error(&r->doc, list, "routes: more than %d of them", ALERTMANAGER_ROUTES_MAX);
		return;
	}
	r->n_routes += list->n;
	to->routes = doc_alloc(&r->doc, list->n * sizeof *to->routes);
	for (uint32_t i = 0; to->routes && i < list->n; i++) {
		to->routes[i] = *to; /* what it doesn't say is as its parent has it */
		to->routes[i].parent = to;
		to->routes[i].number = r->am->n_routes++;
		to->routes[i].matchers = (struct matcher_list){ 0 };
		to->routes[i].routes = NULL;
		to->routes[i].n_routes = 0;
		to->n_routes = i + 1;
		read_route(r, list->values[i], &to->routes[i]);
	}
}

static void read_route(struct reader *r, const struct doc_node *node, struct alert_route *to)
{
	struct route_written w;

	doc_read(&r->doc, &route_shape, node, &w);
	if (!w.node)
		return;
	if (w.receiver && *w.receiver)
		to->receiver = w.receiver;
	if (w.receiver && *w.receiver && !has_receiver(r->am, w.receiver))
		doc_error(&r->doc, doc_at(node, "receiver"),
			"undefined receiver \"%s\" used in route", w.receiver);
	read_group_by(r, w.group_by, to);
	take_times(r, &w, to);
	to->goes_on = w.goes_on;
	read_mapping(r, "match", w.match, MATCHER_EQUAL, &to->matchers);
	read_mapping(r, "match_re", w.match_re, MATCHER_REGEX, &to->matchers);
	read_matchers(r, doc_at(node, "matchers"), &w.matchers, &to->matchers);
	matcher_list_sort(&to->matchers);
	to->mute = named_intervals(r, doc_at(node, "mute_time_intervals"), &w.mute, &to->n_mute);
	to->active =
		named_intervals(r, doc_at(node, "active_time_intervals"), &w.active, &to->n_active);
	read_children(r, w.routes, to);
}

static void read_root(struct reader *r, const struct doc *doc, const struct doc_node *node)
{
	struct alert_route *root = doc_alloc(&r->doc, sizeof *root);

	if (!root)
		return;
	*root = (struct alert_route){ .receiver = "",
		.group_wait_ms = GROUP_WAIT_MS,
		.group_interval_ms = GROUP_INTERVAL_MS,
		.repeat_interval_ms = REPEAT_INTERVAL_MS };
	r->am->root = root;
	r->am->n_routes = 1;
	if (!node) {
		finding_error(r->doc.findings, (struct place){ doc->file, 1, 1 },
			"no routes provided");
		return;
	}
	read_route(r, node, root);
	if (!*root->receiver)
		doc_error(&r->doc, node, "root route must specify a default receiver");
	if (root->matchers.n > 0)
		doc_error(&r->doc, node, "root route must not have any matchers");
	if (root->n_mute > 0)
		doc_error(&r->doc, node, "root route must not have any mute time intervals");
	if (root->n_active > 0)
		doc_error(&r->doc, node, "root route must not have any active time intervals");
}

/* Inhibition */

static void keep_inhibit(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct inhibit_written *)to)->node = node;
}

#define INHIBIT(member) offsetof(struct inhibit_written, member)
static const struct doc_key inhibit_keys[] = {
	{ "name", doc_ignored, 0 },
	{ "source_match", doc_raw, INHIBIT(source_match) },
	{ "source_match_re", doc_raw, INHIBIT(source_match_re) },
	{ "source_matchers", doc_text_list, INHIBIT(source_matchers) },
	{ "target_match", doc_raw, INHIBIT(target_match) },
	{ "target_match_re", doc_raw, INHIBIT(target_match_re) },
	{ "target_matchers", doc_text_list, INHIBIT(target_matchers) },
	{ "equal", doc_text_list, INHIBIT(equal) },
	{ 0 },
};
static const struct doc_shape inhibit_shape = { "inhibit rule", sizeof(struct inhibit_written),
	inhibit_keys, NULL, keep_inhibit };

static void read_inhibit_rule(struct reader *r, const struct inhibit_written *w,
	struct inhibit_rule *to)
{
	if (!w->node)
		return;
	read_mapping(r, "source_match", w->source_match, MATCHER_EQUAL, &to->sources);
	read_mapping(r, "source_match_re", w->source_match_re, MATCHER_REGEX, &to->sources);
	read_matchers(r, doc_at(w->node, "source_matchers"), &w->source_matchers, &to->sources);
	read_mapping(r, "target_match", w->target_match, MATCHER_EQUAL, &to->targets);
	read_mapping(r, "target_match_re", w->target_match_re, MATCHER_REGEX, &to->targets);
	read_matchers(r, doc_at(w->node, "target_matchers"), &w->target_matchers, &to->targets);
	to->equal = w->equal;
	for (uint32_t i = 0; i < w->equal.n; i++)
		if (!*w->equal.v[i] || !utf8_valid(w->equal.v[i], strlen(w->equal.v[i])))
			doc_error(&r->doc, doc_at(w->node, "equal"),
				"invalid label name \"%s\" in equal list", w->equal.v[i]);
}

static void read_inhibit_rules(struct reader *r, const struct doc_list *list)
{
	const struct inhibit_written *w = list->v;
	struct alertmanager *am = r->am;

	if (list->n > INHIBIT_RULES_MAX) {
		doc_error(&r->doc, w[INHIBIT_RULES_MAX].node, "inhibit_rules: more than %d of them",
			INHIBIT_RULES_MAX);
		return;
	}
	am->inhibit_rules = doc_alloc(&r->doc, list->n * sizeof *am->inhibit_rules);
	for (uint32_t i = 0; am->inhibit_rules && i < list->n; i++)
		read_inhibit_rule(r, &w[i], &am->inhibit_rules[am->n_inhibit_rules++]);
}

/* Receivers */

struct way_written {
	struct integration to;
};

static void init_told(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct way_written *)to = (struct way_written){ .to = { .is_told_resolved = true } };
}

static void init_email(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct way_written *)to = (struct way_written){ .to = { .needs_tls = NOT_SAID } };
}

static void check_url(struct doc_reader *r, const struct doc_node *node, void *to)
{
	if (((struct way_written *)to)->to.url.kind == SECRET_NONE)
		doc_error(r, node, "one of its URL and the file that holds it must be said");
}

static void check_email(struct doc_reader *r, const struct doc_node *node, void *to)
{
	if (!((struct way_written *)to)->to.to)
		doc_error(r, node, "missing to address in email config");
}

#define WAY(member) offsetof(struct way_written, to.member)
#define SMTP        "say it in lab.yaml's notify.smtp"
#define OURS        "messages are worded here"
static const struct doc_key webhook_keys[] = {
	{ "send_resolved", doc_flag, WAY(is_told_resolved) },
	{ "url", doc_inline, WAY(url) },
	{ "url_file", doc_secret_file, WAY(url) },
	{ "http_config", doc_refused, 0, .hint = "webhooks are plain" },
	{ "max_alerts", take_count, WAY(alerts_most) },
	{ "timeout", doc_ignored, 0 },
	{ "payload", doc_refused, 0, .hint = OURS },
	{ 0 },
};
static const struct doc_shape webhook_shape = { "webhook config", sizeof(struct way_written),
	webhook_keys, init_told, check_url };
static const struct doc_key discord_keys[] = {
	{ "send_resolved", doc_flag, WAY(is_told_resolved) },
	{ "webhook_url", doc_secret, WAY(url) },
	{ "webhook_url_file", doc_secret_file, WAY(url) },
	{ "http_config", doc_refused, 0, .hint = "Discord needs none" },
	{ "title", doc_refused, 0, .hint = OURS },
	{ "message", doc_refused, 0, .hint = OURS },
	{ "content", doc_refused, 0, .hint = OURS },
	{ "username", doc_ignored, 0 },
	{ "avatar_url", doc_ignored, 0 },
	{ 0 },
};
static const struct doc_shape discord_shape = { "discord config", sizeof(struct way_written),
	discord_keys, init_told, check_url };
static const struct doc_key email_keys[] = {
	{ "send_resolved", doc_flag, WAY(is_told_resolved) },
	{ "to", doc_text, WAY(to) },
	{ "from", doc_text, WAY(from) },
	{ "smarthost", doc_text, WAY(smarthost) },
	{ "hello", doc_ignored, 0 },
	{ "require_tls", doc_flag_set, WAY(needs_tls) },
	{ "auth_username", doc_refused, 0, .hint = SMTP },
	{ "auth_password", doc_refused, 0, .hint = SMTP },
	{ "auth_password_file", doc_refused, 0, .hint = SMTP },
	{ "headers", doc_refused, 0, .hint = OURS },
	{ "html", doc_refused, 0, .hint = OURS },
	{ "text", doc_refused, 0, .hint = OURS },
	{ "threading", doc_ignored, 0 },
	{ "auth_identity", doc_ignored, 0 },
	{ "auth_secret", doc_refused, 0, .hint = SMTP },
	{ "auth_secret_file", doc_refused, 0, .hint = SMTP },
	{ "tls_config", doc_refused, 0, .hint = SMTP },
	{ "force_implicit_tls", doc_refused, 0, .hint = SMTP },
	{ 0 },
};
static const struct doc_shape email_shape = { "email config", sizeof(struct way_written),
	email_keys, init_email, check_email };

static void keep_receiver(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct receiver_written *)to)->node = node;
}

#define RECEIVER(member) offsetof(struct receiver_written, member)
#define SPOKEN           "Discord, webhooks and mail are"
static const struct doc_key receiver_keys[] = {
	{ "name", doc_text, RECEIVER(name) },
	{ "labels", doc_ignored, 0 },
	{ "webhook_configs", doc_list, RECEIVER(webhooks), .shape = &webhook_shape },
	{ "discord_configs", doc_list, RECEIVER(discords), .shape = &discord_shape },
	{ "email_configs", doc_list, RECEIVER(emails), .shape = &email_shape },
	{ "incidentio_configs", doc_refused, 0, .hint = SPOKEN },
	{ "jira_configs", doc_refused, 0, .hint = SPOKEN },
	{ "mattermost_configs", doc_refused, 0, .hint = SPOKEN },
	{ "msteams_configs", doc_refused, 0, .hint = SPOKEN },
	{ "msteamsv2_configs", doc_refused, 0, .hint = SPOKEN },
	{ "opsgenie_configs", doc_refused, 0, .hint = SPOKEN },
	{ "pagerduty_configs", doc_refused, 0, .hint = SPOKEN },
	{ "pushover_configs", doc_refused, 0, .hint = SPOKEN },
	{ "rocketchat_configs", doc_refused, 0, .hint = SPOKEN },
	{ "slack_configs", doc_refused, 0, .hint = SPOKEN },
	{ "sns_configs", doc_refused, 0, .hint = SPOKEN },
	{ "telegram_configs", doc_refused, 0, .hint = SPOKEN },
	{ "victorops_configs", doc_refused, 0, .hint = SPOKEN },
	{ "webex_configs", doc_refused, 0, .hint = SPOKEN },
	{ "wechat_configs", doc_refused, 0, .hint = SPOKEN },
	{ 0 },
};
static const struct doc_shape receiver_shape = { "receiver", sizeof(struct receiver_written),
	receiver_keys, NULL, keep_receiver };

static void add_ways(struct receiver *to, const struct doc_list *list, enum integration_kind kind)
{
	const struct way_written *w = list->v;

	for (uint32_t i = 0; i < list->n; i++) {
		to->integrations[to->n_integrations] = w[i].to;
		to->integrations[to->n_integrations++].kind = kind;
	}
}

/* What a mail doesn't say stands in `global`. */
static void complete_mails(struct reader *r, const struct global_written *global,
	const struct receiver_written *w, struct receiver *to)
{
	for (uint32_t i = 0; i < to->n_integrations; i++) {
		struct integration *it = &to->integrations[i];

		if (it->kind != INTEGRATION_EMAIL)
			continue;
		it->from = it->from ? it->from : global->smtp_from;
		it->smarthost = it->smarthost ? it->smarthost : global->smtp_smarthost;
		it->needs_tls = it->needs_tls == NOT_SAID ? global->smtp_needs_tls : it->needs_tls;
		if (!it->smarthost)
			doc_error(&r->doc, w->node, "no global SMTP smarthost set");
		else if (!it->from)
			doc_error(&r->doc, w->node, "no global SMTP from set");
	}
}

static void read_receiver(struct reader *r, const struct file_written *file,
	const struct receiver_written *w)
{
	uint32_t n = w->webhooks.n + w->discords.n + w->emails.n;
	struct receiver *to = &r->am->receivers[r->am->n_receivers];

	if (!w->node)
		return;
	if (!w->name || !*w->name) {
		doc_error(&r->doc, w->node, "missing name in receiver");
		return;
	}
	if (has_receiver(r->am, w->name))
		doc_error(&r->doc, doc_at(w->node, "name"),
			"notification config name \"%s\" is not unique", w->name);
	to->name = w->name;
	to->place = (struct place){ r->doc.file, w->node->line, w->node->column };
	to->integrations = doc_alloc(&r->doc, n * sizeof *to->integrations);
	if (!to->integrations)
		return;
	r->am->n_receivers++;
	add_ways(to, &w->webhooks, INTEGRATION_WEBHOOK);
	add_ways(to, &w->discords, INTEGRATION_DISCORD);
	add_ways(to, &w->emails, INTEGRATION_EMAIL);
	complete_mails(r, &file->global, w, to);
}

static void read_receivers(struct reader *r, const struct file_written *file)
{
	const struct receiver_written *w = file->receivers.v;

	r->am->receivers = doc_alloc(&r->doc, file->receivers.n * sizeof *r->am->receivers);
	for (uint32_t i = 0; r->am->receivers && i < file->receivers.n; i++)
		read_receiver(r, file, &w[i]);
}

/* Time intervals */

struct range_kind {
	const char *word;
	const char *const *names; /* from `base` on, ends in NULL; NULL: numbers */
	int base;
	int least, most;
	bool takes_numbers;
};

static const char *const weekday_names[] = { "sunday", "monday", "tuesday", "wednesday", "thursday",
	"friday", "saturday", NULL };
static const char *const month_names[] = { "january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december", NULL };
static const struct range_kind weekdays = { "weekday", weekday_names, 0, 0, 6, false };
static const struct range_kind months = { "month", month_names, 1, INT32_MIN, INT32_MAX, true };
static const struct range_kind years = { "year", NULL, 0, INT32_MIN, INT32_MAX, true };
static const struct range_kind days = { "day of the month", NULL, 0, -31, 31, true };

static bool read_member(const struct range_kind *kind, const char *text, int *ret)
{
	char *end;
	long v;

	for (int i = 0; kind->names && kind->names[i]; i++)
		if (strcasecmp(kind->names[i], text) == 0) {
			*ret = i + kind->base;
			return true;
		}
	v = strtol(text, &end, 10);
	if (!kind->takes_numbers || !*text || strchr(" \t", *text) || *end || v < kind->least ||
		v > kind->most)
		return false;
	*ret = (int)v;
	return kind != &days || v != 0;
}

static bool read_range(const struct range_kind *kind, char *text, struct interval_range *ret)
{
	char *colon = strchr(text, ':');
	bool is_good;

	if (colon)
		*colon = '\0';
	is_good = read_member(kind, text, &ret->first);
	ret->last = ret->first;
	if (colon && is_good)
		is_good = read_member(kind, colon + 1, &ret->last);
	if (!is_good)
		return false;
	if (kind != &days)
		return ret->first <= ret->last;
	if (ret->first < 0 && ret->last > 0)
		return false;
	/* The shortest month has 28 days. */
	return (ret->first < 0 ? 28 + ret->first : ret->first) <=
	       (ret->last < 0 ? 28 + ret->last : ret->last);
}

static void read_ranges(struct reader *r, const struct range_kind *kind,
	const struct doc_node *node, struct interval_ranges *to)
{
	if (!node)
		return;
	if (node->kind != DOC_SEQUENCE) {
		doc_expected(&r->doc, &(struct doc_key){ .name = kind->word }, node, "a list");
		return;
	}
	to->is_said = true;
	to->v = doc_alloc(&r->doc, node->n * sizeof *to->v);
	for (uint32_t i = 0; to->v && i < node->n; i++) {
		scoped(str_fini) struct str text = STR_EMPTY;

		if (node->values[i]->kind == DOC_SCALAR)
			str_add(&text, node->values[i]->text);
		else
			str_add(&text, "a list or mapping");
		if (read_range(kind, text.s, &to->v[to->n]))
			to->n++;
		else
			doc_error(&r->doc, node->values[i], "%s is not a valid %s or range of them",
				node->values[i]->kind == DOC_SCALAR ? node->values[i]->text
								    : str_c(&text),
				kind->word);
	}
}

/* "09:30" in minutes; -1: it is none. */
static int minute_of(const struct doc_node *node)
{
	const char *s = node && node->kind == DOC_SCALAR ? node->text : "";
	int hour, minute;

	if (strlen(s) != 5 || s[2] != ':' || strspn(s, "0123456789") != 2 ||
		strspn(s + 3, "0123456789") != 2)
		return -1;
	hour = (s[0] - '0') * 10 + s[1] - '0';
	minute = (s[3] - '0') * 10 + s[4] - '0';
	if (hour > 24 || minute > 59 || (hour == 24 && minute > 0))
		return -1;
	return hour * 60 + minute;
}

static void read_times(struct reader *r, const struct doc_node *node, struct interval_ranges *to)
{
	if (!node)
		return;
	if (node->kind != DOC_SEQUENCE) {
		doc_expected(&r->doc, &(struct doc_key){ .name = "times" }, node, "a list");
		return;
	}
	to->is_said = true;
	to->v = doc_alloc(&r->doc, node->n * sizeof *to->v);
	for (uint32_t i = 0; to->v && i < node->n; i++) {
		int first = minute_of(doc_get(node->values[i], "start_time"));
		int last = minute_of(doc_get(node->values[i], "end_time"));

		if (first < 0 || last < 0)
			doc_error(&r->doc, node->values[i],
				"start_time and end_time must be given, as 09:30 or 24:00");
		else if (first >= last)
			doc_error(&r->doc, node->values[i],
				"start time cannot be equal or greater than end time");
		else
			to->v[to->n++] = (struct interval_range){ first, last - 1 };
	}
}

struct interval_written {
	const struct doc_node *times, *weekdays, *days, *months, *years;
	const char *location;
};
#define INTERVAL(member) offsetof(struct interval_written, member)
static const struct doc_key interval_keys[] = {
	{ "times", doc_raw, INTERVAL(times) },
	{ "weekdays", doc_raw, INTERVAL(weekdays) },
	{ "days_of_month", doc_raw, INTERVAL(days) },
	{ "months", doc_raw, INTERVAL(months) },
	{ "years", doc_raw, INTERVAL(years) },
	{ "location", doc_text, INTERVAL(location) },
	{ 0 },
};
static const struct doc_shape interval_shape = { "time interval", sizeof(struct interval_written),
	interval_keys, NULL, NULL };

static void read_interval(struct reader *r, const struct doc_node *node, struct time_interval *to)
{
	struct interval_written w = { 0 };

	doc_read(&r->doc, &interval_shape, node, &w);
	read_times(r, w.times, &to->times);
	read_ranges(r, &weekdays, w.weekdays, &to->weekdays);
	read_ranges(r, &days, w.days, &to->days);
	read_ranges(r, &months, w.months, &to->months);
	read_ranges(r, &years, w.years, &to->years);
	to->zone = w.location ? r->world->zone(r->world->ctx, w.location) : tz_utc();
	if (!to->zone)
		doc_error(&r->doc, doc_at(node, "location"), "unknown time zone %s", w.location);
}

static void keep_intervals(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct intervals_written *)to)->node = node;
}

static const struct doc_key intervals_keys[] = {
	{ "name", doc_text, offsetof(struct intervals_written, name) },
	{ "time_intervals", doc_raw, offsetof(struct intervals_written, intervals) },
	{ 0 },
};
static const struct doc_shape intervals_shape = { "time intervals",
	sizeof(struct intervals_written), intervals_keys, NULL, keep_intervals };

static void read_named(struct reader *r, const struct intervals_written *w)
{
	struct time_intervals *to = &r->am->intervals[r->am->n_intervals];
	const struct doc_node *list = w->intervals;

	if (!w->node)
		return;
	if (!w->name || !*w->name) {
		doc_error(&r->doc, w->node, "missing name in time interval");
		return;
	}
	for (uint32_t i = 0; i < r->am->n_intervals; i++)
		if (str_eq(r->am->intervals[i].name, w->name))
			doc_error(&r->doc, w->node, "time interval \"%s\" is not unique", w->name);
	to->name = w->name;
	r->am->n_intervals++;
	if (list && list->kind != DOC_SEQUENCE)
		doc_expected(&r->doc, &(struct doc_key){ .name = "time_intervals" }, list,
			"a list");
	if (!list || list->kind != DOC_SEQUENCE)
		return;
	to->v = doc_alloc(&r->doc, list->n * sizeof *to->v);
	for (uint32_t i = 0; to->v && i < list->n; i++)
		read_interval(r, list->values[i], &to->v[to->n++]);
}

static void read_all_intervals(struct reader *r, const struct file_written *w)
{
	const struct doc_list *lists[] = { &w->mute_time_intervals, &w->time_intervals };
	uint32_t n = w->mute_time_intervals.n + w->time_intervals.n;

	r->am->intervals = doc_alloc(&r->doc, n * sizeof *r->am->intervals);
	for (size_t i = 0; r->am->intervals && i < COUNT(lists); i++)
		for (uint32_t k = 0; k < lists[i]->n; k++)
			read_named(r, &((const struct intervals_written *)lists[i]->v)[k]);
}

/* The file */

static void init_global(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct global_written *)to =
		(struct global_written){ .resolve_timeout_ms = RESOLVE_TIMEOUT_MS, .smtp_needs_tls = 1 };
}

#define GLOBAL(member) offsetof(struct global_written, member)
/* What belongs to receivers that are refused does no harm. */
static const struct doc_key global_keys[] = {
	{ "resolve_timeout", take_duration, GLOBAL(resolve_timeout_ms) },
	{ "smtp_from", doc_text, GLOBAL(smtp_from) },
	{ "smtp_smarthost", doc_text, GLOBAL(smtp_smarthost) },
	{ "smtp_hello", doc_ignored, 0 },
	{ "smtp_require_tls", doc_flag_set, GLOBAL(smtp_needs_tls) },
	{ "smtp_auth_identity", doc_ignored, 0 },
	{ "smtp_auth_secret", doc_refused, 0, .hint = SMTP },
	{ "smtp_auth_secret_file", doc_refused, 0, .hint = SMTP },
	{ "smtp_tls_config", doc_refused, 0, .hint = SMTP },
	{ "smtp_force_implicit_tls", doc_refused, 0, .hint = SMTP },
	{ "smtp_auth_username", doc_refused, 0, .hint = SMTP },
	{ "smtp_auth_password", doc_refused, 0, .hint = SMTP },
	{ "smtp_auth_password_file", doc_refused, 0, .hint = SMTP },
	{ "http_config", doc_refused, 0, .hint = "only plain connections are made" },
	{ "slack_api_url", doc_ignored, 0 },
	{ "slack_api_url_file", doc_ignored, 0 },
	{ "slack_app_token", doc_ignored, 0 },
	{ "slack_app_token_file", doc_ignored, 0 },
	{ "slack_app_url", doc_ignored, 0 },
	{ "pagerduty_url", doc_ignored, 0 },
	{ "opsgenie_api_url", doc_ignored, 0 },
	{ "opsgenie_api_key", doc_ignored, 0 },
	{ "opsgenie_api_key_file", doc_ignored, 0 },
	{ "victorops_api_url", doc_ignored, 0 },
	{ "victorops_api_key", doc_ignored, 0 },
	{ "victorops_api_key_file", doc_ignored, 0 },
	{ "wechat_api_url", doc_ignored, 0 },
	{ "wechat_api_secret", doc_ignored, 0 },
	{ "wechat_api_corp_id", doc_ignored, 0 },
	{ "telegram_api_url", doc_ignored, 0 },
	{ "telegram_bot_token", doc_ignored, 0 },
	{ "telegram_bot_token_file", doc_ignored, 0 },
	{ "webex_api_url", doc_ignored, 0 },
	{ "jira_api_url", doc_ignored, 0 },
	{ "wechat_api_secret_file", doc_ignored, 0 },
	{ "rocketchat_api_url", doc_ignored, 0 },
	{ "rocketchat_token", doc_ignored, 0 },
	{ "rocketchat_token_file", doc_ignored, 0 },
	{ "rocketchat_token_id", doc_ignored, 0 },
	{ "rocketchat_token_id_file", doc_ignored, 0 },
	{ "mattermost_webhook_url", doc_ignored, 0 },
	{ "mattermost_webhook_url_file", doc_ignored, 0 },
	{ 0 },
};
static const struct doc_shape global_shape = { "global", sizeof(struct global_written), global_keys,
	init_global, NULL };

static void init_file(struct doc_reader *r, void *to)
{
	*(struct file_written *)to = (struct file_written){ 0 };
	init_global(r, &((struct file_written *)to)->global);
}

static void warn_templates(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	(void)to;
	if (node->n > 0)
		doc_warning(r, node, "%s: not used: " OURS, key->name);
}

#define FILE_(member) offsetof(struct file_written, member)
static const struct doc_key file_keys[] = {
	{ "global", doc_mapping, FILE_(global), .shape = &global_shape },
	{ "route", doc_raw, FILE_(route) },
	{ "inhibit_rules", doc_list, FILE_(inhibit_rules), .shape = &inhibit_shape },
	{ "receivers", doc_list, FILE_(receivers), .shape = &receiver_shape },
	{ "templates", warn_templates, 0 },
	{ "time_intervals", doc_list, FILE_(time_intervals), .shape = &intervals_shape },
	{ "mute_time_intervals", doc_list, FILE_(mute_time_intervals), .shape = &intervals_shape },
	{ 0 },
};
static const struct doc_shape file_shape = { "Alertmanager configuration",
	sizeof(struct file_written), file_keys, init_file, NULL };

enum rc alertmanager_read(struct alertmanager **ret, const struct doc *doc,
	const struct alertmanager_world *world, struct findings *findings, struct err *e)
{
	scoped(alertmanager_free) struct alertmanager *am = must_alloc(sizeof *am);
	struct reader r = { .world = world, .am = am };
	uint32_t before = findings->n_errors;
	struct file_written w;

	arena_init(&am->arena, RULE_FILE_BYTES_MAX);
	r.doc = (struct doc_reader){ .arena = &am->arena,
		.findings = findings,
		.file = doc->file,
		.folder = "",
		.within = "" };
	doc_read(&r.doc, &file_shape, doc->root, &w);
	am->resolve_timeout_ms = w.global.resolve_timeout_ms;
	read_receivers(&r, &w);
	read_all_intervals(&r, &w);
	read_inhibit_rules(&r, &w.inhibit_rules);
	read_root(&r, doc, w.route);
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "%s: %u errors", doc->file,
			findings->n_errors - before);
	*ret = TAKE(am);
	return RC_OK;
}

static void fini_route(struct alert_route *r)
{
	for (uint32_t i = 0; i < r->n_routes; i++)
		fini_route(&r->routes[i]);
	matcher_list_fini(&r->matchers);
}

void alertmanager_free(struct alertmanager *am)
{
	if (!am)
		return;
	if (am->root)
		fini_route(am->root);
	for (uint32_t i = 0; i < am->n_inhibit_rules; i++) {
		matcher_list_fini(&am->inhibit_rules[i].sources);
		matcher_list_fini(&am->inhibit_rules[i].targets);
	}
	arena_fini(&am->arena);
	free(am);
}

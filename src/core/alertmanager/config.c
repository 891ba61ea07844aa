/* SPDX-License-Identifier: Apache-2.0 */
/* The file itself, and what it says of all. */
#include "base/golang.h"
#include "base/limits.h"
#include "core/alertmanager/config_private.h"

#define RESOLVE_TIMEOUT_MS (5 * MINUTE_MS)

void alertmanager_take_duration(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct err e = { 0 };

	if (node->kind != DOC_SCALAR)
		doc_expected(r, key, node, "a duration such as 30s or 4h");
	else if (go_parse_duration(node->text, to, &e) != RC_OK)
		doc_error(r, node, "%s: %s", key->name, e.text);
}

static void init_global(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct global_written *)to =
		(struct global_written){ .resolve_timeout_ms = RESOLVE_TIMEOUT_MS,
			.smtp_needs_tls = 1 };
}

#define GLOBAL(member) offsetof(struct global_written, member)
/* What belongs to receivers that are refused does no harm. */
static const struct doc_key global_keys[] = {
	{ "resolve_timeout", alertmanager_take_duration, GLOBAL(resolve_timeout_ms) },
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
	{ "http_config", doc_pointer, GLOBAL(http), .shape = &http_written_shape },
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
	{ "inhibit_rules", doc_list, FILE_(inhibit_rules), .shape = &alertmanager_inhibit_shape },
	{ "receivers", doc_list, FILE_(receivers), .shape = &alertmanager_receiver_shape },
	{ "templates", warn_templates, 0 },
	{ "time_intervals", doc_list, FILE_(time_intervals),
		.shape = &alertmanager_intervals_shape },
	{ "mute_time_intervals", doc_list, FILE_(mute_time_intervals),
		.shape = &alertmanager_intervals_shape },
	{ 0 },
};
static const struct doc_shape file_shape = { "Alertmanager configuration",
	sizeof(struct file_written), file_keys, init_file, NULL };

/* Alertmanager, too, looks for files beside the one that names them. */
static const char *folder_of(struct arena *a, const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? arena_strndup(a, file, (size_t)(slash - file) + 1) : "";
}

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
		.folder = folder_of(&am->arena, doc->file),
		.within = "" };
	doc_read(&r.doc, &file_shape, doc->root, &w);
	am->resolve_timeout_ms = w.global.resolve_timeout_ms;
	alertmanager_read_receivers(&r, &w);
	alertmanager_read_intervals(&r, &w);
	alertmanager_read_inhibit_rules(&r, &w.inhibit_rules);
	alertmanager_read_routes(&r, doc, w.route);
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

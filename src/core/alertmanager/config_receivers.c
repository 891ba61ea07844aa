/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told, by which ways. */
#include "core/alertmanager/config_private.h"

/* As it is written. */
struct receiver_written {
	const char *name;
	struct doc_list webhooks, discords, emails;
	const struct doc_node *node;
};

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

bool alertmanager_has_receiver(const struct alertmanager *am, const char *name)
{
	for (uint32_t i = 0; i < am->n_receivers; i++)
		if (str_eq(am->receivers[i].name, name))
			return true;
	return false;
}

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
static const struct doc_key webhook_keys[] = {
	{ "send_resolved", doc_flag, WAY(is_told_resolved) },
	{ "url", doc_inline, WAY(url) },
	{ "url_file", doc_secret_file, WAY(url) },
	{ "http_config", doc_pointer, WAY(http), .shape = &http_written_shape },
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
	{ "http_config", doc_pointer, WAY(http), .shape = &http_written_shape },
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
const struct doc_shape alertmanager_receiver_shape = { "receiver", sizeof(struct receiver_written),
	receiver_keys, NULL, keep_receiver };

static void add_ways(struct receiver *to, const struct doc_list *list, enum integration_kind kind)
{
	const struct way_written *w = list->v;

	for (uint32_t i = 0; i < list->n; i++) {
		to->integrations[to->n_integrations] = w[i].to;
		to->integrations[to->n_integrations++].kind = kind;
	}
}

/* Settings aren't merged: a receiver's own stand for all of the global ones. */
static void complete_webhooks(const struct global_written *global, struct receiver *to)
{
	for (uint32_t i = 0; i < to->n_integrations; i++)
		if (to->integrations[i].kind != INTEGRATION_EMAIL && !to->integrations[i].http)
			to->integrations[i].http = global->http;
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
	if (alertmanager_has_receiver(r->am, w->name))
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
	complete_webhooks(&file->global, to);
	complete_mails(r, &file->global, w, to);
}

void alertmanager_read_receivers(struct reader *r, const struct file_written *file)
{
	const struct receiver_written *w = file->receivers.v;

	r->am->receivers = doc_alloc(&r->doc, file->receivers.n * sizeof *r->am->receivers);
	for (uint32_t i = 0; r->am->receivers && i < file->receivers.n; i++)
		read_receiver(r, file, &w[i]);
}

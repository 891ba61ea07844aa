/* SPDX-License-Identifier: Apache-2.0 */
/* show: the file as it is in force, for those who ask a site for it: as YAML again, without what
 * is secret. */
#include "base/json.h"
#include "core/alertmanager/config.h"

#define SECRET "<secret>" /* Alertmanager's own word, which amtool takes for one */

/* Hidden is each text in it: its shape stays, which whoever reads the file again expects. */
static void show(const struct doc_node *node, unsigned depth, bool is_hidden, struct str *out);

static void indent(unsigned depth, struct str *out)
{
	str_addc(out, '\n');
	for (unsigned i = 0; i < depth; i++)
		str_add(out, "  ");
}

/* A text of JSON is one of YAML; what isn't quoted in the file may be a number. */
static void show_text(const char *text, size_t n, bool is_quoted, struct str *out)
{
	bool is_word = n > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz"
					     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") == n;
	struct json_out w;

	if (is_word && !is_quoted && *text != '-' && *text != '.') {
		str_addn(out, text, n);
		return;
	}
	json_begin(&w, out);
	json_textn(&w, NULL, text, n);
}

/* Of a private key that stands in the file; labels may be called `key`, too. */
static bool is_private_key(const char *key, const struct doc_node *node)
{
	return str_eq(key, "key") && node->kind == DOC_SCALAR && strstr(node->text, "PRIVATE");
}

static bool is_secret(const char *key, const struct doc_node *node)
{
	static const char *const keys[] = { "webhook_url", "url", "api_url", "smtp_auth_password",
		"smtp_auth_secret", "auth_password", "auth_secret", "password", "credentials",
		"bearer_token", "client_secret", "proxy_connect_header", "secrets", "slack_api_url",
		"slack_app_token", "opsgenie_api_key", "victorops_api_key", "wechat_api_secret",
		"telegram_bot_token", "rocketchat_token", "rocketchat_token_id",
		"mattermost_webhook_url" };

	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_eq(key, keys[i]))
			return true;
	return is_private_key(key, node);
}

/* The password in "http://user:password@host/"; false when none stands there. */
static bool find_password(const char *text, const char **ret_from, const char **ret_end)
{
	const char *user = strstr(text, "://"), *colon, *host, *at = NULL;

	if (!user)
		return false;
	user += 3;
	host = user + strcspn(user, "/?#");
	for (const char *p = user; p < host; p++)
		if (*p == '@')
			at = p;
	colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
	if (!colon)
		return false;
	*ret_from = colon + 1;
	*ret_end = at;
	return true;
}

static void show_scalar(const struct doc_node *node, bool is_hidden, struct str *out)
{
	scoped(str_fini) struct str redacted = STR_EMPTY;
	const char *from, *end;

	str_addc(out, ' ');
	if (is_hidden) {
		str_add(out, "\"" SECRET "\"");
	} else if (find_password(node->text, &from, &end)) {
		str_addn(&redacted, node->text, (size_t)(from - node->text));
		str_addf(&redacted, "xxxxx%s", end); /* as Go prints such a URL */
		show_text(str_c(&redacted), redacted.len, true, out);
	} else {
		show_text(node->text, node->text_len, node->is_quoted, out);
	}
}

static void show_mapping(const struct doc_node *node, unsigned depth, bool is_hidden,
	struct str *out)
{
	for (uint32_t i = 0; i < node->n; i++) {
		indent(depth, out);
		show_text(node->keys[i]->text, node->keys[i]->text_len, node->keys[i]->is_quoted,
			out);
		str_addc(out, ':');
		show(node->values[i], depth + 1,
			is_hidden || is_secret(node->keys[i]->text, node->values[i]), out);
	}
}

static void show(const struct doc_node *node, unsigned depth, bool is_hidden, struct str *out)
{
	if (node->kind == DOC_SCALAR) {
		show_scalar(node, is_hidden, out);
	} else if (node->kind == DOC_MAPPING && node->n) {
		show_mapping(node, depth, is_hidden, out);
	} else if (node->kind == DOC_SEQUENCE && node->n) {
		for (uint32_t i = 0; i < node->n; i++) {
			indent(depth, out);
			str_addc(out, '-');
			show(node->values[i], depth + 1, is_hidden, out);
		}
	} else if (node->kind != DOC_NULL) {
		str_add(out, node->kind == DOC_MAPPING ? " {}" : " []");
	}
}

void alertmanager_show(const struct doc_node *root, struct str *out)
{
	show(root, 0, false, out);
	str_addc(out, '\n');
	if (out->len && out->s[0] == '\n')
		str_consume(out, 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* show: the file as it is in force, for those who ask a site for it: as YAML again, without what
 * is secret. */
#include "base/json.h"
#include "core/alertmanager/config.h"

#define SECRET "<secret>" /* Alertmanager's own word, which amtool takes for one */

static void show(const struct doc_node *node, unsigned depth, struct str *out);

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

static bool is_secret(const char *key)
{
	static const char *const keys[] = { "webhook_url", "url", "api_url", "smtp_auth_password",
		"smtp_auth_secret", "auth_password", "auth_secret", "password", "credentials",
		"bearer_token", "client_secret" };

	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_eq(key, keys[i]))
			return true;
	return false;
}

static void show_value(const char *key, const struct doc_node *node, unsigned depth,
	struct str *out)
{
	if (node->kind == DOC_SCALAR && is_secret(key)) {
		str_add(out, " \"" SECRET "\"");
		return;
	}
	show(node, depth, out);
}

static void show_mapping(const struct doc_node *node, unsigned depth, struct str *out)
{
	for (uint32_t i = 0; i < node->n; i++) {
		indent(depth, out);
		show_text(node->keys[i]->text, node->keys[i]->text_len, node->keys[i]->is_quoted,
			out);
		str_addc(out, ':');
		show_value(node->keys[i]->text, node->values[i], depth + 1, out);
	}
}

static void show(const struct doc_node *node, unsigned depth, struct str *out)
{
	if (node->kind == DOC_SCALAR) {
		str_addc(out, ' ');
		show_text(node->text, node->text_len, node->is_quoted, out);
	} else if (node->kind == DOC_MAPPING && node->n) {
		show_mapping(node, depth, out);
	} else if (node->kind == DOC_SEQUENCE && node->n) {
		for (uint32_t i = 0; i < node->n; i++) {
			indent(depth, out);
			str_addc(out, '-');
			show(node->values[i], depth + 1, out);
		}
	} else if (node->kind != DOC_NULL) {
		str_add(out, node->kind == DOC_MAPPING ? " {}" : " []");
	}
}

void alertmanager_show(const struct doc_node *root, struct str *out)
{
	show(root, 0, out);
	str_addc(out, '\n');
	if (out->len && out->s[0] == '\n')
		str_consume(out, 1);
}

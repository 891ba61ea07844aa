/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/types.h"

#include "core/lab/address.h"
#include "core/lab/reader.h"

#define SECRET_NAME "{file: PATH}, {env: NAME} or {credential: NAME}"

static bool is_variable(const char *text)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char rest[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	return text[0] && strchr(first, text[0]) && strspn(text, rest) == strlen(text);
}

/* systemd's rule for credential names: a file name. */
static bool is_credential(const char *text)
{
	return text[0] && text[0] != '.' && strlen(text) <= 255 && !strchr(text, '/');
}

static bool is_file(const char *text)
{
	return text[0] != '\0';
}

static const struct {
	const char *key;
	enum secret_kind kind;
	bool (*accepts)(const char *);
} secret_kinds[] = {
	{ "file", SECRET_FILE, is_file },
	{ "env", SECRET_ENV, is_variable },
	{ "credential", SECRET_CREDENTIAL, is_credential },
};

static void read_secret(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	const struct doc_node *value =
		node->kind == DOC_MAPPING && node->n == 1 ? node->values[0] : NULL;

	(void)key;
	if (node->kind == DOC_SCALAR) { /* what was written is not repeated */
		reader_error(r, node, "a secret must not stand in the file: write " SECRET_NAME);
		return;
	}
	for (size_t i = 0; value && i < COUNT(secret_kinds); i++) {
		if (!str_eq(secret_kinds[i].key, node->keys[0]->text))
			continue;
		if (value->kind != DOC_SCALAR || !secret_kinds[i].accepts(value->text))
			break;
		*(struct secret *)to = (struct secret){
			.kind = secret_kinds[i].kind,
			.name = secret_kinds[i].kind == SECRET_FILE ? reader_path(r, value)
								    : reader_text(r, value),
		};
		return;
	}
	reader_error(r, node, "expected a secret: " SECRET_NAME);
}

/* A generic webhook's URL need not be a secret. */
static void read_webhook_url(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	struct lab_channel *channel = to;

	if (node->kind == DOC_SCALAR)
		url_type.read(r, key, node, &channel->url_plain);
	else
		read_secret(r, key, node, &channel->url);
}

static void read_inline_secret(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	struct secret *secret = to;

	if (!reader_scalar(r, key, node))
		return;
	*secret = (struct secret){
		.kind = SECRET_INLINE,
		.name = arena_printf(r->arena, "%s:%u", r->file, node->line),
		.value = reader_text(r, node),
	};
	finding_warning(r->findings, reader_place(r, node),
		"%s: a secret stands in the file; %s_file keeps it out", key->name, key->name);
}

static void read_secret_path(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	if (reader_scalar(r, key, node))
		*(struct secret *)to = (struct secret){ SECRET_FILE, reader_path(r, node), NULL };
}

#define SECRET_SCHEMA                                                                \
	"\"type\": \"object\", \"properties\": {\"file\": {\"type\": \"string\"}, "  \
	"\"env\": {\"type\": \"string\"}, \"credential\": {\"type\": \"string\"}}, " \
	"\"additionalProperties\": false, \"minProperties\": 1, \"maxProperties\": 1"

const struct type secret_type = { SECRET_NAME, "secret", read_secret, .schema = SECRET_SCHEMA };
const struct type webhook_url_type = { "a URL or a secret", "URL or secret", read_webhook_url,
	.schema = "\"anyOf\": [{\"type\": \"string\"}, {" SECRET_SCHEMA "}]" };
const struct type inline_secret_type = { "a text", "text", read_inline_secret,
	.schema = TEXT_SCHEMA };
const struct type secret_path_type = { "a path", "path", read_secret_path,
	.schema = "\"type\": \"string\"" };

static void read_unsupported(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	(void)to;
	reader_refuse(r, r->at_key ? r->at_key : node, "'%s' is not supported yet", key->name);
}

static void read_unsupported_flag(struct reader *r, const struct key *key,
	const struct doc_node *node, void *to)
{
	bool is_on = true;

	if (node->kind != DOC_SCALAR || !parse_flag(node->text, &is_on))
		reader_expected(r, key, node);
	else if (is_on)
		read_unsupported(r, key, node, to);
}

const struct type unsupported_type = { "nothing", "not supported yet", read_unsupported,
	.schema = "\"not\": {}" };
const struct type unsupported_flag_type = { "true or false", "not supported yet",
	read_unsupported_flag, .schema = "\"const\": false" };

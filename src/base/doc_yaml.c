/* SPDX-License-Identifier: Apache-2.0 */
#include "base/doc_yaml.h"

#include "base/number.h"

#include <ctype.h>
#include <strings.h>

struct writing {
	struct str *out;
	doc_yaml_mask *mask;
};

/* ---- scalars: YAML 1.2, chapter 7.3 */

static bool means_more(const char *text)
{
	static const char *const words[] = { "~", "null", "true", "false", "yes", "no", "on", "off",
		"y", "n", ".nan", ".inf", "-.inf", "+.inf" };
	double v;

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return number_parse(text, strlen(text), &v) == NUMBER_OK || str_starts(text, "0x") ||
	       str_starts(text, "0o");
}

/* Where nothing in it could be taken for something else. */
static bool is_plain(const char *text)
{
	if (!isalnum((unsigned char)*text) && !strchr("/_.($^~+", *text))
		return false;
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || strchr("{}[],#\"'`*&!|>%@\\\x7f", *c) ||
			(unsigned char)*c >= 0x80)
			return false;
		if (*c == ':' && (c[1] == ' ' || !c[1]))
			return false;
		if (*c == ' ' && !c[1])
			return false;
	}
	return *text != '\0';
}

static bool has_controls(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static void write_escaped(struct str *out, const char *text)
{
	str_addc(out, '"');
	for (; *text; text++) {
		if (*text == '\n')
			str_add(out, "\\n");
		else if (*text == '\t')
			str_add(out, "\\t");
		else if (*text == '"' || *text == '\\')
			str_addf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			str_addf(out, "\\x%02x", (unsigned)*text);
		else
			str_addc(out, *text);
	}
	str_addc(out, '"');
}

static void write_quoted(struct str *out, const char *text)
{
	str_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			str_addc(out, '\'');
		str_addc(out, *text);
	}
	str_addc(out, '\'');
}

static void write_text(struct str *out, const char *text, bool is_quoted)
{
	if (has_controls(text))
		write_escaped(out, text);
	else if (!is_plain(text) || (is_quoted && means_more(text)))
		write_quoted(out, text);
	else
		str_add(out, text);
}

/* ---- trees */

static bool is_leaf(const struct doc_node *n)
{
	return n->kind == DOC_NULL || n->kind == DOC_SCALAR || n->n == 0;
}

static void write_leaf(struct str *out, const struct doc_node *n)
{
	if (n->kind == DOC_NULL)
		str_add(out, "null");
	else if (n->kind == DOC_SCALAR)
		write_text(out, n->text, n->is_quoted);
	else
		str_add(out, n->kind == DOC_MAPPING ? "{}" : "[]");
	str_addc(out, '\n');
}

static void begin_line(struct str *out, uint32_t depth)
{
	if (!out->len || out->s[out->len - 1] == '\n')
		str_addf(out, "%*s", (int)depth, "");
}

static void write_node(const struct writing *w, const struct doc_node *n, uint32_t depth);

static void write_pair(const struct writing *w, const char *key, const struct doc_node *value,
	uint32_t depth)
{
	const char *instead = w->mask ? w->mask(key, value) : NULL;

	begin_line(w->out, depth);
	write_text(w->out, key, true);
	str_addc(w->out, ':');
	if (instead) {
		str_addf(w->out, " %s\n", instead);
	} else if (is_leaf(value)) {
		str_addc(w->out, ' ');
		write_leaf(w->out, value);
	} else {
		str_addc(w->out, '\n');
		write_node(w, value, value->kind == DOC_MAPPING ? depth + 2 : depth);
	}
}

static void write_item(const struct writing *w, const struct doc_node *n, uint32_t depth)
{
	begin_line(w->out, depth);
	str_add(w->out, "- ");
	if (is_leaf(n))
		write_leaf(w->out, n);
	else
		write_node(w, n, depth + 2);
}

static void write_node(const struct writing *w, const struct doc_node *n, uint32_t depth)
{
	for (uint32_t i = 0; i < n->n; i++)
		if (n->kind == DOC_MAPPING)
			write_pair(w, n->keys[i]->text, n->values[i], depth);
		else
			write_item(w, n->values[i], depth);
}

void doc_yaml_write(struct str *out, const char *key, const struct doc_node *value,
	doc_yaml_mask *mask)
{
	const struct writing w = { out, mask };

	if (key)
		write_pair(&w, key, value, 0);
	else
		write_node(&w, value, 0);
}

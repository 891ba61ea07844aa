/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/types.h"

#include "base/limits.h"

#include "core/lab/reader.h"

#include <ctype.h>
#include <inttypes.h>

/* YAML 1.1's words are taken too: blackbox_exporter takes them, and nobody means text by them. */
bool parse_flag(const char *text, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true },
		{ "false", false },
		{ "yes", true },
		{ "no", false },
		{ "on", true },
		{ "off", false },
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

static void read_flag(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	if (node->kind != DOC_SCALAR || !parse_flag(node->text, to))
		reader_expected(r, key, node);
}

static void read_inverted_flag(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	bool value;

	if (node->kind == DOC_SCALAR && parse_flag(node->text, &value))
		*(bool *)to = !value;
	else
		reader_expected(r, key, node);
}

static bool parse_number(const char *text, int64_t *ret)
{
	int64_t value = 0;

	if (!*text || strlen(text) > 12)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		value = 10 * value + (*text - '0');
	}
	*ret = value;
	return true;
}

static void store_number(void *to, uint8_t size_bytes, int64_t value)
{
	switch (size_bytes) {
	case 1:
		*(uint8_t *)to = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)to = (uint16_t)value;
		break;
	default:
		*(int64_t *)to = value;
	}
}

static void read_number(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	const struct type *type = key->type;
	int64_t value;

	if (!reader_scalar(r, key, node))
		return;
	if (!parse_number(node->text, &value))
		reader_expected(r, key, node);
	else if (value < type->low || value > type->high)
		reader_error(r, node, "%s is not between %" PRId64 " and %" PRId64, node->text,
			type->low, type->high);
	else
		store_number(to, type->size_bytes, value);
}

/* "64", "64KB", "1MiB": powers of 1024 either way, as in blackbox_exporter's body_size_limit. */
static bool parse_size(const char *text, int64_t *ret)
{
	static const char units[] = "KMGT";
	char digits[13] = { 0 };
	size_t n = strspn(text, "0123456789");
	const char *unit = text + n;
	const char *power = *unit ? strchr(units, toupper((unsigned char)*unit)) : NULL;
	int64_t value;

	if (n >= sizeof digits)
		return false;
	memcpy(digits, text, n);
	if (!parse_number(digits, &value))
		return false;
	if (power)
		unit += strncasecmp(unit + 1, "ib", 2) == 0 ? 2 : 1;
	if (*unit && strcasecmp(unit, "b") != 0)
		return false;
	for (const char *p = units; power && p <= power; p++) {
		if (value > INT64_MAX / 1024)
			return false;
		value *= 1024;
	}
	*ret = value;
	return true;
}

static void read_size(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	int64_t value;

	if (!reader_scalar(r, key, node))
		return;
	if (parse_size(node->text, &value))
		*(uint64_t *)to = (uint64_t)value;
	else
		reader_expected(r, key, node);
}

#define NUMBER(what, low_, high_, member_bytes)                                \
	{                                                                      \
		what, "number", read_number, .low = (low_), .high = (high_),   \
					     .size_bytes = (member_bytes),     \
					     .schema = "\"type\": \"integer\"" \
	}

const struct type flag_type = { "true or false", "true or false", read_flag,
	.schema = "\"type\": \"boolean\"" };
const struct type inverted_flag_type = { "true or false", "true or false", read_inverted_flag,
	.schema = "\"type\": \"boolean\"" };
const struct type confirm_type = NUMBER("a number from 1 to 10", 1, 10, 1);
const struct type percent_type = NUMBER("a number from 0 to 99", 0, 99, 1);
const struct type ttl_type = NUMBER("a number from 0 to 255", 0, 255, 1);
const struct type packets_type = NUMBER("a number from 1 to 20", 1, 20, 2);
const struct type payload_type = NUMBER("a number of bytes up to 65507", 0, 65507, 2);
const struct type exemplars_max_type =
	NUMBER("a number of exemplars up to a million", 0, EXEMPLARS_MAX, sizeof(int64_t));
const struct type size_type = {
	"a size such as 64KB or 1MB", "size", read_size,
	.schema =
		"\"type\": [\"string\", \"integer\"], \"pattern\": \"^[0-9]+([KMGTkmgt]i?)?[Bb]?$\""
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/types.h"

#include "core/lab/reader.h"

static void read_key(struct reader *r, const struct key *key, const struct doc_node *node, void *to)
{
	struct err e = { 0 };

	if (reader_scalar(r, key, node) && key_parse(node->text, to, &e) != RC_OK)
		reader_error(r, node, "%s", e.text);
}

static void read_ref(struct reader *r, const struct key *key, const struct doc_node *node, void *to)
{
	if (reader_scalar(r, key, node))
		*(const struct doc_node **)to = node;
}

static void read_refs(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	bool is_list = node->kind == DOC_SEQUENCE;
	uint32_t n = is_list ? node->n : 1;
	struct refs refs = { .items = reader_alloc(r, n * sizeof *refs.items) };

	for (uint32_t i = 0; refs.items && i < n; i++) {
		const struct doc_node *it = is_list ? node->values[i] : node;

		if (reader_scalar(r, key, it))
			refs.items[refs.n++] = it;
	}
	*(struct refs *)to = refs;
}

static void read_matchers(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	struct err e = { 0 };

	if (!reader_scalar(r, key, node))
		return;
	if (r->source->matchers && r->source->matchers(node->text, &e) != RC_OK)
		finding_error(r->findings, reader_place(r, node), "%s", e.text);
	else
		*(const struct doc_node **)to = node;
}

static void read_texts(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	bool is_list = node->kind == DOC_SEQUENCE;
	uint32_t n = is_list ? node->n : 1;
	struct texts texts = { .items = reader_alloc(r, n * sizeof *texts.items) };

	for (uint32_t i = 0; texts.items && i < n; i++) {
		const struct doc_node *it = is_list ? node->values[i] : node;

		if (reader_scalar(r, key, it))
			texts.items[texts.n++] = reader_text(r, it);
	}
	*(struct texts *)to = texts;
}

static void read_pairs(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	struct text_pairs pairs = { 0 };

	if (node->kind != DOC_MAPPING) {
		reader_expected(r, key, node);
		return;
	}
	pairs.names = reader_alloc(r, node->n * sizeof *pairs.names);
	pairs.values = reader_alloc(r, node->n * sizeof *pairs.values);
	for (uint32_t i = 0; pairs.names && pairs.values && i < node->n; i++) {
		if (node->values[i]->kind != DOC_SCALAR) {
			reader_error(r, node->values[i], "'%.64s' must have a text",
				node->keys[i]->text);
			continue;
		}
		pairs.names[pairs.n] = reader_text(r, node->keys[i]);
		pairs.values[pairs.n++] = reader_text(r, node->values[i]);
	}
	*(struct text_pairs *)to = pairs;
}

static void read_foreign(struct reader *r, const struct key *key, const struct doc_node *node,
	const struct doc_node **to)
{
	enum doc_kind wanted = key->type == &foreign_list_type ? DOC_SEQUENCE : DOC_MAPPING;

	if (node->kind == wanted)
		*to = node;
	else
		reader_expected(r, key, node);
}

static void read_foreign_mapping(struct reader *r, const struct key *key,
	const struct doc_node *node, void *to)
{
	read_foreign(r, key, node, to);
}

static void read_foreign_list(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	read_foreign(r, key, node, to);
}

const struct type key_type = { "a key such as ed25519:...", "key", read_key,
	.schema = "\"type\": \"string\", \"pattern\": \"^ed25519:\"" };
const struct type ref_type = { "a name", "name", read_ref, .schema = "\"type\": \"string\"" };
const struct type target_type = { "a target", "target", read_ref, .schema = TEXT_SCHEMA };
const struct type refs_type = { "a name or a list of names", "names", read_refs,
	.schema = "\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": {\"type\": "
		  "\"string\"}}]" };
const struct type files_type = { "a file or a list of files", "files", read_refs,
	.schema = "\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": {\"type\": "
		  "\"string\"}}]" };
const struct type file_type = { "a file", "file", read_ref, .schema = "\"type\": \"string\"" };
const struct type foreign_mapping_type = { "a mapping", "as in Prometheus", read_foreign_mapping,
	.schema = "\"type\": \"object\"" };
const struct type foreign_list_type = { "a list", "as in Prometheus", read_foreign_list,
	.schema = "\"type\": \"array\"" };
const struct type matchers_type = { "matchers such as {site=\"mumbai\"}", "matchers", read_matchers,
	.schema = "\"type\": \"string\"" };
const struct type texts_type = { "a text or a list of texts", "texts", read_texts,
	.schema = TEXTS_SCHEMA };
const struct type pairs_type = { "a mapping of texts", "mapping of texts", read_pairs,
	.schema = "\"type\": \"object\", \"additionalProperties\": {" TEXT_SCHEMA "}" };

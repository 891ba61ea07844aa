/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc: a parsed document (YAML, or the JSON inside it) as a neutral tree that knows where every
 * node stood.
 *
 * port/yaml builds it; core/lab and the readers of foreign files (blackbox modules, rule files)
 * walk it.  Everything lives in the document's arena.
 */
#ifndef BASE_DOC_H
#define BASE_DOC_H

#include "base/arena.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum doc_kind { DOC_NULL, DOC_SCALAR, DOC_SEQUENCE, DOC_MAPPING };

struct doc_node {
	enum doc_kind kind;
	bool is_quoted;        /* scalars: "5" is text, 5 may be a number */
	uint32_t line, column; /* 1-based, of the first character of the value */
	const char *text;      /* scalars: the value, terminated */
	size_t text_len;
	/* Children of sequences and mappings, in the order of the file. */
	uint32_t n;
	struct doc_node **keys;   /* mappings only: always scalars */
	struct doc_node **values; /* mappings and sequences */
};

struct doc {
	struct arena arena;
	const char *file;   /* as given, for messages */
	struct sha256 hash; /* of the file's bytes */
	struct doc_node *root;
};

/* NULL when absent, and when `mapping` is NULL or something else. */
struct doc_node *doc_get(const struct doc_node *mapping, const char *key);

#endif

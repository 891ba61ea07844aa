/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_yaml: a document, or a part of one, as YAML again: in block style, two blanks deep, without
 * comments and anchors.  What is read from it is what was written, but for the places.
 */
#ifndef BASE_DOC_YAML_H
#define BASE_DOC_YAML_H

#include "base/doc.h"
#include "base/str.h"

/* Of a key and its value: what stands instead of the value; NULL: itself. */
typedef const char *doc_yaml_mask(const char *key, const struct doc_node *value);

/* "KEY: ..." with all that is below, or "- ..." of each item where `key` is NULL.  `mask` may be
 * NULL. */
void doc_yaml_write(struct str *out, const char *key, const struct doc_node *value,
	doc_yaml_mask *mask);

#endif

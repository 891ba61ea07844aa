/* SPDX-License-Identifier: Apache-2.0 */
#include "base/doc.h"

#include <string.h>

/* Mappings in files are small, and their order matters more than the speed of a look-up. */
struct doc_node *doc_get(const struct doc_node *mapping, const char *key)
{
	size_t n = strlen(key);

	if (!mapping || mapping->kind != DOC_MAPPING)
		return NULL;
	for (uint32_t i = 0; i < mapping->n; i++) {
		const struct doc_node *it = mapping->keys[i];

		if (it->text_len == n && memcmp(it->text, key, n) == 0)
			return mapping->values[i];
	}
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* rows: how the tables of schema.c and schema_blackbox.c are written. */
#ifndef CORE_LAB_ROWS_H
#define CORE_LAB_ROWS_H

#include "core/lab/reader.h"

#define AT(type, member) offsetof(struct type, member)

/* Where a list begins whose count is the member right behind it, as in struct list. */
#define AT_LIST(type, member, count)                                                   \
	(offsetof(struct type, member) + 0 * sizeof(struct {                           \
		_Static_assert(offsetof(struct type, count) ==                         \
				       offsetof(struct type, member) + sizeof(void *), \
			"the count stands behind the list");                           \
		char unused;                                                           \
	}))
/* The same for two lists and a count, as in struct text_pairs. */
#define AT_PAIRS(type, member, count)                                                      \
	(offsetof(struct type, member) + 0 * sizeof(struct {                               \
		_Static_assert(offsetof(struct type, count) ==                             \
				       offsetof(struct type, member) + 2 * sizeof(void *), \
			"the count stands behind both lists");                             \
		char unused;                                                               \
	}))

#define REQUIRED       KEY_REQUIRED, NULL
#define OPTIONAL       KEY_OPTIONAL, NULL
#define DEFAULT(text)  KEY_DEFAULT, text
#define COMPUTED(text) KEY_COMPUTED, text

#define POINTER(type_name, shape_name, words) \
	static const struct type type_name = { words, "mapping", read_shape, .shape = &shape_name }
#define EMBEDDED(type_name, shape_name, words)                                                     \
	static const struct type type_name = { words, "mapping", read_shape, .shape = &shape_name, \
		.is_embedded = true }
#define ENTRIES(type_name, shape_name, words, longest)                                             \
	static const struct type type_name = { words, "named", read_entries, .shape = &shape_name, \
		.many = MAP, .high = longest }

#endif

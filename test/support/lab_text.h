/* SPDX-License-Identifier: Apache-2.0 */
/* lab_text: a lab out of the text that a user would write, by the real reader. */
#ifndef TEST_SUPPORT_LAB_TEXT_H
#define TEST_SUPPORT_LAB_TEXT_H

#include "core/lab/lab.h"

/* "KEY1" to "KEY9" in the text stand for keys.  Zones are UTC, whatever they are called.  NULL when
 * the reader refuses the text: what it found is in `ret_findings` (may be NULL: printed). */
struct lab *lab_text_read(const char *yaml, struct str *ret_findings);

/* Another file that such a lab names.  The document is freed by freeing its arena. */
enum rc lab_text_document(struct doc *ret, const char *path, const char *yaml,
	struct findings *findings) MUST_USE;

#endif

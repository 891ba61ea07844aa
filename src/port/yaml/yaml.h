/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml: YAML (and so JSON) from bytes to a doc, through libyaml.  Plain words mean what they mean
 * in YAML 1.2: only true, false and null are not text, and that is for the reader of the doc to
 * say.
 *
 * One document a file.  Keys are plain text and stand once in a mapping.  Aliases share the node
 * that they stand for and merge keys ("<<") are expanded; both count against YAML_NODES_MAX as if
 * they had been written out, so that a walk over the tree is bounded too.  Tags of YAML's core
 * schema are understood, !!binary is decoded, any other is refused.
 *
 * What is wrong with the text becomes findings with line and column, all of them where reading can
 * go on.
 */
#ifndef PORT_YAML_YAML_H
#define PORT_YAML_YAML_H

#include "core/lab/lab.h"

/* `file` is used in findings and copied.  RC_INPUT when the text is no YAML, RC_LIMIT when it holds
 * too much: both are said as findings, too.  Lesser errors (a key that stands twice) are findings
 * only, and the rest of the document is there. */
enum rc yaml_parse(struct doc *ret, const char *file, const struct str *text,
	struct findings *findings, struct err *e) MUST_USE;

void doc_fini(struct doc *d);
SCOPED_FINI(doc_fini, struct doc)

#endif

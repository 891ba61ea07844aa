/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_fixture: for tests: a doc from YAML's flow style, with the places that port/yaml would give.
 *
 *	{job_name: node, static_configs: [{targets: ['a:9100']}]}
 *
 * Bare words end at one of ,:[]{} followed by what may follow it, or at a line's end.  In single
 * quotes two of them stand for one; in double quotes \n, \t, \\ and \" mean what they do in C.
 * Ends the test when it is malformed.
 */
#ifndef BASE_DOC_FIXTURE_H
#define BASE_DOC_FIXTURE_H

#include "base/doc.h"

/* The doc's arena is the caller's to release: doc_fixture_free(). */
struct doc *doc_fixture(const char *text);
void doc_fixture_free(struct doc *d);
SCOPED_BY(doc_fixture_free, struct doc *)

#endif

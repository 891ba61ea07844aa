/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_fixture: for tests: rules over a world whose answers the test sets, and a sink that keeps
 * everything as text.
 */
#ifndef CORE_RULES_RULES_FIXTURE_H
#define CORE_RULES_RULES_FIXTURE_H

#include "base/map.h"
#include "core/rules/rules.h"

/* An expression's answer: "a=1,b=2 3.5; a=2 4": labels and a value, several of them.  An expression
 * that isn't set gives nothing and read nothing; "error: TEXT" fails; "blind" gives nothing and
 * "seen" reads a series and gives nothing. */
struct fixture {
	struct rules_world world;
	struct map answers; /* expression -> text */
	struct str written; /* "name{a="1"} 3.5 @60\n", as appended */
	struct map series;  /* text -> ref */
	struct str *texts;  /* by ref - 1 */
	uint32_t n_texts, cap_texts;
	enum series_verdict verdict; /* of each append; SERIES_TAKEN */
	struct str news;             /* of the last evaluation: "firing a=1\n" */
	struct rule_file *file;
	struct rules *rules;
	const struct series_source *history;
};

void fixture_init(struct fixture *f);
void fixture_fini(struct fixture *f);
SCOPED_FINI(fixture_fini, struct fixture)

/* Rules from YAML's flow style (base/doc_fixture.h); ends the test when they are refused. */
void fixture_load(struct fixture *f, const char *text);
/* What is wrong with a file: "LINE:COLUMN: text\n" each; "" if nothing is. */
void fixture_complaints(struct fixture *f, const char *text, struct str *ret);
void fixture_answer(struct fixture *f, const char *expression, const char *answer);
/* Evaluate all rules of all groups at that second; what is written and told replaces what was. */
void fixture_evaluate(struct fixture *f, int64_t at_s);
/* "firing a=1 (summary=x)\n": the alerts of a rule. */
void fixture_alerts(const struct fixture *f, uint32_t group, uint32_t index, struct str *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support/lab_text.h"

#include "port/yaml/yaml.h"

#include <stdio.h>

static void add_key(uint8_t seed, struct str *out)
{
	struct private_key k;
	struct public_key public;
	char text[KEY_TEXT_MAX];

	memset(k.bytes, seed, sizeof k.bytes);
	public = key_public(&k);
	key_text(&public, text);
	str_addf(out, "\"%s\"", text);
}

static void fill_in(const char *yaml, struct str *out)
{
	for (const char *p = yaml; *p;) {
		if (str_starts(p, "KEY") && p[3] >= '1' && p[3] <= '9') {
			add_key((uint8_t)(p[3] - '0'), out);
			p += 4;
		} else {
			str_addc(out, *p++);
		}
	}
}

static enum rc document(void *ctx, const char *path, struct doc *ret, struct findings *findings,
	struct err *e)
{
	return yaml_parse(ret, path, ctx, findings, e);
}

static const struct tz *zone(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return tz_utc();
}

enum rc lab_text_document(struct doc *ret, const char *path, const char *yaml,
	struct findings *findings)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	str_add(&text, yaml);
	return yaml_parse(ret, path, &text, findings, NULL);
}

struct lab *lab_text_read(const char *yaml, struct str *ret_findings)
{
	scoped(str_fini) struct str text = STR_EMPTY, all = STR_EMPTY;
	scoped(findings_fini) struct findings findings = { 0 };
	struct lab_source source = { .ctx = &text, .document = document, .zone = zone };
	struct lab *lab = NULL;
	struct err e = { 0 };

	fill_in(yaml, &text);
	if (lab_read(&lab, "lab.yaml", &source, &findings, &e) == RC_OK)
		return lab;
	for (uint32_t i = 0; i < findings.n; i++)
		str_addf(&all, "%s:%u:%u: %s\n", findings.items[i].file, findings.items[i].line,
			findings.items[i].column, findings.items[i].text);
	if (ret_findings)
		str_add(ret_findings, str_c(&all));
	else
		fputs(str_c(&all), stderr);
	return NULL;
}

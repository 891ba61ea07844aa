/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that ask no site: check, schema, reference, keygen. */
#include "cli/check.h"
#include "cli/command.h"
#include "core/lab/lab.h"
#include "port/keys/keys.h"

#include <stdio.h>

enum rc command_check(struct call *c, struct err *e)
{
	bool is_json = call_option(c, json, json);
	enum rc rc = cli_check(c->arguments[0], stdout, is_json, e);

	/* What is wrong with the file has been printed: nothing is left to say. */
	if (rc == RC_INPUT || rc == RC_LIMIT) {
		c->exit = rc_exit(RC_INPUT);
		return RC_OK;
	}
	return rc;
}

enum rc command_schema(struct call *c, struct err *e)
{
	(void)e;
	lab_json_schema(&c->page.out);
	return RC_OK;
}

enum rc command_reference(struct call *c, struct err *e)
{
	(void)e;
	lab_reference_page(&c->page.out);
	return RC_OK;
}

enum rc command_keygen(struct call *c, struct err *e)
{
	const char *path = c->arguments[0];
	char text[KEY_TEXT_MAX];
	struct public_key key;
	struct json_out w;
	enum rc rc = keys_generate(path, &key, e);

	if (rc != RC_OK)
		return rc;
	if (!call_option(c, json, json)) {
		page_add(&c->page, STYLE_PLAIN, key_text(&key, text));
		page_line(&c->page);
		return RC_OK;
	}
	json_begin(&w, &c->page.out);
	json_object_open(&w, NULL);
	json_text(&w, "file", path);
	json_text(&w, "key", key_text(&key, text));
	json_close(&w);
	page_line(&c->page);
	return RC_OK;
}

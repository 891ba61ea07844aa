/* SPDX-License-Identifier: Apache-2.0 */
#include "base/embedded.h"
#include "cli/manual/manual.h"

extern const struct embedded completion_scripts[]; /* manual/completion.SHELL */

enum rc command_completion(struct call *c, struct err *e)
{
	const char *shell = c->arguments[0];

	for (const struct embedded *script = completion_scripts; script->name; script++) {
		if (str_eq(script->name, shell)) {
			str_addn(&c->page.out, script->bytes, script->n);
			return RC_OK;
		}
	}
	return err_set(e, RC_INTERNAL, "the completion for %s was not built in", shell);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab_find.h"

#include <unistd.h>

const char *lab_find(const struct call *c)
{
	static const char *const places[] = { "lab.yaml", "/etc/diarchy/lab.yaml" };

	if (call_option(c, lab, lab))
		return call_option(c, lab, lab);
	for (size_t i = 0; i < COUNT(places); i++) {
		if (access(places[i], F_OK) == 0)
			return places[i];
	}
	return NULL;
}

enum rc lab_find_path(const struct call *c, const char **ret, struct err *e)
{
	const char *path = lab_find(c);

	if (!path)
		return err_set(e, RC_NOT_FOUND,
			"there is no lab.yaml here and none in /etc/diarchy: name it with --lab, "
			"or "
			"write one with 'diarchy init'");
	*ret = path;
	return RC_OK;
}

void lab_found_fini(struct lab_found *f)
{
	lab_free(f->lab);
	zones_free(f->zones);
}

enum rc lab_find_read(const struct call *c, struct lab_found *ret, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	const char *path = NULL;
	enum rc rc = lab_find_path(c, &path, e);

	if (rc != RC_OK)
		return rc;
	ret->zones = zones_new();
	rc = lab_load(&ret->lab, path, ret->zones, &findings, e);
	if (rc != RC_OK && findings.n_errors > 0)
		return err_set(e, rc, "%s:%u:%u: %s; 'diarchy check %s' says more",
			findings.items[0].file, findings.items[0].line, findings.items[0].column,
			findings.items[0].text, path);
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/files.h"

enum rc files_write(const struct files *files, const char *name, struct str *bytes,
	struct err *e)
{
	struct files_writer *w = NULL;
	enum rc rc = files->create(files->self, name, &w, e);

	if (rc == RC_OK)
		rc = files->append(w, bytes->s, bytes->len, e);
	str_fini(bytes);
	if (rc == RC_OK)
		rc = files->sync(w, e);
	files->close(w);
	return rc;
}

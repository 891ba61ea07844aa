/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http/curl_api.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <stdbool.h>

#define LIBRARY CURL_LIBRARY /* the build says which */

static const char *const names[] = {
#define X(name) "curl_" #name,
	CURL_FUNCTIONS(X)
#undef X
};

_Static_assert(sizeof(struct curl_api) == COUNT(names) * sizeof(void *),
	"the table is an array of function pointers");

static enum rc load(struct curl_api *api, struct err *e)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	void **slots = (void **)(void *)api;

	if (!library)
		return err_set(e, RC_UNSUPPORTED, "%s; install the package libcurl3-gnutls",
			dlerror());
	for (size_t i = 0; i < COUNT(names); i++) {
		slots[i] = dlsym(library, names[i]);
		if (!slots[i])
			return err_set(e, RC_UNSUPPORTED, "%s has no %s", LIBRARY, names[i]);
	}
	if (api->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, RC_INTERNAL, "%s does not start", LIBRARY);
	return RC_OK;
}

enum rc curl_api_open(const struct curl_api **ret, struct err *e)
{
	static struct curl_api api;
	static bool is_open;
	enum rc rc;

	if (!is_open) {
		rc = load(&api, e);
		if (rc != RC_OK)
			return rc;
		is_open = true;
	}
	*ret = &api;
	return RC_OK;
}

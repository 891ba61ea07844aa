/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "port/discovery/kubeconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(arena_fini) struct arena a = { 0 };
	struct kube_access access;

	arena_init(&a, 1 << 20);
	str_addn(&text, data, n);
	if (kubeconfig_parse("dir/config", &text, &a, &access, NULL) == RC_OK)
		must(access.server && access.server[0]);
	return 0;
}

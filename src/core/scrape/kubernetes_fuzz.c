/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses the role; then objects, one JSON a line, whose first byte names the kind
 * and whether it is put or removed.  All groups are made; what is left is freed.
 */
#include "base/str.h"
#include "core/scrape/kubernetes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void take(struct kube_store *s, const char *line, size_t n)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *node;
	enum kube_role kind;

	if (n < 2 || json_flat_read(&flat, line + 1, n - 1, &node, NULL) != RC_OK)
		return;
	kind = (enum kube_role)((unsigned char)line[0] % KUBE_ROLES);
	if (line[0] & 0x20)
		(void)!kube_put(s, kind, node, NULL);
	else
		kube_remove(s, kind, node);
}

static void make_groups(struct kube_store *s)
{
	scoped(arena_fini) struct arena arena;
	struct target_group group;
	bool has = true;

	arena_init(&arena, 1 << 20);
	while (has && kube_next_group(s, &arena, &group, &has, NULL) == RC_OK)
		if (has)
			must(group.source != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sd_kubernetes config = { .attach_node = true };
	scoped(kube_store_free) struct kube_store *s = NULL;
	const char *at = (const char *)data + 1, *end = (const char *)data + n;

	if (n < 2)
		return 0;
	config.role = data[0] % KUBE_ROLES;
	s = kube_store_new(&config);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline ? newline : end) - at);

		take(s, at, length);
		if (length && *at & 1)
			make_groups(s);
		at += length + 1;
	}
	make_groups(s);
	return 0;
}

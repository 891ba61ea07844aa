/* SPDX-License-Identifier: Apache-2.0 */
#include "api/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body_member members[] = { { "text", 100, NULL }, { "by", 10, NULL },
		{ "for", 10, NULL } };
	const struct http_ask ask = { .body = (const char *)data, .body_bytes = size };
	scoped(json_decref) json_t *body = NULL;
	struct err e = { 0 };

	if (body_read(&ask, members, COUNT(members), &body, &e) != RC_OK) {
		must(e.text[0] && !body);
		return 0;
	}
	must(json_object_size(body) <= COUNT(members));
	for (size_t i = 0; i < COUNT(members); i++)
		must(!members[i].value || strlen(members[i].value) <= members[i].bytes_max);
	return 0;
}

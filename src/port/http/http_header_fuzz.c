/* SPDX-License-Identifier: Apache-2.0 */
/* A header's name, a newline, and the head of an answer. */
#include "base/mem.h"
#include "port/http/http.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096], value[64], *headers;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	headers = strchr(text, '\n');
	if (!headers)
		return 0;
	*headers++ = '\0';
	if (http_header(headers, text, value, sizeof value))
		must(strlen(value) < sizeof value && strstr(headers, value) &&
			!strchr(value, '\n'));
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An address for sockets: what is numeric is the same again when it is written as text. */
#include "port/link/address.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[ENDPOINT_TEXT_MAX + 8] = { 0 }, once[ADDRESS_TEXT_MAX], twice[ADDRESS_TEXT_MAX];
	struct address address, again;
	struct err e = { 0 };

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	if (address_parse(text, &address, &e) != RC_OK) {
		must(e.text[0]);
		return 0;
	}
	if (!address.is_numeric)
		return 0;
	address_text((struct sockaddr *)&address.sockaddr, once);
	must(address_parse(once, &again, NULL) == RC_OK && again.is_numeric);
	must(strcmp(address_text((struct sockaddr *)&again.sockaddr, twice), once) == 0);
	return 0;
}

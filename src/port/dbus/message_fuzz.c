/* SPDX-License-Identifier: Apache-2.0 */
/* A message as a bus would send it, its body read as an answer to ListUnits. */
#include "base/mem.h"
#include "port/dbus/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bus_message m;
	size_t end, letters = 0;

	if (bus_message_read(data, n, &m, NULL) != RC_OK)
		return 0;
	must(m.body.end <= n && m.signature);
	must(m.kind != BUS_ERROR || m.error);
	end = bus_structures(&m.body);
	while (bus_structure(&m.body, end)) {
		letters += strlen(bus_text(&m.body)) + strlen(bus_signature(&m.body));
		bus_u64(&m.body);
		must(bus_u32(&m.body) == 0 || !m.body.is_broken);
	}
	must(letters <= n);
	return 0;
}

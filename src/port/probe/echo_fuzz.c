/* SPDX-License-Identifier: Apache-2.0 */
/* A packet as a raw socket delivers it; and what we write is taken for ours, whatever the size. */
#include "port/probe/echo.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packet[ECHO_PACKET_MAX];
	struct echo e = { .id = 1,
		.sequence = 2,
		.payload_bytes = 56,
		.cookie = 0x0123456789abcdef };
	size_t n = size;
	const uint8_t *inner = echo_skip_ip(data, &n);

	if (inner) {
		must(inner >= data && inner + n == data + size && n >= ECHO_HEADER_BYTES);
		if (echo_is_intact(&e, inner, n))
			must(echo_sequence(inner) == 2 && n == ECHO_HEADER_BYTES + 56);
	}
	if (size >= 2)
		e.payload_bytes = (uint16_t)((data[0] << 8 | data[1]) % (ECHO_PAYLOAD_MAX + 1));
	n = echo_write(&e, 8, true, packet);
	must(echo_is_intact(&e, packet, n) && echo_id(packet) == 1);
	packet[n - 1] ^= 1;
	must(e.payload_bytes == 0 || !echo_is_intact(&e, packet, n));
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/echo.h"

#include <string.h>

static uint8_t payload_byte(const struct echo *e, size_t i)
{
	uint64_t x = e->cookie ^ ((uint64_t)e->sequence << 32 | e->sequence);

	return (uint8_t)(i < sizeof x ? x >> 8 * i : i);
}

/* RFC 1071 */
static uint16_t checksum(const uint8_t *bytes, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (n & 1)
		sum += (uint32_t)bytes[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

size_t echo_write(const struct echo *e, uint8_t type, bool wants_checksum,
	uint8_t ret[ECHO_PACKET_MAX])
{
	size_t n = ECHO_HEADER_BYTES + (size_t)e->payload_bytes;

	memset(ret, 0, ECHO_HEADER_BYTES);
	ret[0] = type;
	put16(ret + 4, e->id);
	put16(ret + 6, e->sequence);
	for (size_t i = 0; i < e->payload_bytes; i++)
		ret[ECHO_HEADER_BYTES + i] = payload_byte(e, i);
	if (wants_checksum)
		put16(ret + 2, checksum(ret, n));
	return n;
}

const uint8_t *echo_skip_ip(const uint8_t *bytes, size_t *n)
{
	size_t header = *n > 0 ? (size_t)(bytes[0] & 0x0f) * 4 : 0;

	if (*n < header + ECHO_HEADER_BYTES)
		return NULL;
	*n -= header;
	return bytes + header;
}

uint16_t echo_id(const uint8_t *packet)
{
	return (uint16_t)(packet[4] << 8 | packet[5]);
}

uint16_t echo_sequence(const uint8_t *packet)
{
	return (uint16_t)(packet[6] << 8 | packet[7]);
}

bool echo_is_intact(const struct echo *e, const uint8_t *packet, size_t n)
{
	if (n != ECHO_HEADER_BYTES + (size_t)e->payload_bytes ||
		echo_sequence(packet) != e->sequence)
		return false;
	for (size_t i = 0; i < e->payload_bytes; i++)
		if (packet[ECHO_HEADER_BYTES + i] != payload_byte(e, i))
			return false;
	return true;
}

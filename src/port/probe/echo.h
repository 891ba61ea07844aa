/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echo: ICMP echo packets (RFC 792, RFC 4443), written and read.  Pure.
 *
 *	0  type   1  code 0   2  checksum   4  id   6  sequence   8  payload
 *
 * The payload is a function of cookie and sequence, so that nothing need be kept to check it whole.
 */
#ifndef PORT_PROBE_ECHO_H
#define PORT_PROBE_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECHO_HEADER_BYTES 8
#define ECHO_PAYLOAD_MAX  65507 /* what fits an IPv4 packet */
#define ECHO_PACKET_MAX   (ECHO_HEADER_BYTES + ECHO_PAYLOAD_MAX)

struct echo {
	uint16_t id, sequence;
	uint16_t payload_bytes;
	uint64_t cookie;
};

/* A request of `type`; returns its length.  `wants_checksum`: ICMPv4, where the kernel doesn't do
 * it for raw sockets. */
size_t echo_write(const struct echo *e, uint8_t type, bool wants_checksum,
	uint8_t ret[ECHO_PACKET_MAX]);

/* The packet behind the IPv4 header that raw sockets deliver, too; NULL: too short. */
const uint8_t *echo_skip_ip(const uint8_t *bytes, size_t *n);

/* Of a packet with a whole header. */
uint16_t echo_sequence(const uint8_t *packet);
uint16_t echo_id(const uint8_t *packet);
/* Is the payload the one that echo_write() made for `e`?  The id isn't looked at: ping sockets
 * choose it. */
bool echo_is_intact(const struct echo *e, const uint8_t *packet, size_t n);

#endif

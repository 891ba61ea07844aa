/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: D-Bus messages as bytes.
 *
 * A message is a header and a body, little-endian, each value aligned to its own size, counted from
 * the message's start:
 *
 *	byte 'l'   byte kind   byte flags   byte 1   u32 bytes of the body   u32 serial
 *	u32 bytes of the fields   fields: (byte code, variant), each aligned to 8
 *	padding to 8   body
 *
 * Source: https://dbus.freedesktop.org/doc/dbus-specification.html, "Marshaling" and "Message
 * Protocol".
 */
#ifndef PORT_DBUS_MESSAGE_H
#define PORT_DBUS_MESSAGE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct bus_call {
	const char *destination, *path, *interface, *member;
	const char *arguments[2]; /* texts; NULL: fewer */
};
/* Append it.  It starts no program that isn't there. */
void bus_call_write(const struct bus_call *call, uint32_t serial, struct str *out);

/* ---- reading */

#define BUS_HEAD_BYTES 16 /* from these the size is known */

enum rc bus_message_size(const uint8_t head[BUS_HEAD_BYTES], size_t *ret, struct err *e) MUST_USE;

/* Past the end, or where something else stands than was asked for, it is broken and gives nothing
 * more; asked about once, at the end. */
struct bus_reader {
	const uint8_t *bytes;
	size_t at, end;
	bool is_broken;
};

enum bus_kind { BUS_CALL = 1, BUS_ANSWER, BUS_ERROR, BUS_SIGNAL };

struct bus_message {
	enum bus_kind kind;
	uint32_t answers;      /* the call's serial */
	const char *error;     /* its name; NULL but in a BUS_ERROR */
	const char *signature; /* of the body; "" */
	struct bus_reader body;
};
/* What it points to lies in `bytes`. */
enum rc bus_message_read(const uint8_t *bytes, size_t n, struct bus_message *ret,
	struct err *e) MUST_USE;

uint32_t bus_u32(struct bus_reader *r);
uint64_t bus_u64(struct bus_reader *r);
/* Texts and paths; "" when broken. */
const char *bus_text(struct bus_reader *r);
const char *bus_signature(struct bus_reader *r);
/* Begin an array of structures: they lie before what this returns. */
size_t bus_structures(struct bus_reader *r);
/* Begin the next structure of them; false: there is none. */
bool bus_structure(struct bus_reader *r, size_t end);

#endif

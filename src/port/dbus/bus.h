/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus: a connection to a message bus, by which methods are called.
 *
 * Calls are sent together when an answer is waited for, so that many questions cost one way there
 * and back.  A bus refuses more than about a hundred unanswered calls of one caller: ask in
 * rounds of BUS_CALLS_AT_ONCE.
 *
 * It blocks, but not past its patience, which counts from the opening: it belongs on a thread that
 * can wait.  Authentication is by the socket's credentials (EXTERNAL).
 */
#ifndef PORT_DBUS_BUS_H
#define PORT_DBUS_BUS_H

#include "base/mem.h"
#include "port/dbus/message.h"

#define BUS_CALLS_AT_ONCE 64

struct bus;
/* RC_NOT_FOUND: there is no socket. */
enum rc bus_open(struct bus **ret, const char *socket, int64_t patience_ms, struct err *e) MUST_USE;
void bus_close(struct bus *b);
SCOPED_BY(bus_close, struct bus *)

/* The call's serial, which its answer has; ascending by one. */
uint32_t bus_ask(struct bus *b, const struct bus_call *call);
/* The next answer or error, which lives until the next call here. */
enum rc bus_receive(struct bus *b, struct bus_message *ret, struct err *e) MUST_USE;

#endif

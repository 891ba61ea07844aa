/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net: the places of a scene, the wires between them, and what becomes of packets on the way.
 *
 *	dublin ──┐              ┌── mumbai ── nas
 *	webhost ─┼── internet ──┼── discord
 *	         └──── cable ───┘
 *
 * Every place is a network namespace; internet and mumbai are routers.  The cable is where a relay
 * may stand that takes its time, if the kernel can't.
 */
#ifndef TEST_SCENARIOS_NET_H
#define TEST_SCENARIOS_NET_H

#include "base/err.h"

#include <stdbool.h>

enum place {
#define PLACE(symbol, ...) symbol,
#include "test/scenarios/places.def"
	PLACES,
};

const char *place_name(enum place p);
const char *place_address(enum place p);

/* Makes them all, wired and with routes, in the folder "net" of the working directory.  An error
 * means that the kernel lacks something. */
enum rc net_open(struct err *e) MUST_USE;
void net_close(void);

/* From here on the calling thread's sockets and children are at that place; at the end of the block
 * they are where they were. */
struct visit {
	int home; /* its namespace */
};
struct visit net_enter(enum place p);
void net_leave(struct visit *v);
#define AT(place) __attribute__((cleanup(net_leave), unused)) struct visit visit_ = net_enter(place)

/* The wire of a place is pulled out, and put in again: nothing gets in or out. */
void net_unplug(enum place p);
void net_plug(enum place p);

/* What goes to a place takes so much longer; false when the kernel can't do that. */
bool net_slow_down(enum place p, unsigned ms);

/* Packets from one place to another vanish; both ways; or are refused, which their sender is
 * told. */
void net_drop(enum place from, enum place to);
void net_part(enum place a, enum place b);
void net_refuse(enum place from, enum place to);
void net_heal(void); /* all of these */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: one site's side of the connection to one peer, as a state machine.
 *
 *	        dial / accepted            HELLO ok             quiet 5 s
 *	 DOWN ────────────────► GREETING ───────────► UP ───────────────────► SUSPECT
 *	  ▲                        │                   │ ◄────────────────────┘  │
 *	  │  closed, refused, 5 s  │      closed       │       any message       │ quiet 8 s, closed
 *	  └────────────────────────┴───────────────────┴─────────────────────────┘
 *
 * Both sites dial; where two connections meet, both keep the one dialled by the first declared
 * site: it waits as a candidate until its HELLO is there, so that changing over is not an outage.
 * While UP a BEAT goes out every 2 s with heads, a digest of the folded state, and the promise that
 * all our words are as journaled.  Heads that the connection has shown already are left out.
 * No bytes, no wait: every state but DOWN has a deadline; redialling backs off 0.5 s, 1, 2, ... 15 s
 * with jitter.
 *
 * What is new is pushed, what is missing is pulled:
 *
 *	push  whatever the peer lacks of our own chains: EVENTS, one batch in flight.  Who keeps
 *	      events answers with a BEAT at once; it shows that the batch arrived: the next goes.
 *	pull  whatever we lack of our own chains (at once), and of any other chain that has stood
 *	      still behind the peer's for 4 s (lost, not kept, or its site is out of our reach):
 *	      PULL, one asked for at a time; each is answered with one batch.
 *
 * Messages of one connection arrive in the order in which they were sent.  So whoever hears the
 * echo of a BEAT that left after a batch (or a PULL), and still sees no progress, knows that it was
 * not kept: nothing is ever sent twice because somebody lost patience.
 */
#ifndef CORE_PEER_LINK_H
#define CORE_PEER_LINK_H

#include "base/hash.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/time.h"

#include <stdbool.h>

#define LINK_BEAT_MS       2000
#define LINK_STALE_MS      3000 /* quiet so long: any new connection of the peer's is welcome */
#define LINK_SUSPECT_MS    5000
#define LINK_DOWN_MS       8000
#define LINK_GREETING_MS   5000
#define LINK_REDIAL_MIN_MS 500
#define LINK_REDIAL_MAX_MS 15000
#define LINK_DIAL_MS       20000 /* the driver answers DO_DIAL sooner than this, or never */
#define LINK_PULL_MS       4000  /* patience with a chain that stands still behind the peer's */
#define LINK_PULL_MAX_MS   30000 /* the same, doubled after each answer in vain */
#define LINK_PROTOCOL      2

/* Stop filling EVENTS at this size: a BEAT never waits behind more, and 0.5 Mbit/s are enough to be
 * heard before the peer becomes suspicious. */
#define LINK_BATCH_BYTES 262144
_Static_assert(4 * LINK_BATCH_BYTES < LINK_OUTBOX_BYTES_MAX, "batches fit the outbox");
_Static_assert(8 * LINK_BATCH_BYTES < LINK_FRAME_BYTES_MAX, "one long event more fits the frame");

enum link_state { LINK_DOWN, LINK_GREETING, LINK_UP, LINK_SUSPECT, LINK_STATES };

/* How far a chain is held.  The same facts as the journal's heads, in the link's own words. */
struct link_head {
	char site[NAME_BYTES_MAX + 1];
	uint64_t epoch, seq;
	struct sha256 hash;
};

enum link_msg_kind {
	LINK_HELLO,
	LINK_BEAT,
	LINK_EVENTS,
	LINK_PULL,
	LINK_BYE,
	LINK_ASKING,
	LINK_MSG_KINDS
};

struct link_msg {
	enum link_msg_kind kind;
	/* HELLO */
	uint32_t protocol;
	char site[NAME_BYTES_MAX + 1]; /* checked against the pinned key by the transport */
	struct sha256 lab_hash;
	/* HELLO and BEAT; PULL has the echo */
	struct wall wall;      /* sender's clock, for skew */
	uint64_t beat, echo;   /* number of this beat; of the newest received: gives the RTT */
	int64_t echo_held_ms;  /* how long the sender held it before echoing */
	uint64_t state_digest; /* of replicated folded state, valid when heads are equal */
	bool can_deliver;      /* the sender's own egress works */
	uint64_t heads_of; /* BEAT: 0: heads are here; else they are as this earlier one showed */
	const struct link_head *heads; /* borrowed, ours or the decoder's */
	uint32_t n_heads;              /* at most LINK_HEADS_MAX */
	/* EVENTS: a contiguous batch of one chain, as opaque bytes in the driver's hands:
	 * records of core/journal/event.h.  PULL: which chain from which seq (heads[0]). */
	const char *events;
	size_t events_len;
	uint32_t n_events;
	char why[REASON_BYTES_MAX]; /* BYE */
	/* ASKING: asking_part.h.  The link only takes it as a sign of life; who drives it hands what
	 * came on link_is_current()'s connection to asking.h. */
	const char *part;
	size_t part_len;
};

enum link_input_kind {
	LINK_IN_TICK,      /* time passed */
	LINK_IN_CONNECTED, /* a connection to the peer is authenticated; is_dialled says by whom */
	LINK_IN_CLOSED,    /* the connection ended, or dialling failed (connection 0): why */
	LINK_IN_MESSAGE,   /* msg */
};
struct link_input {
	enum link_input_kind kind;
	uint64_t connection; /* the driver's number for it, from 1, never reused */
	bool is_dialled;     /* by us */
	const char *why;
	const struct link_msg *msg;
};

enum link_effect_kind {
	LINK_DO_DIAL,
	LINK_DO_SEND,  /* msg on connection; its heads, digest etc. are already filled in */
	LINK_DO_CLOSE, /* connection: no LINK_IN_CLOSED is wanted for it, nor does one harm */
	/* Read at most EVENT_BATCH_MAX events of heads[0]'s chain from heads[0].seq + 1 on, stop at
	 * LINK_BATCH_BYTES, send them as EVENTS on `connection` before any later message. */
	LINK_DO_PULL_FROM,
	LINK_DO_ACCEPT, /* the peer sent EVENTS: verify, keep, and link_push() if heads grew */
	LINK_SAY_UP,    /* the state became UP from GREETING */
	LINK_SAY_DOWN,  /* the state became DOWN: why */
	/* The peer's promise was renewed: all its words are as journaled.  Said of a HELLO or BEAT
	 * when we hold the peer's own chains up to what it showed, maybe with later events. */
	LINK_SAY_BEAT,
	/* The peer holds more than we do of the newest epoch of ours: said of every HELLO and BEAT
	 * that shows it, until we write in a newer one.  Our history is being pulled. */
	LINK_SAY_BEHIND,
};
struct link_effect {
	enum link_effect_kind kind;
	uint64_t connection;
	struct link_msg msg; /* DO_SEND, DO_PULL_FROM, DO_ACCEPT (pointers of the input) */
	char why[REASON_BYTES_MAX];
};
#define LINK_EFFECTS_MAX 8

/* What the link tells of its site in HELLO and BEAT; refreshed by the owner before each step. */
struct link_self {
	const char *site;
	bool is_first; /* declared before the peer */
	struct sha256 lab_hash;
	uint64_t state_digest;
	bool can_deliver;
	const struct link_head *heads;
	uint32_t n_heads;
};

/* Pushing: the batch in flight, and which were not kept. */
#define LINK_REFUSED_MAX 8
struct link_push {
	bool is_in_flight;
	struct link_head from; /* the chain, and how much of it the peer held when the batch left */
	uint64_t after_beat;   /* our newest beat then: the echo of a later one tells the outcome */
	struct {
		uint64_t epoch, seq;
	} refused[LINK_REFUSED_MAX]; /* not pushed again while the peer stands there; a ring */
	uint32_t n_refused;
};

/* Pulling: the one chain that we look after. */
enum link_pull_stage { LINK_PULL_IDLE, LINK_PULL_WATCHING, LINK_PULL_ASKED };
struct link_pull {
	enum link_pull_stage stage;
	struct link_head chain; /* seq: how far we held it when last looked at */
	struct mono due;        /* WATCHING: ask then, if it still stands there */
	uint64_t after_beat;    /* ASKED: as in struct link_push */
	uint32_t cursor;        /* its place in the peer's list; the next search begins behind it */
	uint32_t in_vain;       /* answers in a row that brought nothing */
	bool is_fruitful;       /* the last answer helped: ask for the next at once */
};

#define LINK_BEATS_KEPT 16 /* sending times remembered for the RTT */

struct link {
	enum link_state state;
	struct mono entered; /* when the state was entered */
	struct mono heard;   /* last message */
	struct mono beat_due, redial_due;
	struct wall peer_wall;      /* peer's clock at `heard` */
	uint32_t redials;           /* in a row, for the backoff */
	char why[REASON_BYTES_MAX]; /* DOWN: why, or why the last dial failed */

	uint64_t connection; /* 0: none */
	bool is_dialled, is_dialling;
	bool is_greeted;    /* its HELLO came */
	uint64_t candidate; /* takes over once its HELLO comes; 0: none */
	bool candidate_is_dialled;
	struct mono candidate_until;

	uint64_t beats_sent, beat_heard;
	struct mono beat_heard_at;
	struct mono beat_sent_at[LINK_BEATS_KEPT];
	int64_t rtt_ms;  /* -1: not known */
	int64_t skew_ms; /* peer's wall clock minus ours, RTT/2 taken off */

	char peer[NAME_BYTES_MAX + 1]; /* as its HELLO says; "" before */
	bool peer_can_deliver;
	uint64_t peer_digest;
	struct sha256 peer_lab_hash;
	struct link_head peer_heads[LINK_HEADS_MAX];
	uint32_t n_peer_heads;
	uint32_t peer_heads_changes;            /* how often another list was shown */
	uint64_t peer_heads_of;                 /* the beat of the connection that showed them */
	struct link_head shown[LINK_HEADS_MAX]; /* of ours, by the connection's newest BEAT */
	uint32_t n_shown;
	uint64_t shown_in; /* that BEAT; 0: the connection had none yet */

	bool is_promise_open; /* the peer showed more of its own chain than we held */
	uint64_t promise_epoch, promise_seq;
	bool owes_beat; /* EVENTS came: when our heads grow, say so at once */
	struct link_push push;
	struct link_pull pull;
	struct link_head answer; /* what the last PULL of the peer asked for */
	struct rng rng;          /* jitter only */
};

void link_init(struct link *l, struct mono now, uint64_t seed);

/* One thing happened.  Never blocks, cannot fail; `out` has room for LINK_EFFECTS_MAX. */
uint32_t link_step(struct link *l, struct now now, const struct link_self *self,
	const struct link_input *in, struct link_effect *out);

/* Our heads grew: send what the peer lacks without waiting for the next BEAT. */
uint32_t link_push(struct link *l, struct now now, const struct link_self *self,
	struct link_effect *out);

/* We are stopping: what we wrote last, BYE with the reason, and the connections are closed.  A link
 * that is stepped on begins anew. */
uint32_t link_stop(struct link *l, struct now now, const struct link_self *self, const char *why,
	struct link_effect *out);

/* Step with LINK_IN_TICK no later than this. */
struct mono link_wake(const struct link *l);

/* Whether both ends use this connection, and have greeted each other on it. */
bool link_is_current(const struct link *l, uint64_t connection);

const char *link_state_name(enum link_state s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demo: a whole lab on one machine, to break and to watch.
 *
 *	prepare.c   the folder: a git repo with lab.yaml, keys, certificates, services' settings
 *	world.c     the processes, and the gates that stand for the Internet between them
 *	breakages.c what can be broken, and how that is mended
 *	story.c     what happens, a line each, on the terminal
 *	control.c   keys, and the socket that `diarchy demo break` talks to
 *	page.c      what it says at the start
 *
 * The demo watches the product from outside: it reads the sites' streams and the stand-in's like any
 * browser, and has no part in what they decide.
 */
#ifndef CLI_DEMO_DEMO_H
#define CLI_DEMO_DEMO_H

#include "base/arena.h"
#include "base/map.h"
#include "cli/demo/follow.h"
#include "cli/demo/gate.h"
#include "cli/term/page.h"

#include <limits.h>

#define DEMO_SHIFTS      5     /* so many demos at once */
#define DEMO_SHIFT       10000 /* from one's ports to the next one's */
#define DEMO_WEBHOOK     "/api/webhooks/1420070400000000003/demo"
#define DEMO_WEBHOOK_ID  "1420070400000000003/demo"
#define DEMO_REFUSAL_MAX 64
#define DEMO_VARIABLE    "DIARCHY_DISCORD_WEBHOOK" /* what lab.yaml reads */

enum demo_host { HOST_NONE, NAS_DUBLIN, NAS_MUMBAI };

enum child_id {
#define CHILD(symbol, ...) CHILD_##symbol,
#include "cli/demo/children.def"
	CHILDREN,
};

enum breakage_id {
#define BREAKAGE(symbol, ...) BREAKAGE_##symbol,
#include "cli/demo/breakages.def"
	BREAKAGES,
};

struct child {
	const char *address;     /* moved */
	const char *const *argv; /* ends in NULL */
	const char *log;
	pid_t pid; /* 0: not running */
	bool is_wanted, is_restarting;
};

#define DEMO_GATES 9
struct demo_gate {
	struct demo *demo;
	struct gate *gate;
	enum { GATE_WAY, GATE_LINK, GATE_EGRESS } kind;
};

struct job { /* something that reports with a heartbeat */
	struct demo *demo;
	uv_timer_t timer;
	const char *path;
	enum child_id site;
};

struct teller { /* of the story */
	struct follow sites[HOMES], standin;
	struct map seen;            /* hashes of events: both sites tell all of them */
	struct map incidents;       /* id -> struct tale */
	struct map failing;         /* "check from site" -> itself */
	struct map messages;        /* id -> number, at the stand-in */
	struct news *first, **last; /* of the stand-in, held back a little */
	uv_timer_t release;
	size_t n_duplicates;            /* of messages, at the stand-in */
	char refusal[DEMO_REFUSAL_MAX]; /* how it turned away the last request; "" it didn't */
	unsigned n_refusals;            /* that way, since something else was told of it */
	int64_t begun_ms;
};

struct demo {
	uv_loop_t loop;
	struct arena texts; /* paths, addresses, argv: what stays */
	struct page page;
	struct err e;            /* why it has to end */
	const char *self, *root; /* this program; the folder of examples/ and test/standin/ */
	const char *folder;      /* all that is written */
	int shift;               /* added to every port */
	const char *keys[3];     /* public, of dublin, mumbai and webhost */
	bool keeps_folder, has_standin, has_credential, has_keyboard, has_ping;
	struct child children[CHILDREN];
	struct demo_gate gates[DEMO_GATES];
	bool is_broken[BREAKAGES];
	const char *mood; /* of the stand-in, while discord is broken */
	struct job jobs[2];
	struct teller teller;
	uv_signal_t signals[4];
	uv_poll_t keyboard;
	uv_pipe_t socket;
	bool is_running; /* the start is over */
	bool is_ending;
};

/* ---- prepare.c */
enum rc prepare_lab(struct demo *d, struct err *e) MUST_USE;
enum rc prepare_certificate(struct demo *d, bool is_aged, struct err *e) MUST_USE; /* for cloud */
/* Write lab.yaml as the breakages that hold have it, and commit that as `author`. */
enum rc prepare_edit(struct demo *d, const char *author, const char *message,
	struct err *e) MUST_USE;
void prepare_undo(struct demo *d); /* removes the folder */

/* ---- world.c */
enum rc world_find_ports(struct demo *d, struct err *e) MUST_USE; /* opens the gates */
void world_name(struct demo *d);                                  /* addresses, argv, logs */
enum rc world_start(struct demo *d, struct err *e) MUST_USE;      /* returns when all are there */
void world_settle(struct demo *d); /* start and end what the breakages have changed */
void world_restart(struct demo *d, enum child_id child);
void world_reap(struct demo *d); /* SIGCHLD */
void world_end(struct demo *d);
/* `text` with the ports of the example moved to this demo's. */
const char *world_moved(struct demo *d, const char *text);
const char *world_address(const struct demo *d, enum child_id child);

/* ---- breakages.c */
struct breakage {
	const char *name, *what;
	char key;
};
extern const struct breakage breakages[BREAKAGES];
/* What holds now, of all breakages together. */
bool broken_child(const struct demo *d, enum child_id child);
bool broken_way(const struct demo_gate *g, enum place from, enum place to);
bool broken_job(const struct demo *d, const struct job *job);
/* RC_NOT_FOUND for a name that is none; `how` may be NULL. */
enum rc breakage_set(struct demo *d, const char *name, const char *how, bool is_broken,
	struct err *e) MUST_USE;
void breakage_toggle(struct demo *d, enum breakage_id id);
void breakage_mend_all(struct demo *d);

/* ---- story.c */
void story_begin(struct demo *d);
void story_end(struct demo *d);
/* One line: the time, who, and what. */
void story_tell(struct demo *d, enum style style, const char *who, const char *fmt, ...)
	PRINTF(4, 5);

/* ---- control.c */
enum rc control_begin(struct demo *d, struct err *e) MUST_USE;
void control_end(struct demo *d);
/* The other side: tell the demo that runs on this machine, and take its answer. */
enum rc control_ask(const char *line, struct str *ret, struct err *e) MUST_USE;

/* ---- page.c */
void page_welcome(struct demo *d);
void page_keys(struct demo *d);

#endif

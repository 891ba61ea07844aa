/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults: what goes wrong, drawn from the seed.
 *
 * A swarm (Groce et al., 2012): every seed enables its own subset of faults at its own pace, because
 * a run in which everything breaks at once hides what two faults do alone.
 */
#include "sim/world.h"

#define SHORTEST_MS  (2 * SECOND_MS)
#define LONGEST_MS   (25 * MINUTE_MS)
#define STOP_MEAN_MS (20 * MINUTE_MS) /* between two stops */
#define LOSS_MEAN_MS (5 * MINUTE_MS)  /* between two looks for something that one site has alone */
#define FLIP_MIN_MS  (40 * MINUTE_MS) /* between two changed bits; at most twice that */

struct active {
	enum fault fault;
	uint8_t site;
	uint16_t check;
	int64_t amount;
	struct active *next;
};

/* Between the two bounds, each order of magnitude as likely as the other. */
static int64_t draw_duration(struct rng *rng)
{
	int64_t ms = SHORTEST_MS << rng_below(rng, 10);

	ms += (int64_t)rng_below(rng, (uint64_t)ms);
	return ms < LONGEST_MS ? ms : LONGEST_MS;
}

static uint16_t draw_check(struct world *w, enum check_kind kind)
{
	for (int tries = 0; tries < 100; tries++) {
		uint16_t check = (uint16_t)rng_below(&w->rng, w->lab->n_declared);

		if (w->lab->checks[check].kind == kind)
			return check;
	}
	return CHECK_NONE;
}

static uint16_t draw_down(struct world *w)
{
	uint16_t first = (uint16_t)rng_below(&w->rng, w->lab->n_declared);

	for (uint16_t i = 0; i < w->lab->n_declared; i++) {
		uint16_t check = (uint16_t)((first + i) % w->lab->n_declared);

		if (!w->is_up[check])
			return check;
	}
	return CHECK_NONE;
}

static void fail_otherwise(struct world *w, uint16_t check, uint8_t ailment)
{
	w->ailment[check] = ailment;
	w->ailing_since_ms[check] = w->now_ms;
	w->n_ailments[check] += w->n_ailments[check] < UINT8_MAX;
}

static void set_up(struct world *w, uint16_t check, bool is_up)
{
	fail_otherwise(w, check, w->ailment[check]);
	w->n_ailments[check] = 0;
	w->is_up[check] = is_up;
	w->dead_since_ms[check] = is_up ? NEVER_MS : w->now_ms;
}

/* ---- each fault and its end */

static void service(struct world *w, struct active *f, bool begins)
{
	w->hangs[f->check] = f->amount & 1;
	set_up(w, f->check, !begins);
}

static void host(struct world *w, struct active *f, bool begins)
{
	w->is_host_up[f->amount] = !begins;
	for (uint16_t i = 0; i < w->lab->n_checks; i++)
		if (w->lab->checks[i].host == f->amount && w->is_up[i])
			w->dead_since_ms[i] = begins ? w->now_ms : NEVER_MS;
		else if (w->lab->checks[i].host == f->amount)
			fail_otherwise(w, i, w->ailment[i]);
}

static void wan(struct world *w, struct active *f, bool begins)
{
	w->sites[f->site].is_wan_up = !begins;
}

static void cut(struct world *w, struct active *f, bool begins)
{
	(void)f;
	w->is_path_up[0][1] = w->is_path_up[1][0] = !begins;
}

static void one_way(struct world *w, struct active *f, bool begins)
{
	w->is_path_up[f->site][!f->site] = !begins;
}

static void watcher_path(struct world *w, struct active *f, bool begins)
{
	w->sites[f->site].is_watcher_path_up = !begins;
}

static void slow(struct world *w, struct active *f, bool begins)
{
	w->slow_ms = begins ? f->amount % (3 * SECOND_MS) : 0;
}

static void garbled(struct world *w, struct active *f, bool begins)
{
	(void)f;
	w->is_garbling = begins;
}

static void watcher_way_back(struct world *w, struct active *f, bool begins)
{
	w->sites[f->site].loses_answers = begins;
}

static void watcher_down(struct world *w, struct active *f, bool begins)
{
	if (begins && f->amount % 4 == 0) {
		str_clear(&w->watcher_saved);
		oracle_watcher_forgets(w);
	}
	if (!begins) {
		if (!w->watcher) /* two such faults may overlap: the first to end starts it */
			world_start_watcher(w);
		return;
	}
	watcher_free(w->watcher);
	w->watcher = NULL;
}

static void egress(struct world *w, struct active *f, bool begins)
{
	w->sites[f->site].is_egress_up = !begins;
}

static void watcher_egress(struct world *w, struct active *f, bool begins)
{
	(void)f;
	w->is_watcher_egress_up = !begins;
}

static void refuse(struct world *w, struct active *f, bool begins)
{
	w->refuse_percent = begins ? (uint32_t)(20 + f->amount % 70) : 0;
}

static void err500(struct world *w, struct active *f, bool begins)
{
	(void)f;
	w->answers_500 = begins;
}

static void hang(struct world *w, struct active *f, bool begins)
{
	w->hangs_up = begins;
	w->hangs_whole = f->amount & 1;
}

static void swallow(struct world *w, struct active *f, bool begins)
{
	(void)f;
	w->swallows = begins;
}

static void delete (struct world *w, struct active *f, bool begins)
{
	(void)f;
	if (begins)
		discord_delete_newest(w);
}

static void start(struct world *w, uint8_t site)
{
	if (!w->sites[site].site)
		world_start_site(w, site);
}

static void crash(struct world *w, struct active *f, bool begins)
{
	struct sim_site *s = &w->sites[f->site];

	s->effects_left = begins && f->amount & 1 ? 1 + f->amount % 7 : 0;
	if (!begins)
		start(w, f->site);
	else if (!s->effects_left)
		world_crash_site(w, f->site);
}

static void stop(struct world *w, struct active *f, bool begins)
{
	if (begins)
		world_stop_site(w, f->site);
	else
		start(w, f->site);
}

static void torn(struct world *w, struct active *f, bool begins)
{
	struct sim_site *s = &w->sites[f->site];
	struct memory_fault fault = { .after = (uint64_t)f->amount % 4,
		.count = begins,
		.rc = RC_IO,
		.is_torn = true };

	s->dies_stuck = begins;
	memory_store_set_fault(s->store, fault);
	if (!begins)
		start(w, f->site);
}

static void wipe(struct world *w, struct active *f, bool begins)
{
	if (!begins) {
		start(w, f->site);
		return;
	}
	world_crash_site(w, f->site);
	memory_store_wipe(w->sites[f->site].store);
	copies_wipe(w, f->site);
	w->sites[f->site].lost_history_ms = w->now_ms;
}

static void roll_back(struct world *w, struct active *f, bool begins)
{
	if (!begins) {
		start(w, f->site);
		return;
	}
	world_crash_site(w, f->site);
	memory_store_rollback(w->sites[f->site].store, 1 + (uint64_t)f->amount % 97);
	w->sites[f->site].lost_history_ms = w->now_ms;
}

static void disk_full(struct world *w, struct active *f, bool begins)
{
	struct memory_fault fault = { .count = begins ? UINT64_MAX : 0, .rc = RC_FULL };

	w->sites[f->site].is_disk_full = begins;
	memory_store_set_fault(w->sites[f->site].store, fault);
}

static void clock_jump(struct world *w, struct active *f, bool begins)
{
	w->sites[f->site].skew_ms += begins ? f->amount : -f->amount;
	w->sites[f->site].clock_ms = w->now_ms;
}

static void job(struct world *w, struct active *f, bool begins)
{
	w->is_job_alive[f->check] = !begins;
	w->dead_since_ms[f->check] = begins ? w->now_ms : NEVER_MS;
}

static void flap_on(struct world *w, void *arg)
{
	uint16_t check = (uint16_t)(uintptr_t)arg;

	if (w->is_chaos || !w->is_up[check])
		set_up(w, check, true);
	world_changed(w);
}

static void flap(struct world *w, struct active *f, bool begins)
{
	int64_t period_ms = 20 * SECOND_MS + f->amount % (40 * SECOND_MS);

	if (!begins)
		return;
	set_up(w, f->check, false);
	world_later(w, period_ms, flap_on, (void *)(uintptr_t)f->check, NULL);
}

/* ---- people */

static void hush(struct world *w, uint16_t check, int64_t ms)
{
	if (w->hushed_until_ms[check] < w->now_ms + ms)
		w->hushed_until_ms[check] = w->now_ms + ms;
}

static enum rc pause_check(struct world *w, struct active *f)
{
	struct now now = world_now(w, f->site);
	struct wall until = { now.wall.ms + f->amount };

	hush(w, f->check, f->amount);
	return site_pause(w->sites[f->site].site, now,
		&(struct site_word){ w->lab->checks[f->check].name, "maintenance", "operator",
			until },
		NULL);
}

/* Too early for a machine, too late for another person: the check stays hushed for the oracles. */
static enum rc resume_check(struct world *w, struct active *f)
{
	return site_pause(w->sites[f->site].site, world_now(w, f->site),
		&(struct site_word){ w->lab->checks[f->check].name, "done", "operator",
			(struct wall){ 1 } },
		NULL);
}

static enum rc silence_check(struct world *w, struct active *f)
{
	struct now now = world_now(w, f->site);
	struct wall until = { now.wall.ms + f->amount };
	char matchers[NAME_BYTES_MAX + 16];

	snprintf(matchers, sizeof matchers, "{name=\"%s\"}", w->lab->checks[f->check].name);
	hush(w, f->check, f->amount);
	return site_silence(w->sites[f->site].site, now,
		&(struct site_word){ matchers, "maintenance", "operator", until }, w->last_silence,
		NULL);
}

static enum rc lift_silence(struct world *w, struct active *f)
{
	return site_unsilence(w->sites[f->site].site, world_now(w, f->site), w->last_silence,
		"operator", NULL);
}

/* By age; those of one moment by what follows the name in their ids, for the mirror's sake. */
static bool is_older(const struct incident *a, const struct incident *b)
{
	if (a->opened.ms != b->opened.ms)
		return a->opened.ms < b->opened.ms;
	return strcmp(strrchr(a->id, '-'), strrchr(b->id, '-')) < 0;
}

/* The oldest that is open, so that both sites' people may well choose the same. */
static enum rc acknowledge(struct world *w, struct active *f)
{
	struct sim_site *s = &w->sites[f->site];
	const struct incident *oldest = NULL;

	map_each (alert_incidents(site_alert(s->site)), it) {
		const struct incident *in = it->value;

		if (!incident_is_over(in) && (!oldest || is_older(in, oldest)))
			oldest = in;
	}
	if (!oldest)
		return RC_NOT_FOUND;
	return site_ack(s->site, world_now(w, f->site),
		&(struct site_word){ oldest->id, "looking", "operator" }, NULL);
}

/* What they are told when it doesn't work is not looked at. */
static void operator_acts(struct world *w, struct active *f, bool begins)
{
	static enum rc (*const deeds[])(struct world *, struct active *) = { pause_check,
		silence_check, acknowledge, resume_check, lift_silence };

	if (!begins || !w->sites[f->site].site)
		return;
	if (deeds[f->amount % (int64_t)COUNT(deeds)](w, f) == RC_OK)
		world_drain(w, f->site);
}

static void reload(struct world *w, struct active *f, bool begins)
{
	world_reload_site(w, f->site, begins ? w->lesser_lab : w->lab);
	world_reload_watcher(w);
}

static void ail(struct world *w, struct active *f, bool begins)
{
	if (!w->is_up[f->check])
		fail_otherwise(w, f->check,
			(uint8_t)((w->ailment[f->check] + (begins ? 1 : 2)) % SIM_AILMENTS));
}

static void (*const acts[FAULTS])(struct world *, struct active *, bool) = {
	[FAULT_SERVICE] = service,
	[FAULT_HOST] = host,
	[FAULT_WAN] = wan,
	[FAULT_LINK] = cut,
	[FAULT_ONE_WAY] = one_way,
	[FAULT_SLOW] = slow,
	[FAULT_GARBLE] = garbled,
	[FAULT_WATCHER_PATH] = watcher_path,
	[FAULT_WATCHER_WAY_BACK] = watcher_way_back,
	[FAULT_WATCHER] = watcher_down,
	[FAULT_EGRESS] = egress,
	[FAULT_WATCHER_EGRESS] = watcher_egress,
	[FAULT_DISCORD_429] = refuse,
	[FAULT_DISCORD_500] = err500,
	[FAULT_DISCORD_HANG] = hang,
	[FAULT_DISCORD_TIMEOUT] = swallow,
	[FAULT_DISCORD_DELETE] = delete,
	[FAULT_CRASH] = crash,
	[FAULT_TORN] = torn,
	[FAULT_WIPE] = wipe,
	[FAULT_ROLLBACK] = roll_back,
	[FAULT_DISK_FULL] = disk_full,
	[FAULT_CLOCK] = clock_jump,
	[FAULT_JOB] = job,
	[FAULT_FLAP] = flap,
	[FAULT_OPERATOR] = operator_acts,
	[FAULT_RELOAD] = reload,
	[FAULT_AILMENT] = ail,
	[FAULT_STOP] = stop,
};

/* ---- drawing */

static bool loses_history(enum fault fault)
{
	return fault == FAULT_WIPE || fault == FAULT_ROLLBACK;
}

static bool stops_process(enum fault fault)
{
	return fault == FAULT_CRASH || fault == FAULT_TORN || fault == FAULT_STOP ||
	       loses_history(fault);
}

static bool uses_store(enum fault fault)
{
	return fault == FAULT_TORN || fault == FAULT_DISK_FULL;
}

/* Two of a kind at one place would heal each other. */
static bool is_under_way(const struct world *w, const struct active *f)
{
	for (const struct active *a = w->active; a; a = a->next) {
		if (stops_process(f->fault) && stops_process(a->fault) && a->site == f->site)
			return true;
		if (uses_store(f->fault) && uses_store(a->fault) && a->site == f->site)
			return true;
		if (loses_history(f->fault) && stops_process(a->fault))
			return true; /* both disks at once lose history for good: nobody can promise */
		if ((a->fault == FAULT_LINK || a->fault == FAULT_ONE_WAY) &&
			(f->fault == FAULT_LINK || f->fault == FAULT_ONE_WAY))
			return true;
		if (a->check == f->check && f->check != CHECK_NONE && f->fault != FAULT_OPERATOR &&
			f->fault != FAULT_AILMENT)
			return true;
		if (a->fault == f->fault && a->site == f->site && f->check == CHECK_NONE)
			return true;
	}
	return false;
}

static void unlist(struct world *w, struct active *f)
{
	for (struct active **p = &w->active; *p; p = &(*p)->next)
		if (*p == f) {
			*p = f->next;
			return;
		}
}

static void heal(struct world *w, struct active *f)
{
	unlist(w, f);
	world_trace(w, "fault %d ends at site%u check %u", f->fault, f->site, f->check);
	acts[f->fault](w, f, false);
	world_changed(w);
	free(f);
}

static void heal_due(struct world *w, void *arg)
{
	for (struct active *a = w->active; a; a = a->next)
		if (a == arg) {
			heal(w, a);
			return;
		}
}

void faults_fini(struct world *w)
{
	while (w->active) {
		struct active *f = w->active;

		unlist(w, f);
		free(f);
	}
}

static bool draw(struct world *w, struct active *f)
{
	f->fault = (enum fault)rng_below(&w->rng, FAULTS_DRAWN);
	f->site = (uint8_t)rng_below(&w->rng, SIM_SITES);
	f->amount = draw_duration(&w->rng);
	f->check = CHECK_NONE;
	if (f->fault == FAULT_AILMENT)
		f->check = draw_down(w);
	if (f->fault == FAULT_SERVICE || f->fault == FAULT_FLAP)
		f->check = draw_check(w, CHECK_PROBE);
	if (f->fault == FAULT_JOB)
		f->check = draw_check(w, CHECK_HEARTBEAT);
	if (f->fault == FAULT_OPERATOR)
		f->check = draw_check(w, rng_chance(&w->rng, 1, 4) ? CHECK_HEARTBEAT : CHECK_PROBE);
	if (f->fault == FAULT_HOST)
		f->amount = (int64_t)rng_below(&w->rng, w->lab->n_hosts);
	if (f->fault == FAULT_CLOCK && rng_chance(&w->rng, 1, 2))
		f->amount = -f->amount;
	return w->is_enabled[f->fault] && (f->fault != FAULT_AILMENT || f->check != CHECK_NONE);
}

static bool may_begin(struct world *w, const struct active *f)
{
	if (is_under_way(w, f) || (stops_process(f->fault) && !w->sites[f->site].site))
		return false;
	/* On a disk that is set back a loss stands to be found, and said, once more. */
	if (f->fault == FAULT_ROLLBACK && w->n_losses)
		return false;
	/* What nobody else has is lost with the disk: nobody can promise that. */
	return !loses_history(f->fault) || (!w->flip.is_there && oracle_is_mirrored(w, f->site));
}

static void begin(struct world *w, const struct active *f, struct rng *rng)
{
	struct active *live = must_alloc(sizeof *live);

	*live = *f;
	live->next = w->active;
	w->active = live;
	w->n_faults++;
	world_trace(w, "fault %d begins at site%u check %u", f->fault, f->site, f->check);
	acts[f->fault](w, live, true);
	world_changed(w);
	world_later(w, draw_duration(rng), heal_due, live, NULL);
}

static void strike(struct world *w, void *arg)
{
	struct active f;

	(void)arg;
	if (!w->is_chaos)
		return;
	world_later(w, 1 + (int64_t)rng_below(&w->rng, 2 * (uint64_t)w->mean_gap_ms), strike, NULL,
		NULL);
	if (draw(w, &f) && may_begin(w, &f))
		begin(w, &f, &w->rng);
}

/* Somebody stops a site for a while, as before an upgrade or a move. */
static void stop_one(struct world *w, void *arg)
{
	struct active f = { .fault = FAULT_STOP,
		.site = (uint8_t)rng_below(&w->stops, SIM_SITES),
		.check = CHECK_NONE };

	(void)arg;
	world_later(w, 1 + (int64_t)rng_below(&w->stops, 2 * (uint64_t)STOP_MEAN_MS), stop_one,
		NULL, NULL);
	if (w->is_chaos && may_begin(w, &f))
		begin(w, &f, &w->stops);
}

/* Of any event, or of the one that the next must be joined to. */
static bool flip_some(struct world *w, uint8_t site, struct event *ret)
{
	struct memory_store *store = w->sites[site].store;
	uint64_t number = rng_next(&w->rng) >> 8;
	uint8_t of = (uint8_t)rng_below(&w->rng, SIM_SITES);

	if (rng_chance(&w->rng, 1, 3))
		return memory_store_flip_newest(store, w->lab->sites[of].name, number, ret);
	return memory_store_flip(store, number, ret);
}

static void note_flip(struct world *w, uint8_t site, const struct event *ev)
{
	w->flip = (struct sim_flip){ .is_there = true,
		.site = site,
		.place = { .epoch = ev->epoch, .seq = ev->seq },
		.unwatched_ms = w->now_ms };
	str_copy(w->flip.place.site, sizeof w->flip.place.site, ev->site);
	w->n_flips++;
	world_trace(w, "a bit of event %llu is another at site%u", (unsigned long long)ev->seq,
		site);
}

/* One at a time, and only what the peer has: what is nowhere else nobody can bring back.  Its site may be
 * down, and find it when it starts. */
void faults_flip(struct world *w)
{
	uint8_t site = (uint8_t)rng_below(&w->rng, SIM_SITES);
	struct event ev;

	if (!w->flip.is_there && oracle_is_copied(w, site) && flip_some(w, site, &ev))
		note_flip(w, site, &ev);
}

/* What the peer hasn't: the newest that a site wrote, while they are parted. */
static void flip_alone(struct world *w)
{
	uint8_t site = (uint8_t)rng_below(&w->loss_rng, SIM_SITES);
	uint64_t which = rng_next(&w->loss_rng) >> 8;
	struct event ev;

	if (w->flip.is_there || w->n_losses == SIM_LOSSES || !w->is_chaos ||
		!oracle_is_newest_alone(w, site) ||
		!memory_store_flip_newest(w->sites[site].store, w->lab->sites[site].name, which,
			&ev))
		return;
	note_flip(w, site, &ev);
	oracle_alone_changed(w, &ev);
}

static void flip_alone_again(struct world *w, void *arg)
{
	(void)arg;
	flip_alone(w);
	world_later(w, 1 + (int64_t)rng_below(&w->loss_rng, 2 * (uint64_t)LOSS_MEAN_MS),
		flip_alone_again, NULL, NULL);
}

static void flip_again(struct world *w, void *arg)
{
	(void)arg;
	faults_flip(w);
	world_later(w, FLIP_MIN_MS + (int64_t)rng_below(&w->rng, FLIP_MIN_MS), flip_again, NULL,
		NULL);
}

/* Drawn by generators of their own, so that the other worlds stay what they were. */
static void draw_flips(struct world *w)
{
	struct rng own;

	rng_seed(&own, w->options.seed ^ UINT64_C(0xb17f11b));
	w->has_flips = rng_chance(&own, 1, 6);
	if (w->has_flips)
		world_later(w, FLIP_MIN_MS, flip_again, NULL, NULL);
}

static void draw_losses(struct world *w)
{
	rng_seed(&w->loss_rng, w->options.seed ^ UINT64_C(0x1055));
	w->has_losses = w->has_flips && rng_chance(&w->loss_rng, 1, 2);
	if (w->has_losses)
		world_later(w, LOSS_MEAN_MS, flip_alone_again, NULL, NULL);
}

static void draw_stops(struct world *w)
{
	rng_seed(&w->stops, w->options.seed ^ UINT64_C(0x5709));
	if (rng_chance(&w->stops, 1, 3))
		world_later(w, STOP_MEAN_MS, stop_one, NULL, NULL);
}

void faults_draw(struct world *w)
{
	static const int64_t gaps_ms[] = { 20 * SECOND_MS, MINUTE_MS, 3 * MINUTE_MS,
		10 * MINUTE_MS };

	for (int i = 0; i < FAULTS_DRAWN; i++)
		w->is_enabled[i] = rng_chance(&w->rng, 1, 2);
	w->is_enabled[FAULT_SERVICE] = true;
	draw_flips(w);
	draw_losses(w);
	draw_stops(w);
	alerts_draw(w);
	w->mean_gap_ms = gaps_ms[rng_below(&w->rng, COUNT(gaps_ms))];
	w->is_enabled[FAULT_GARBLE] &=
		rng_chance(&w->rng, 1, 3); /* it takes the codec, which is slow */
	w->options.use_codec = w->options.use_codec || w->is_enabled[FAULT_GARBLE];
}

void faults_begin_chaos(struct world *w)
{
	w->is_chaos = true;
	world_later(w, (int64_t)rng_below(&w->rng, (uint64_t)w->mean_gap_ms), strike, NULL, NULL);
}

void faults_heal_all(struct world *w)
{
	w->is_chaos = false;
	while (w->active)
		heal(w, w->active);
	alerts_heal(w);
	for (uint16_t i = 0; i < w->lab->n_checks; i++)
		if (!w->is_up[i])
			set_up(w, i, true);
}

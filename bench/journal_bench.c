/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_bench: what the journal costs, on this machine's disk.
 *
 * usage: journal_bench [EVENTS] [FOLDER]     default: 1000000 events, in a folder under /tmp
 *        journal_bench --make FILE EVENTS    only such a journal, whose newest event is of now
 *
 * Two sites with 500 checks write what a lab writes: mostly words of vantages, now and then an
 * incident with its receipts, a ping, a note.
 */
#include "base/limits.h"
#include "base/rng.h"
#include "core/alert/incident.h"
#include "core/journal/memory_store.h"
#include "port/keys/keys.h"
#include "port/sqlite/sqlite_store.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECKS      500
#define APPENDS     1000
#define STEP_MAX_MS 60000 /* between two events of a site; half of it on average */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must_ok(enum rc rc, const struct err *e)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "journal_bench: %s\n", e->text);
	exit(1);
}

static int by_size(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

/* A site that writes what a lab writes. */
struct writer {
	struct rng rng;
	const char *site;
	uint64_t seq, incidents;
	uint64_t well_from_seq; /* from here on all checks are well */
	struct sha256 previous;
	int64_t ms;
	bool is_receipt_due;
	char subject[64];
	struct str body;
};

static void write_word(struct writer *w)
{
	bool is_well = w->seq >= w->well_from_seq || rng_chance(&w->rng, 1, 2);
	struct json_out out;

	json_begin(&out, &w->body);
	json_object_open(&out, NULL);
	json_text(&out, "word", is_well ? "ok" : "failing");
	if (!is_well)
		json_text(&out, "reason", "HTTP 502, wanted 200");
	json_time(&out, "since", (struct wall){ w->ms });
	json_time(&out, "last_ok", (struct wall){ is_well ? w->ms : w->ms - 15000 });
	json_int(&out, "took_us", (int64_t)rng_below(&w->rng, 1000000));
	json_close(&out);
}

/* One that is over. */
static void write_incident(struct writer *w)
{
	scoped(incident_free) struct incident *in = incident_new();
	struct incident_member *m;
	char check[64], title[80];

	snprintf(check, sizeof check, "service-%lu", (unsigned long)(w->incidents * 7 % CHECKS));
	snprintf(title, sizeof title, "%s is down", check);
	incident_set(in, &in->owner, w->site);
	incident_set(in, &in->cause, check);
	incident_set(in, &in->title, title);
	incident_set(in, &in->severity, "warning");
	in->state = INCIDENT_CLOSED;
	in->version = 2;
	in->opened.ms = in->since.ms = w->ms - 10 * MINUTE_MS;
	in->recovered.ms = in->closed.ms = w->ms;
	m = incident_member(in, check, true);
	incident_set(in, &m->state, "failing");
	incident_set(in, &m->scope, "down");
	incident_set(in, &m->reason, "HTTP 502, wanted 200");
	m->since = in->since;
	m->recovered = in->recovered;
	incident_write(in, &w->body);
}

static void write_receipt(struct writer *w)
{
	struct json_out out;
	char message[32];

	snprintf(message, sizeof message, "%lu", 1420070400000000000 + (unsigned long)w->incidents);
	json_begin(&out, &w->body);
	json_object_open(&out, NULL);
	json_text(&out, "channel", "discord");
	json_int(&out, "version", 2);
	json_text(&out, "message", message);
	json_text(&out, "via", w->site);
	json_close(&out);
}

static const char *choose(struct writer *w)
{
	uint64_t dice = rng_below(&w->rng, 100), check = rng_below(&w->rng, CHECKS);

	str_clear(&w->body);
	if (w->is_receipt_due) { /* what is told has its receipt right after */
		w->is_receipt_due = false;
		write_receipt(w);
		return "receipt";
	}
	snprintf(w->subject, sizeof w->subject, "service-%lu", (unsigned long)check);
	if (dice < 93) {
		write_word(w);
		return "evidence";
	}
	if (dice < 97) {
		str_add(&w->body, "{\"what\":\"success\",\"code\":0}");
		return "ping";
	}
	if (dice < 98) {
		str_add(&w->body, "{\"text\":\"moved to the new switch\",\"by\":\"ana\"}");
		return "note";
	}
	w->is_receipt_due = true;
	snprintf(w->subject, sizeof w->subject, "%s-%lu", w->site, (unsigned long)++w->incidents);
	write_incident(w);
	return "incident";
}

/* Texts live until the next call. */
static struct event write_next(struct writer *w)
{
	struct event ev = { .site = w->site,
		.epoch = 1763000000,
		.seq = ++w->seq,
		.subject = w->subject,
		.previous = w->previous };

	w->ms += rng_between(&w->rng, 1, STEP_MAX_MS);
	ev.kind = choose(w);
	ev.body = str_c(&w->body);
	ev.wall.ms = w->ms;
	ev.hlc = (uint64_t)w->ms << 16;
	ev.hash = event_hash(&ev);
	w->previous = ev.hash;
	return ev;
}

static struct writer writer(const char *site, uint64_t seed)
{
	struct writer w = { .site = site, .ms = 1763000000000, .well_from_seq = UINT64_MAX };

	rng_seed(&w.rng, seed);
	return w;
}

/* `n` events in memory that lasts. */
static struct event *write_batch(struct writer *w, size_t n, struct arena *a)
{
	struct event *events = arena_alloc(a, n * sizeof *events);

	for (size_t i = 0; i < n; i++) {
		events[i] = write_next(w);
		events[i].subject = arena_strdup(a, events[i].subject);
		events[i].body = arena_strdup(a, events[i].body);
	}
	return events;
}

static const struct private_key our_key = { { 1 } }, peer_key = { { 2 } };

static struct keys_signer *new_signer(void)
{
	struct keys_signer *s = keys_signer_new(&our_key);
	struct public_key ours = key_public(&our_key), peers = key_public(&peer_key);

	keys_signer_trust(s, "dublin", &ours);
	keys_signer_trust(s, "mumbai", &peers);
	return s;
}

static const struct now start = { .mono = { 1 }, .wall = { 1763000000000 } };

static void bench_append(const struct journal_store *store, const struct journal_signer *signer)
{
	static double took[APPENDS];
	scoped(journal_free) struct journal *j = NULL;
	const struct event *events;
	struct err e = { 0 };
	double begun = seconds();
	size_t n;

	must_ok(journal_open(&j, &(struct journal_setup){ "dublin", store, signer }, start, &e),
		&e);
	for (size_t i = 0; i < APPENDS; i++) {
		double before = seconds();

		journal_add(j, start, EVENT_NOTE, "bench", "{\"text\":\"one decision\"}");
		must_ok(journal_commit(j, &events, &n, &e), &e);
		took[i] = seconds() - before;
	}
	printf("append, sign and fsync one event        %8.0f /s", APPENDS / (seconds() - begun));
	qsort(took, APPENDS, sizeof took[0], by_size);
	printf("   median %.2f ms, 99th percentile %.2f ms\n", took[APPENDS / 2] * 1e3,
		took[APPENDS * 99 / 100] * 1e3);
}

static void bench_accept(const char *what, const struct journal_store *store,
	const struct journal_signer *signer, size_t n)
{
	scoped(arena_fini) struct arena a = { 0 };
	scoped(journal_free) struct journal *j = NULL;
	struct writer w = writer("mumbai", 2);
	struct event *events = write_batch(&w, n, &a);
	struct err e = { 0 };
	double begun;

	for (size_t i = 0; i < n; i++)
		if (i % EVENT_BATCH_MAX == EVENT_BATCH_MAX - 1 || i == n - 1)
			key_sign(&peer_key, &events[i].hash, sizeof events[i].hash,
				events[i].signature);
	must_ok(journal_open(&j, &(struct journal_setup){ "dublin", store, signer }, start, &e),
		&e);
	begun = seconds();
	for (size_t i = 0, n_new; i < n; i += EVENT_BATCH_MAX) {
		struct event_batch batch = { events + i,
			n - i < EVENT_BATCH_MAX ? n - i : EVENT_BATCH_MAX };

		must_ok(journal_accept(j, start, &batch, &n_new, &e), &e);
	}
	printf("accept batches of %d into %-13s %8.0f events/s\n", EVENT_BATCH_MAX, what,
		(double)n / (seconds() - begun));
	str_fini(&w.body);
}

/* Half a million events a site at 500 checks are half a year.  The last hundred of each check say
 * that it is well.  `begin_ms` 0: it doesn't matter when. */
static void load(const struct journal_store *store, size_t n, int64_t begin_ms)
{
	struct writer writers[2] = { writer("dublin", 1), writer("mumbai", 2) };
	struct arena a = { 0 };
	struct err e = { 0 };
	double begun = seconds();

	for (size_t i = 0; i < COUNT(writers) && begin_ms; i++) {
		writers[i].ms = begin_ms;
		writers[i].well_from_seq = n / 2 > 100 * CHECKS ? n / 2 - 100 * CHECKS : 0;
	}
	for (size_t i = 0; i < n; i += EVENT_BATCH_MAX) {
		struct event *events =
			write_batch(&writers[i / EVENT_BATCH_MAX % 2], EVENT_BATCH_MAX, &a);

		must_ok(store->put(store->ctx, events, EVENT_BATCH_MAX, &e), &e);
		arena_reset(&a);
	}
	for (size_t i = 0; i < COUNT(writers); i++)
		str_fini(&writers[i].body);
	arena_fini(&a);
	printf("load %zu events                     %8.0f events/s\n", n,
		(double)n / (seconds() - begun));
}

static bool count(void *arg, const struct event *ev, uint64_t cursor)
{
	(void)ev, (void)cursor;
	++*(size_t *)arg;
	return true;
}

struct timed_query {
	const char *what;
	struct event_query q;
};

/* Times `n` runs; each run another subject where the query has one. */
static void time_query(const struct journal_store *store, const struct timed_query *t)
{
	double worst = 0, sum = 0;
	size_t found = 0;
	const int runs = 20;

	for (int i = 0; i < runs; i++) {
		struct event_query q = t->q;
		struct err e = { 0 };
		char subject[32];
		double begun = seconds(), took;

		snprintf(subject, sizeof subject, "service-%d", 17 * i % CHECKS);
		if (q.subject)
			q.subject = subject;
		found = 0;
		must_ok(store->query(store->ctx, &q, count, &found, &e), &e);
		took = seconds() - begun;
		sum += took;
		worst = took > worst ? took : worst;
	}
	printf("%-39s %8.2f ms, worst %.2f ms  (%zu events)\n", t->what, sum / runs * 1e3,
		worst * 1e3, found);
}

/* What the API reads for `diarchy when NAME`: the name's words and their changes, its incidents,
 * who was told, and the ten minutes before it died. */
static void bench_when(const struct journal_store *store, struct wall died)
{
	const struct event_query parts[] = {
		{ .subject = "service-7", .most = 100 },
		{ .subject = "service-7", .kind = "evidence", .most = 100 },
		{ .subject = "service-7", .kind = "evidence", .site = "dublin", .most = 1 },
		{ .subject = "service-7", .kind = "evidence", .site = "mumbai", .most = 1 },
		{ .subject = "dublin-77", .kind = "incident", .most = 1 },
		{ .subject = "dublin-77", .kind = "receipt", .most = 20 },
		{ .since = { died.ms - 10 * MINUTE_MS }, .until = died },
	};
	size_t found = 0;
	double begun = seconds();

	for (size_t i = 0; i < COUNT(parts); i++) {
		struct err e = { 0 };

		must_ok(store->query(store->ctx, &parts[i], count, &found, &e), &e);
	}
	printf("`when` for one name (bar: 50 ms)        %8.2f ms  (%zu events)\n",
		(seconds() - begun) * 1e3, found);
}

static void bench_queries(const struct journal_store *store, struct wall newest)
{
	const struct timed_query queries[] = {
		{ "newest 50 of a subject (bar: 5 ms)", { .subject = "", .most = 50 } },
		{ "newest 50 of a subject's pings", { .subject = "", .kind = "ping", .most = 50 } },
		{ "latest of each check (bar: 20 ms)",
			{ .kind = "evidence", .is_latest_by_subject = true } },
		{ "ten minutes a year ago",
			{ .since = { newest.ms / 2 + start.wall.ms / 2 },
				.until = { newest.ms / 2 + start.wall.ms / 2 + 10 * MINUTE_MS } } },
		{ "newest 100", { .most = 100 } },
		{ "newest 100 of a kind", { .kind = "note", .most = 100 } },
		{ "newest 100 of a site", { .site = "mumbai", .most = 100 } },
		{ "newest 100 of a site that wrote none", { .site = "oslo", .most = 100 } },
		{ "what arrived after a cursor", { .after_cursor = 900000, .most = 100 } },
	};

	bench_when(store, newest);
	for (size_t i = 0; i < COUNT(queries); i++)
		time_query(store, &queries[i]);
}

static long resident_kib(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static struct wall newest_wall(const struct journal_store *store)
{
	struct journal_head *heads;
	struct journal_span newest = { .most = 1 };
	struct event_batch read;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct wall at;
	size_t n;
	double begun = seconds();

	must_ok(store->heads(store->ctx, &heads, &n, &e), &e);
	printf("heads                                   %8.2f ms\n", (seconds() - begun) * 1e3);
	newest.site = heads[0].site;
	newest.epoch = heads[0].epoch;
	newest.seq = heads[0].seq;
	must_ok(store->range(store->ctx, &newest, &a, &read, &e), &e);
	at = read.v->wall;
	free(heads);
	arena_fini(&a);
	return at;
}

static void open_store(struct sqlite_store **ret, const char *path)
{
	struct err e = { 0 };

	must_ok(sqlite_store_open(ret, path, &e), &e);
}

static void bench_large(size_t n)
{
	scoped(sqlite_store_close) struct sqlite_store *s = NULL;
	struct sqlite_verified verified;
	struct err e = { 0 };
	struct stat st;
	double begun;

	open_store(&s, "large.db");
	load(sqlite_store_port(s), n, 0);
	sqlite_store_close(s);
	s = NULL;
	if (stat("large.db", &st) == 0)
		printf("size on disk                            %8.0f bytes an event\n",
			(double)st.st_size / (double)n);
	begun = seconds();
	open_store(&s, "large.db");
	printf("open, with its checks                   %8.0f ms\n", (seconds() - begun) * 1e3);
	bench_queries(sqlite_store_port(s), newest_wall(sqlite_store_port(s)));
	printf("resident after these queries            %8ld KiB\n", resident_kib());
	begun = seconds();
	must_ok(sqlite_store_verify(s, NULL, &verified, &e), &e);
	printf("verify everything                       %8.0f events/s\n",
		(double)verified.events / (seconds() - begun));
}

static void bench_small(void)
{
	scoped(memory_store_free) struct memory_store *memory = memory_store_new();
	scoped(sqlite_store_close) struct sqlite_store *s = NULL;
	scoped(keys_signer_free) struct keys_signer *signer = new_signer();
	const struct journal_signer *port = keys_signer_port(signer);

	open_store(&s, "small.db");
	bench_append(sqlite_store_port(s), port);
	bench_accept("memory", memory_store_port(memory), port, 100 * 1000);
	bench_accept("SQLite", sqlite_store_port(s), port, 100 * 1000);
}

static int make(const char *path, size_t n)
{
	scoped(sqlite_store_close) struct sqlite_store *s = NULL;
	int64_t now_ms = (int64_t)time(NULL) * 1000;

	open_store(&s, path);
	load(sqlite_store_port(s), n, now_ms - (int64_t)(n / 2) * STEP_MAX_MS / 2 - DAY_MS);
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	char folder[] = "journal-bench-XXXXXX";

	if (argc == 4 && strcmp(argv[1], "--make") == 0)
		return make(argv[2], strtoul(argv[3], NULL, 10));
	if (n < 10 * CHECKS || chdir(argc > 2 ? argv[2] : "/tmp") < 0 || !mkdtemp(folder) ||
		chdir(folder) < 0) {
		fprintf(stderr, "usage: %s [EVENTS (%d at least)] [FOLDER]\n", argv[0],
			10 * CHECKS);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (fork() == 0) { /* apart, so that its memory doesn't count for the rest */
		bench_small();
		_exit(0);
	}
	wait(NULL);
	bench_large(n);
	unlink("small.db");
	unlink("large.db");
	return chdir("..") < 0 || rmdir(folder) < 0;
}

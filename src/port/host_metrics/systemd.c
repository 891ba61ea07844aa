/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd: units, as the manager tells them over the system's bus.  What node_exporter tells only
 * with its --collector.systemd.enable-* flags is told too.
 *
 * Units are listed with one call; then each one's properties are asked for, many calls at a time.
 */
#include "port/host_metrics/host.h"

#include "base/limits.h"
#include "port/dbus/bus.h"

#include <limits.h>
#include <stdlib.h>

#define SOCKET      "/run/dbus/system_bus_socket"
#define MANAGER     "org.freedesktop.systemd1"
#define PATIENCE_MS 2000

enum property {
	SERVICE_TYPE,
	SERVICE_RESTARTS,
	TASKS_CURRENT,
	TASKS_MAX,
	STARTED,
	TIMER_TRIGGERED,
	SOCKET_ACCEPTED,
	SOCKET_CURRENT,
	SOCKET_REFUSED,
	PROPERTIES
};

static const struct {
	const char *interface, *name;
	const char *suffix; /* of units that have it; "": all */
	bool of_active;     /* only of units that are active */
} properties[] = {
	[SERVICE_TYPE] = { MANAGER ".Service", "Type", ".service", false },
	[SERVICE_RESTARTS] = { MANAGER ".Service", "NRestarts", ".service", false },
	[TASKS_CURRENT] = { MANAGER ".Service", "TasksCurrent", ".service", false },
	[TASKS_MAX] = { MANAGER ".Service", "TasksMax", ".service", false },
	[STARTED] = { MANAGER ".Unit", "ActiveEnterTimestamp", "", true },
	[TIMER_TRIGGERED] = { MANAGER ".Timer", "LastTriggerUSec", ".timer", false },
	[SOCKET_ACCEPTED] = { MANAGER ".Socket", "NAccepted", ".socket", false },
	[SOCKET_CURRENT] = { MANAGER ".Socket", "NConnections", ".socket", false },
	[SOCKET_REFUSED] = { MANAGER ".Socket", "NRefused", ".socket", false },
};
_Static_assert(COUNT(properties) == PROPERTIES, "every property is described");

struct answer {
	bool is_there;
	uint64_t number;
	const char *text; /* NULL: it is a number */
};

struct unit {
	const char *name, *state, *path;
	struct answer answers[PROPERTIES];
};

struct manager { /* what it said */
	struct host *host;
	struct bus *bus;
	struct answer version, virtualization, state;
	uint64_t n_in_state[5];
	struct unit *units;
	uint32_t n_units;
};

static const char *const states[] = { "activating", "active", "deactivating", "failed",
	"inactive" };

/* ---- asking */

/* The variant that Properties.Get gives.  What a systemd doesn't know is an error, and not there. */
static struct answer read_answer(struct host *h, struct bus_message *m)
{
	struct answer a = { .is_there = m->kind == BUS_ANSWER && str_eq(m->signature, "v") };
	const char *type = a.is_there ? bus_signature(&m->body) : "";

	if (str_eq(type, "s"))
		a.text = arena_strdup(&h->arena, bus_text(&m->body));
	else if (str_eq(type, "u"))
		a.number = bus_u32(&m->body);
	else if (str_eq(type, "t"))
		a.number = bus_u64(&m->body);
	else
		a.is_there = false;
	a.is_there = a.is_there && !m->body.is_broken;
	return a;
}

struct question {
	const char *path, *interface, *property;
	struct answer *answer;
};

static enum rc ask_round(struct manager *m, const struct question *questions, size_t n,
	struct err *e)
{
	struct bus_message message;
	uint32_t first = 0;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n; i++) {
		const struct question *q = &questions[i];
		uint32_t serial = bus_ask(m->bus,
			&(struct bus_call){ MANAGER, q->path, "org.freedesktop.DBus.Properties",
				"Get", { q->interface, q->property } });

		first = i ? first : serial;
	}
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		rc = bus_receive(m->bus, &message, e);
		if (rc == RC_OK && message.answers - first >= n)
			rc = err_set(e, RC_INPUT, "an answer to nothing");
		if (rc == RC_OK)
			*questions[message.answers - first].answer = read_answer(m->host, &message);
	}
	return rc;
}

static enum rc ask_manager(struct manager *m, struct err *e)
{
	static const char path[] = "/org/freedesktop/systemd1", interface[] = MANAGER ".Manager";
	const struct question questions[] = {
		{ path, interface, "Version", &m->version },
		{ path, interface, "Virtualization", &m->virtualization },
		{ path, interface, "SystemState", &m->state },
	};

	return ask_round(m, questions, COUNT(questions), e);
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n >= k && str_eq(name + n - k, suffix);
}

static enum rc ask_units(struct manager *m, struct err *e)
{
	struct question round[BUS_CALLS_AT_ONCE];
	size_t n = 0;
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < m->n_units * PROPERTIES && rc == RC_OK; i++) {
		struct unit *u = &m->units[i / PROPERTIES];
		enum property p = i % PROPERTIES;

		if (!ends_in(u->name, properties[p].suffix) ||
			(properties[p].of_active && !str_eq(u->state, "active")))
			continue;
		round[n++] = (struct question){ u->path, properties[p].interface,
			properties[p].name, &u->answers[p] };
		if (n == COUNT(round)) {
			rc = ask_round(m, round, n, e);
			n = 0;
		}
	}
	return rc == RC_OK ? ask_round(m, round, n, e) : rc;
}

/* node_exporter's default, as Debian has it. */
static bool is_wanted(const char *name, const char *load_state)
{
	static const char *const excluded[] = { ".automount", ".device", ".mount", ".scope",
		".slice", ".target" };

	for (size_t i = 0; i < COUNT(excluded); i++)
		if (ends_in(name, excluded[i]))
			return false;
	return str_eq(load_state, "loaded");
}

static void count_state(struct manager *m, const char *state)
{
	for (size_t i = 0; i < COUNT(states); i++)
		m->n_in_state[i] += str_eq(state, states[i]);
}

/* a(ssssssouso): name, description, load state, active state, sub state, what it follows, path, and
 * its job. */
static void read_unit(struct manager *m, struct bus_reader *body)
{
	const char *texts[7];

	for (size_t i = 0; i < COUNT(texts); i++)
		texts[i] = bus_text(body);
	bus_u32(body);
	bus_text(body);
	bus_text(body);
	if (body->is_broken)
		return;
	count_state(m, texts[3]);
	if (m->n_units < SYSTEMD_UNITS_MAX && is_wanted(texts[0], texts[2]))
		m->units[m->n_units++] =
			(struct unit){ .name = arena_strdup(&m->host->arena, texts[0]),
				.state = arena_strdup(&m->host->arena, texts[3]),
				.path = arena_strdup(&m->host->arena, texts[6]) };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct unit *)a)->name, ((const struct unit *)b)->name);
}

/* RC_NOT_FOUND: there is a bus, and nobody on it is systemd. */
static enum rc list_units(struct manager *m, struct err *e)
{
	struct bus_message answer;
	size_t end;
	enum rc rc;

	bus_ask(m->bus, &(struct bus_call){ MANAGER, "/org/freedesktop/systemd1",
				MANAGER ".Manager", "ListUnits", { NULL } });
	rc = bus_receive(m->bus, &answer, e);
	if (rc != RC_OK)
		return rc;
	if (answer.kind == BUS_ERROR && ends_in(answer.error, ".NameHasNoOwner"))
		return err_set(e, RC_NOT_FOUND, "systemd isn't there");
	if (answer.kind == BUS_ERROR || !str_eq(answer.signature, "a(ssssssouso)"))
		return err_set(e, RC_REFUSED, "systemd says %s", answer.error ? answer.error : "?");
	end = bus_structures(&answer.body);
	while (bus_structure(&answer.body, end))
		read_unit(m, &answer.body);
	if (answer.body.is_broken)
		return err_set(e, RC_INPUT, "systemd's units are malformed");
	qsort(m->units, m->n_units, sizeof *m->units, by_name);
	return RC_OK;
}

/* ---- writing */

static const char *text_of(const struct answer *a, const char *otherwise)
{
	return a->is_there && a->text ? a->text : otherwise;
}

static void write_manager(struct manager *m)
{
	struct host *h = m->host;
	const char *version = text_of(&m->version, ""),
		   *digits = version + strcspn(version, "0123456789"),
		   *virtualization = text_of(&m->virtualization, "unknown");

	host_metric(h, "node_systemd_system_running", GAUGE,
		"Whether the system is operational (see 'systemctl is-system-running')");
	host_count(h, NULL, str_eq(text_of(&m->state, ""), "running"));
	host_metric(h, "node_systemd_units", GAUGE, "Summary of systemd unit states");
	for (size_t i = 0; i < COUNT(states); i++)
		host_count(h, host_labels(h, "state", states[i], NULL), m->n_in_state[i]);
	host_metric(h, "node_systemd_version", GAUGE, "Detected systemd version");
	host_value(h, host_labels(h, "version", version, NULL), strtod(digits, NULL));
	host_metric(h, "node_systemd_virtualization_info", GAUGE,
		"Detected virtualization technology");
	host_value(h,
		host_labels(h, "virtualization_type", *virtualization ? virtualization : "none",
			NULL),
		1);
}

static void write_states(struct manager *m)
{
	struct host *h = m->host;

	if (m->n_units)
		host_metric(h, "node_systemd_unit_state", GAUGE, "Systemd unit");
	for (uint32_t i = 0; i < m->n_units; i++) {
		const struct unit *u = &m->units[i];

		for (size_t k = 0; k < COUNT(states); k++)
			host_count(h,
				host_labels(h, "name", u->name, "state", states[k], "type",
					text_of(&u->answers[SERVICE_TYPE], ""), NULL),
				str_eq(u->state, states[k]));
	}
}

/* In the order of names.  `seconds`: systemd counts microseconds. */
static const struct figure {
	const char *name;
	enum host_type type;
	const char *help;
	enum property property;
	bool seconds;
} figures[] = {
	{ "node_systemd_service_restart_total", COUNTER, "Service unit count of Restart triggers",
		SERVICE_RESTARTS, false },
	{ "node_systemd_socket_accepted_connections_total", COUNTER,
		"Total number of accepted socket connections", SOCKET_ACCEPTED, false },
	{ "node_systemd_socket_current_connections", GAUGE, "Current number of socket connections",
		SOCKET_CURRENT, false },
	{ "node_systemd_socket_refused_connections_total", GAUGE,
		"Total number of refused socket connections", SOCKET_REFUSED, false },
	{ "node_systemd_timer_last_trigger_seconds", GAUGE, "Seconds since epoch of last trigger.",
		TIMER_TRIGGERED, true },
	{ "node_systemd_unit_start_time_seconds", GAUGE,
		"Start time of the unit since unix epoch in seconds.", STARTED, true },
	{ "node_systemd_unit_tasks_current", GAUGE, "Current number of tasks per Systemd unit",
		TASKS_CURRENT, false },
	{ "node_systemd_unit_tasks_max", GAUGE, "Maximum number of tasks per Systemd unit",
		TASKS_MAX, false },
};

/* systemd says UINT64_MAX of what has no bound, or isn't counted. */
static bool is_told(const struct unit *u, const struct figure *f)
{
	const struct answer *a = &u->answers[f->property];

	return f->property == STARTED || (a->is_there && !a->text && a->number != UINT64_MAX);
}

static void write_figure(struct manager *m, const struct figure *f)
{
	struct host *h = m->host;
	bool has_metric = false;

	for (uint32_t i = 0; i < m->n_units; i++) {
		const struct unit *u = &m->units[i];
		double v = (double)u->answers[f->property].number;

		if (!is_told(u, f))
			continue;
		if (!has_metric)
			host_metric(h, f->name, f->type, f->help);
		has_metric = true;
		host_value(h, host_labels(h, "name", u->name, NULL), f->seconds ? v / 1e6 : v);
	}
}

/* ---- */

/* The variable is D-Bus' own, for a bus elsewhere: "unix:path=/run/bus". */
static const char *find_socket(struct host *h)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS"), *path;

	if (*h->root || !address || !str_starts(address, "unix:path="))
		return arena_printf(&h->arena, "%s" SOCKET, h->root);
	path = address + strlen("unix:path=");
	return arena_strndup(&h->arena, path, strcspn(path, ",;"));
}

void collect_systemd(struct host *h)
{
	struct manager m = { .host = h };
	scoped(bus_close) struct bus *bus = NULL;
	enum rc rc = bus_open(&bus, find_socket(h), PATIENCE_MS, NULL);

	if (rc == RC_OK) {
		m.bus = bus;
		m.units = arena_alloc(&h->arena, SYSTEMD_UNITS_MAX * sizeof *m.units);
		must(m.units);
		rc = list_units(&m, NULL);
	}
	if (rc == RC_OK)
		rc = ask_manager(&m, NULL);
	if (rc == RC_OK)
		rc = ask_units(&m, NULL);
	if (rc != RC_OK) {
		h->failed = rc != RC_NOT_FOUND;
		return;
	}
	write_manager(&m);
	write_states(&m);
	for (size_t i = 0; i < COUNT(figures); i++)
		write_figure(&m, &figures[i]);
}

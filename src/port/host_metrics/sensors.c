/* SPDX-License-Identifier: Apache-2.0 */
/* sensors: temperatures, fans, voltages, batteries, energy, memory errors. */
#include "port/host_metrics/host.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Sensors come chip by chip, and are written metric by metric. */
struct reading {
	const char *metric;
	enum host_type type;
	const char *labels;
	double v;
	uint32_t order; /* in which it was read */
};
struct readings {
	struct reading *v;
	uint32_t n;
};
#define READINGS_MAX 16384

static void add(struct readings *r, struct reading one)
{
	if (r->n == READINGS_MAX)
		return;
	one.order = r->n;
	r->v[r->n++] = one;
}

static int by_metric(const void *a, const void *b)
{
	const struct reading *x = a, *y = b;
	int order = strcmp(x->metric, y->metric);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void write_readings(struct host *h, struct readings *r, const char *help)
{
	qsort(r->v, r->n, sizeof *r->v, by_metric);
	for (uint32_t i = 0; i < r->n; i++) {
		if (!i || !str_eq(r->v[i].metric, r->v[i - 1].metric))
			host_metric(h, r->v[i].metric, r->v[i].type, help);
		host_value(h, r->v[i].labels, r->v[i].v);
	}
}

/* ---- hwmon: Documentation/hwmon/sysfs-interface.rst */

/* How the values of a kind of sensor are written; the first row that fits. */
static const struct {
	const char *kind;    /* "temp" of temp1_input */
	const char *element; /* "input"; NULL: any */
	const char *unit;
	enum host_type type;
	double factor;
} units[] = {
	{ "temp", "type", "", GAUGE, 1 },
	{ "temp", NULL, "_celsius", GAUGE, 1e-3 },
	{ "in", NULL, "_volts", GAUGE, 1e-3 },
	{ "cpu", NULL, "_volts", GAUGE, 1e-3 },
	{ "curr", NULL, "_amps", GAUGE, 1e-3 },
	{ "energy", NULL, "_joule_total", COUNTER, 1e-6 },
	{ "power", "accuracy", "", GAUGE, 1e-6 },
	{ "power", "average_interval", "_seconds", GAUGE, 1e-3 },
	{ "power", "average_interval_min", "_seconds", GAUGE, 1e-3 },
	{ "power", "average_interval_max", "_seconds", GAUGE, 1e-3 },
	{ "power", NULL, "_watt", GAUGE, 1e-6 },
	{ "humidity", NULL, "_percent", GAUGE, 1e-3 },
	{ "fan", "input", "_rpm", GAUGE, 1 },
	{ "fan", "output", "_rpm", GAUGE, 1 },
	{ "fan", "target", "_rpm", GAUGE, 1 },
	{ "fan", "min", "_rpm", GAUGE, 1 },
	{ "fan", "max", "_rpm", GAUGE, 1 },
	{ "freq", "input", "_freq_mhz", GAUGE, 1e-6 },
	{ "pwm", NULL, "", GAUGE, 1 },
	{ "intrusion", NULL, "", GAUGE, 1 },
	{ "freq", NULL, "", GAUGE, 1 },
	{ "fan", NULL, "", GAUGE, 1 },
};

struct sensor { /* taken out of a file's name: temp1_crit */
	char kind[24], id[8], element[48];
};

static bool read_sensor_name(const char *file, struct sensor *ret)
{
	size_t n = strcspn(file, "0123456789"), n_id = strspn(file + n, "0123456789");
	const char *rest = file + n + n_id;

	if (!n || !n_id || n >= sizeof ret->kind || n_id >= sizeof ret->id)
		return false;
	memcpy(ret->kind, file, n);
	ret->kind[n] = '\0';
	memcpy(ret->id, file + n, n_id);
	ret->id[n_id] = '\0';
	return str_copy(ret->element, sizeof ret->element, *rest == '_' ? rest + 1 : rest);
}

static void add_sensor(struct host *h, struct readings *r, const char *chip, const char *path)
{
	const char *file = strrchr(path, '/') + 1, *name;
	struct sensor s;
	int64_t v;
	size_t row = 0;

	if (!read_sensor_name(file, &s))
		return;
	while (row < COUNT(units) &&
		!(str_eq(units[row].kind, s.kind) &&
			(!units[row].element || str_eq(units[row].element, s.element))))
		row++;
	if (row == COUNT(units) || !host_number(h, &v, "/sys/class/hwmon/%s", path))
		return;
	name = arena_printf(&h->arena, "%s%s", s.kind, s.id);
	add(r, (struct reading){ .metric = arena_printf(&h->arena, "node_hwmon_%s%s%s%s", s.kind,
					 *s.element && !str_eq(s.element, "input") ? "_" : "",
					 str_eq(s.element, "input") ? "" : s.element,
					 str_eq(s.element, "fault") || str_eq(s.element, "alarm") ||
							 str_eq(s.element, "beep")
						 ? ""
						 : units[row].unit),
		       .type = units[row].type,
		       .labels = host_labels(h, "chip", chip, "sensor", name, NULL),
		       .v = (double)v * units[row].factor });
}

/* Lower case, with what isn't a letter or digit as one of "_:". */
static char *clean(struct host *h, const char *name)
{
	char *text = arena_strdup(&h->arena, name), *end;

	for (char *c = text; *c; c++) {
		*c = (char)tolower((unsigned char)*c);
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != ':')
			*c = '_';
	}
	text += strspn(text, "_");
	for (end = text + strlen(text); end > text && end[-1] == '_'; end--)
		end[-1] = '\0';
	return text;
}

/* Numbers of hwmon change with the order in which drivers load; where the device hangs doesn't:
 * platform_coretemp_0. */
static const char *chip_name(struct host *h, const char *number)
{
	char path[PATH_MAX], real[PATH_MAX], *device, *bus;
	const char *name = host_file(h, "/sys/class/hwmon/%s/name", number);

	snprintf(path, sizeof path, "%s/sys/class/hwmon/%s/device", h->root, number);
	if (!realpath(path, real))
		return clean(h, name ? name : number);
	device = strrchr(real, '/');
	*device++ = '\0';
	bus = strrchr(real, '/');
	return arena_printf(&h->arena, "%s_%s", clean(h, bus ? bus + 1 : real), clean(h, device));
}

static void read_chip(struct host *h, struct readings *r, const char *number)
{
	const char *chip = chip_name(h, number);
	const char *name = host_file(h, "/sys/class/hwmon/%s/name", number);
	char **files = host_folder(h, "/sys/class/hwmon/%s", number);

	if (name)
		add(r, (struct reading){ "node_hwmon_chip_names", GAUGE,
			       host_labels(h, "chip", chip, "chip_name", clean(h, name), NULL), 1,
			       0 });
	for (; *files; files++) {
		size_t n = strlen(*files);
		const char *label;

		if (n > 6 && str_eq(*files + n - 6, "_label")) {
			label = host_file(h, "/sys/class/hwmon/%s/%s", number, *files);
			if (label)
				add(r, (struct reading){ "node_hwmon_sensor_label", GAUGE,
					       host_labels(h, "chip", chip, "label", label,
						       "sensor",
						       arena_strndup(&h->arena, *files, n - 6),
						       NULL),
					       1, 0 });
			continue;
		}
		add_sensor(h, r, chip, arena_printf(&h->arena, "%s/%s", number, *files));
	}
}

static struct readings readings_new(struct host *h)
{
	struct readings r = { arena_alloc(&h->arena, READINGS_MAX * sizeof *r.v), 0 };

	must(r.v);
	return r;
}

void collect_hwmon(struct host *h)
{
	struct readings r = readings_new(h);
	bool had_failed = h->failed;

	for (char **chips = host_folder(h, "/sys/class/hwmon"); *chips; chips++)
		read_chip(h, &r, *chips);
	write_readings(h, &r, "a sensor of the hardware");
	h->failed = had_failed; /* sensors that answer with an error now and then are usual */
}

/* ---- thermal zones */

void collect_thermal_zone(struct host *h)
{
	struct readings r = readings_new(h);

	for (char **names = host_folder(h, "/sys/class/thermal"); *names; names++) {
		const char *type = host_file(h, "/sys/class/thermal/%s/type", *names);
		size_t n = strcspn(*names, "0123456789");
		const char *labels;
		int64_t v;

		if (!type)
			continue;
		if (str_starts(*names, "thermal_zone") &&
			host_number(h, &v, "/sys/class/thermal/%s/temp", *names)) {
			labels = host_labels(h, "type", type, "zone", *names + n, NULL);
			add(&r, (struct reading){ "node_thermal_zone_temp", GAUGE, labels,
					(double)v / 1000, 0 });
		}
		if (!str_starts(*names, "cooling_device"))
			continue;
		labels = host_labels(h, "name", *names + n, "type", type, NULL);
		if (host_number(h, &v, "/sys/class/thermal/%s/cur_state", *names))
			add(&r, (struct reading){ "node_cooling_device_cur_state", GAUGE, labels,
					(double)v, 0 });
		if (host_number(h, &v, "/sys/class/thermal/%s/max_state", *names))
			add(&r, (struct reading){ "node_cooling_device_max_state", GAUGE, labels,
					(double)v, 0 });
	}
	write_readings(h, &r, "heat and what is done about it");
}

/* ---- batteries and chargers: Documentation/ABI/testing/sysfs-class-power */

static const struct {
	const char *ending, *unit;
	double factor;
} supply_units[] = {
	{ "capacity", "", 1 },
	{ "charge_full", "_ampere", 1e-6 },
	{ "charge_full_design", "_ampere", 1e-6 },
	{ "charge_now", "_ampere", 1e-6 },
	{ "current_now", "_ampere", 1e-6 },
	{ "cycle_count", "", 1 },
	{ "energy_full", "_watthour", 1e-6 },
	{ "energy_full_design", "_watthour", 1e-6 },
	{ "energy_now", "_watthour", 1e-6 },
	{ "online", "", 1 },
	{ "power_now", "_watt", 1e-6 },
	{ "present", "", 1 },
	{ "temp", "_celsius", 0.1 },
	{ "time_to_empty_now", "_seconds", 1 },
	{ "time_to_full_now", "_seconds", 1 },
	{ "voltage_max_design", "_volt", 1e-6 },
	{ "voltage_min_design", "_volt", 1e-6 },
	{ "voltage_now", "_volt", 1e-6 },
};

/* The metric's name says what it is of, not that it is of now. */
static const char *supply_metric(struct host *h, size_t row)
{
	const char *file = supply_units[row].ending;
	size_t n = strlen(file);

	if (n > 4 && str_eq(file + n - 4, "_now"))
		n -= 4;
	return arena_printf(&h->arena, "node_power_supply_%.*s%s", (int)n, file,
		supply_units[row].unit);
}

void collect_powersupplyclass(struct host *h)
{
	struct readings r = readings_new(h);

	for (char **names = host_folder(h, "/sys/class/power_supply"); *names; names++) {
		const char *labels = host_labels(h, "power_supply", *names, NULL);
		int64_t v;

		for (size_t i = 0; i < COUNT(supply_units); i++)
			if (host_number(h, &v, "/sys/class/power_supply/%s/%s", *names,
				    supply_units[i].ending))
				add(&r, (struct reading){ supply_metric(h, i), GAUGE, labels,
						(double)v * supply_units[i].factor, 0 });
	}
	write_readings(h, &r, "a battery or a charger");
}

/* ---- energy and memory errors */

void collect_rapl(struct host *h)
{
	struct readings r = readings_new(h);
	bool had_failed = h->failed;

	for (char **zones = host_folder(h, "/sys/class/powercap"); *zones; zones++) {
		const char *name = host_file(h, "/sys/class/powercap/%s/name", *zones);
		int64_t microjoules;
		const char *index = "0", *dash;

		if (!name ||
			!host_number(h, &microjoules, "/sys/class/powercap/%s/energy_uj", *zones))
			continue;
		dash = strrchr(name, '-'); /* package-0 */
		if (dash && isdigit((unsigned char)dash[1])) {
			index = dash + 1;
			name = arena_strndup(&h->arena, name, (size_t)(dash - name));
		}
		add(&r, (struct reading){ arena_printf(&h->arena, "node_rapl_%s_joules_total",
						  clean(h, name)),
				COUNTER,
				host_labels(h, "index", index, "path",
					arena_printf(&h->arena, "/sys/class/powercap/%s", *zones),
					NULL),
				(double)microjoules / 1e6, 0 });
	}
	write_readings(h, &r, "energy used");
	h->failed = had_failed; /* only root may read it, since it tells of others' work */
}

void collect_edac(struct host *h)
{
	static const struct {
		const char *file, *metric;
	} rows[] = {
		{ "ce_count", "node_edac_correctable_errors_total" },
		{ "ue_count", "node_edac_uncorrectable_errors_total" },
	};
	struct readings r = readings_new(h);

	for (char **names = host_folder(h, "/sys/devices/system/edac/mc"); *names; names++) {
		int64_t v;

		for (size_t i = 0; str_starts(*names, "mc") && i < COUNT(rows); i++)
			if (host_number(h, &v, "/sys/devices/system/edac/mc/%s/%s", *names,
				    rows[i].file))
				add(&r, (struct reading){ rows[i].metric, COUNTER,
						host_labels(h, "controller", *names + 2, NULL),
						(double)v, 0 });
	}
	write_readings(h, &r, "memory errors");
}

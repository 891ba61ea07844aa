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
	const char *help;
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

static void write_readings(struct host *h, struct readings *r)
{
	qsort(r->v, r->n, sizeof *r->v, by_metric);
	for (uint32_t i = 0; i < r->n; i++) {
		if (!i || !str_eq(r->v[i].metric, r->v[i - 1].metric))
			host_metric(h, r->v[i].metric, r->v[i].type, r->v[i].help);
		host_value(h, r->v[i].labels, r->v[i].v);
	}
}

/* ---- hwmon: Documentation/hwmon/sysfs-interface.rst */

/* How the values of a kind of sensor are written; the first row that fits. */
static const struct {
	const char *kind;    /* "temp" of temp1_input; NULL: any */
	const char *element; /* "input"; NULL: any */
	const char *name;    /* of the element; NULL: itself, but for "input" */
	const char *unit;
	enum host_type type;
	double factor;
	const char *help;
	enum {
		SAYS_NOTHING,
		SAYS_KIND,
		SAYS_ELEMENT,
		SAYS_WORD
	} says; /* behind it: (kind), (element), element */
} units[] = {
	{ NULL, "fault", NULL, "", GAUGE, 1, "Hardware sensor fault status", SAYS_KIND },
	{ NULL, "alarm", NULL, "", GAUGE, 1, "Hardware sensor alarm status", SAYS_KIND },
	{ NULL, "beep", "beep_enabled", "", GAUGE, 1, "Hardware monitor sensor has beeping enabled",
		SAYS_NOTHING },
	{ "temp", "type", NULL, "", GAUGE, 1, "Hardware monitor temp element type", SAYS_NOTHING },
	{ "temp", NULL, NULL, "_celsius", GAUGE, 1e-3, "Hardware monitor for temperature",
		SAYS_ELEMENT },
	{ "in", NULL, NULL, "_volts", GAUGE, 1e-3, "Hardware monitor for voltage", SAYS_ELEMENT },
	{ "cpu", NULL, NULL, "_volts", GAUGE, 1e-3, "Hardware monitor for voltage", SAYS_ELEMENT },
	{ "curr", NULL, NULL, "_amps", GAUGE, 1e-3, "Hardware monitor for current", SAYS_ELEMENT },
	{ "energy", NULL, NULL, "_joule_total", COUNTER, 1e-6,
		"Hardware monitor for joules used so far", SAYS_ELEMENT },
	{ "power", "accuracy", NULL, "", GAUGE, 1e-6,
		"Hardware monitor power meter accuracy, as a ratio", SAYS_NOTHING },
	{ "power", "average_interval", NULL, "_seconds", GAUGE, 1e-3,
		"Hardware monitor power usage update interval", SAYS_ELEMENT },
	{ "power", "average_interval_min", NULL, "_seconds", GAUGE, 1e-3,
		"Hardware monitor power usage update interval", SAYS_ELEMENT },
	{ "power", "average_interval_max", NULL, "_seconds", GAUGE, 1e-3,
		"Hardware monitor power usage update interval", SAYS_ELEMENT },
	{ "power", NULL, NULL, "_watt", GAUGE, 1e-6, "Hardware monitor for power usage in watts",
		SAYS_ELEMENT },
	{ "humidity", NULL, NULL, "", GAUGE, 1e-6,
		"Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the "
		"humidity as a percentage)",
		SAYS_ELEMENT },
	{ "fan", "input", NULL, "_rpm", GAUGE, 1, "Hardware monitor for fan revolutions per minute",
		SAYS_ELEMENT },
	{ "fan", "target", NULL, "_rpm", GAUGE, 1,
		"Hardware monitor for fan revolutions per minute", SAYS_ELEMENT },
	{ "fan", "min", NULL, "_rpm", GAUGE, 1, "Hardware monitor for fan revolutions per minute",
		SAYS_ELEMENT },
	{ "fan", "max", NULL, "_rpm", GAUGE, 1, "Hardware monitor for fan revolutions per minute",
		SAYS_ELEMENT },
	{ "freq", "input", NULL, "_freq_mhz", GAUGE, 1e-6,
		"Hardware monitor for GPU frequency in MHz", SAYS_NOTHING },
	{ "pwm", NULL, NULL, "", GAUGE, 1, "Hardware monitor pwm element", SAYS_WORD },
	{ "intrusion", NULL, NULL, "", GAUGE, 1, "Hardware monitor intrusion element", SAYS_WORD },
	{ "freq", NULL, NULL, "", GAUGE, 1, "Hardware monitor freq element", SAYS_WORD },
	{ "fan", NULL, NULL, "", GAUGE, 1, "Hardware monitor fan element", SAYS_WORD },
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

static size_t row_of(const struct sensor *s)
{
	size_t row = 0;

	while (row < COUNT(units) &&
		!((!units[row].kind || str_eq(units[row].kind, s->kind)) &&
			(!units[row].element || str_eq(units[row].element, s->element))))
		row++;
	return row;
}

static const char *help_of(struct host *h, size_t row, const struct sensor *s)
{
	switch (units[row].says) {
	case SAYS_KIND:
		return arena_printf(&h->arena, "%s (%s)", units[row].help, s->kind);
	case SAYS_ELEMENT:
		return arena_printf(&h->arena, "%s (%s)", units[row].help,
			*s->element ? s->element : "input");
	case SAYS_WORD:
		return arena_printf(&h->arena, "%s %s", units[row].help, s->element);
	default:
		return units[row].help;
	}
}

static void add_sensor(struct host *h, struct readings *r, const char *chip, const char *path)
{
	const char *file = strrchr(path, '/') + 1, *name, *element;
	struct sensor s;
	int64_t v;
	size_t row;

	if (!read_sensor_name(file, &s))
		return;
	row = row_of(&s);
	if (row == COUNT(units) || !host_number(h, &v, "/sys/class/hwmon/%s", path))
		return;
	name = arena_printf(&h->arena, "%s%s", s.kind, s.id);
	if (str_eq(units[row].unit, "_freq_mhz")) /* told by what it is the frequency of */
		name = host_file(h, "/sys/class/hwmon/%.*s/%s_label", (int)(file - path - 1), path,
			name);
	if (!name)
		return;
	element = units[row].name ? units[row].name : str_eq(s.element, "input") ? "" : s.element;
	add(r, (struct reading){ .metric = arena_printf(&h->arena, "node_hwmon_%s%s%s%s", s.kind,
					 *element ? "_" : "", element, units[row].unit),
		       .type = units[row].type,
		       .labels = host_labels(h, "chip", chip, "sensor", name, NULL),
		       .v = (double)v * units[row].factor,
		       .help = help_of(h, row, &s) });
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
			       "Annotation metric for human-readable chip names", 0 });
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
					       1, "Label for given chip and sensor", 0 });
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
	write_readings(h, &r);
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
					(double)v / 1000, "Zone temperature in Celsius", 0 });
		}
		if (!str_starts(*names, "cooling_device"))
			continue;
		labels = host_labels(h, "name", *names + n, "type", type, NULL);
		if (host_number(h, &v, "/sys/class/thermal/%s/cur_state", *names))
			add(&r, (struct reading){ "node_cooling_device_cur_state", GAUGE, labels,
					(double)v, "Current throttle state of the cooling device",
					0 });
		if (host_number(h, &v, "/sys/class/thermal/%s/max_state", *names))
			add(&r, (struct reading){ "node_cooling_device_max_state", GAUGE, labels,
					(double)v, "Maximum throttle state of the cooling device",
					0 });
	}
	write_readings(h, &r);
}

/* ---- batteries and chargers: Documentation/ABI/testing/sysfs-class-power */

static const struct {
	const char *file, *metric;
	double factor;
} supply_fields[] = {
	{ "authentic", "authentic", 1 },
	{ "calibrate", "calibrate", 1 },
	{ "capacity", "capacity", 1 },
	{ "capacity_alert_max", "capacity_alert_max", 1 },
	{ "capacity_alert_min", "capacity_alert_min", 1 },
	{ "charge_now", "charge_ampere", 1e-6 },
	{ "charge_control_limit", "charge_control_limit", 1e-6 },
	{ "charge_control_limit_max", "charge_control_limit_max", 1e-6 },
	{ "charge_counter", "charge_counter", 1e-6 },
	{ "charge_empty", "charge_empty", 1e-6 },
	{ "charge_empty_design", "charge_empty_design", 1e-6 },
	{ "charge_full", "charge_full", 1e-6 },
	{ "charge_full_design", "charge_full_design", 1e-6 },
	{ "charge_term_current", "charge_term_current", 1e-6 },
	{ "constant_charge_current", "constant_charge_current", 1e-6 },
	{ "constant_charge_current_max", "constant_charge_current_max", 1e-6 },
	{ "constant_charge_voltage", "constant_charge_voltage", 1e-6 },
	{ "constant_charge_voltage_max", "constant_charge_voltage_max", 1e-6 },
	{ "current_now", "current_ampere", 1e-6 },
	{ "current_boot", "current_boot", 1e-6 },
	{ "current_max", "current_max", 1e-6 },
	{ "cycle_count", "cyclecount", 1 },
	{ "energy_empty", "energy_empty", 1e-6 },
	{ "energy_empty_design", "energy_empty_design", 1e-6 },
	{ "energy_full", "energy_full", 1e-6 },
	{ "energy_full_design", "energy_full_design", 1e-6 },
	{ "energy_now", "energy_watthour", 1e-6 },
	{ "input_current_limit", "input_current_limit", 1e-6 },
	{ "online", "online", 1 },
	{ "power_now", "power_watt", 1e-6 },
	{ "precharge_current", "precharge_current", 1e-6 },
	{ "present", "present", 1 },
	{ "temp_alert_max", "temp_alert_max_celsius", 0.1 },
	{ "temp_alert_min", "temp_alert_min_celsius", 0.1 },
	{ "temp_ambient", "temp_ambient_celsius", 0.1 },
	{ "temp", "temp_celsius", 0.1 },
	{ "temp_max", "temp_max_celsius", 0.1 },
	{ "temp_min", "temp_min_celsius", 0.1 },
	{ "time_to_empty_now", "time_to_empty_seconds", 1 },
	{ "time_to_full_now", "time_to_full_seconds", 1 },
	{ "voltage_boot", "voltage_boot", 1e-6 },
	{ "voltage_max", "voltage_max", 1e-6 },
	{ "voltage_max_design", "voltage_max_design", 1e-6 },
	{ "voltage_min", "voltage_min", 1e-6 },
	{ "voltage_min_design", "voltage_min_design", 1e-6 },
	{ "voltage_ocv", "voltage_ocv", 1e-6 },
	{ "voltage_now", "voltage_volt", 1e-6 },
};

/* What there is of texts, in order of labels. */
static const char *supply_labels(struct host *h, const char *supply)
{
	static const char *const files[] = { "capacity_level", "charge_type", "health",
		"manufacturer", "model_name", NULL, "scope", "serial_number", "status",
		"technology", "type", "usb_type" };
	const char *labels = "";

	for (size_t i = 0; i < COUNT(files); i++) {
		char *text =
			files[i] ? host_file(h, "/sys/class/power_supply/%s/%s", supply, files[i])
				 : arena_strdup(&h->arena, supply);

		if (text && *text)
			labels = arena_printf(&h->arena, "%s%s%s", labels, *labels ? "," : "",
				host_labels(h, files[i] ? files[i] : "power_supply",
					host_text(h, text), NULL));
	}
	return labels;
}

static void read_supply(struct host *h, struct readings *r, const char *name)
{
	const char *labels = host_labels(h, "power_supply", name, NULL);
	int64_t v;

	add(r, (struct reading){ "node_power_supply_info", GAUGE, supply_labels(h, name), 1,
		       "info of /sys/class/power_supply/<power_supply>.", 0 });
	for (size_t i = 0; i < COUNT(supply_fields); i++)
		if (host_number(h, &v, "/sys/class/power_supply/%s/%s", name,
			    supply_fields[i].file))
			add(r, (struct reading){ arena_printf(&h->arena, "node_power_supply_%s",
							 supply_fields[i].metric),
				       GAUGE, labels, (double)v * supply_fields[i].factor,
				       arena_printf(&h->arena,
					       "%s value of "
					       "/sys/class/power_supply/<power_supply>.",
					       supply_fields[i].metric),
				       0 });
}

void collect_powersupplyclass(struct host *h)
{
	struct readings r = readings_new(h);

	for (char **names = host_folder(h, "/sys/class/power_supply"); *names; names++)
		read_supply(h, &r, *names);
	write_readings(h, &r);
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
				(double)microjoules / 1e6,
				arena_printf(&h->arena, "Current RAPL %s value in joules", name),
				0 });
	}
	write_readings(h, &r);
	h->failed = had_failed; /* only root may read it, since it tells of others' work */
}

static const struct edac_field {
	const char *file, *metric, *help;
} controller_fields[] = {
	{ "ce_count", "node_edac_correctable_errors_total", "Total correctable memory errors." },
	{ "ue_count", "node_edac_uncorrectable_errors_total", "Total uncorrectable memory errors." },
}, csrow_fields[] = {
	{ "ce_count", "node_edac_csrow_correctable_errors_total",
		"Total correctable memory errors for this csrow." },
	{ "ue_count", "node_edac_csrow_uncorrectable_errors_total",
		"Total uncorrectable memory errors for this csrow." },
}, unknown_fields[] = {
	{ "ce_noinfo_count", "node_edac_csrow_correctable_errors_total",
		"Total correctable memory errors for this csrow." },
	{ "ue_noinfo_count", "node_edac_csrow_uncorrectable_errors_total",
		"Total uncorrectable memory errors for this csrow." },
};

#define EDAC "/sys/devices/system/edac/mc"

static void add_errors(struct host *h, struct readings *r, const struct edac_field fields[2],
	const char *path, const char *labels)
{
	int64_t v;

	for (int i = 0; i < 2; i++)
		if (host_number(h, &v, EDAC "/%s/%s", path, fields[i].file))
			add(r, (struct reading){ fields[i].metric, COUNTER, labels, (double)v,
				       fields[i].help, 0 });
}

void collect_edac(struct host *h)
{
	struct readings r = readings_new(h);

	for (char **names = host_folder(h, EDAC); *names; names++) {
		const char *mc = *names + 2;

		if (!str_starts(*names, "mc"))
			continue;
		add_errors(h, &r, controller_fields, *names,
			host_labels(h, "controller", mc, NULL));
		add_errors(h, &r, unknown_fields, *names,
			host_labels(h, "controller", mc, "csrow", "unknown", NULL));
		for (char **rows = host_folder(h, EDAC "/%s", *names); *rows; rows++)
			if (str_starts(*rows, "csrow"))
				add_errors(h, &r, csrow_fields,
					arena_printf(&h->arena, "%s/%s", *names, *rows),
					host_labels(h, "controller", mc, "csrow", *rows + 5, NULL));
	}
	write_readings(h, &r);
}

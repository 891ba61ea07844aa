/* SPDX-License-Identifier: Apache-2.0 */
#include "port/host_metrics/smart.h"

#include "port/host_metrics/host.h"

#include <stdio.h>

/* What all devices of a round say, metric after metric. */
struct writing {
	struct host host;
	const struct smart_report *reports;
	uint32_t n;
};

static const char *device_of(const struct smart_report *r)
{
	return str_starts(r->device, "/dev/") ? r->device + strlen("/dev/") : r->device;
}

/* "a.b.c" of nested objects; NULL. */
static const json_t *find(const json_t *v, const char *path)
{
	while (v && *path) {
		size_t n = strcspn(path, ".");

		v = json_object_getn(v, path, n);
		path += n + (path[n] == '.');
	}
	return v;
}

static const char *text_at(const json_t *v, const char *path)
{
	const char *text = json_string_value(find(v, path));

	return text ? text : "";
}

static bool number_of(const json_t *v, double *ret)
{
	if (json_is_boolean(v))
		*ret = json_is_true(v);
	else if (json_is_number(v))
		*ret = json_number_value(v);
	else
		return false;
	return true;
}

/* ---- one figure a device */

static const struct figure {
	const char *name;
	enum host_type type;
	const char *help;
	const char *path;
	double factor;
	const char *label, *value; /* beside the device; NULL: none */
} figures[] = {
/* Its units are thousands of 512 bytes (NVM Express, 5.16.1.3), which smartctl_exporter takes for
 * 1024 blocks. */
#define LOG "nvme_smart_health_information_log."
	{ "smartctl_device_available_spare", COUNTER,
		"Normalized percentage (0 to 100%) of the remaining spare capacity available",
		LOG "available_spare", 1, NULL, NULL },
	{ "smartctl_device_available_spare_threshold", COUNTER,
		"When the Available Spare falls below the threshold indicated in this field, an "
		"asynchronous event completion may occur. The value is indicated as a normalized "
		"percentage (0 to 100%)",
		LOG "available_spare_threshold", 1, NULL, NULL },
	{ "smartctl_device_block_size", GAUGE, "Device block size", "logical_block_size", 1,
		"blocks_type", "logical" },
	{ "smartctl_device_block_size", GAUGE, "Device block size", "physical_block_size", 1,
		"blocks_type", "physical" },
	{ "smartctl_device_bytes_read", COUNTER, "Bytes read", LOG "data_units_read", 512000, NULL,
		NULL },
	{ "smartctl_device_bytes_written", COUNTER, "Bytes written", LOG "data_units_written",
		512000, NULL, NULL },
	{ "smartctl_device_capacity_blocks", GAUGE, "Device capacity in blocks",
		"user_capacity.blocks", 1, NULL, NULL },
	{ "smartctl_device_capacity_bytes", GAUGE, "Device capacity in bytes",
		"user_capacity.bytes", 1, NULL, NULL },
	{ "smartctl_device_critical_warning", COUNTER,
		"This field indicates critical warnings for the state of the controller",
		LOG "critical_warning", 1, NULL, NULL },
	{ "smartctl_device_media_errors", COUNTER,
		"Contains the number of occurrences where the controller detected an unrecovered "
		"data integrity error. Errors such as uncorrectable ECC, CRC checksum failure, or "
		"LBA tag mismatch are included in this field",
		LOG "media_errors", 1, NULL, NULL },
	{ "smartctl_device_num_err_log_entries", COUNTER,
		"Contains the number of Error Information log entries over the life of the "
		"controller",
		LOG "num_err_log_entries", 1, NULL, NULL },
	{ "smartctl_device_nvme_capacity_bytes", GAUGE, "NVMe device total capacity bytes",
		"nvme_total_capacity", 1, NULL, NULL },
	{ "smartctl_device_percentage_used", COUNTER, "Device write percentage used",
		LOG "percentage_used", 1, NULL, NULL },
	{ "smartctl_device_power_cycle_count", COUNTER, "Device power cycle count",
		"power_cycle_count", 1, NULL, NULL },
	{ "smartctl_device_power_on_seconds", COUNTER, "Device power on seconds",
		"power_on_time.hours", 3600, NULL, NULL },
	{ "smartctl_device_rotation_rate", GAUGE, "Device rotation rate", "rotation_rate", 1, NULL,
		NULL },
	{ "smartctl_device_smart_status", GAUGE, "General smart status", "smart_status.passed", 1,
		NULL, NULL },
	{ "smartctl_device_smartctl_exit_status", GAUGE, "Exit status of smartctl on device",
		"smartctl.exit_status", 1, NULL, NULL },
	{ "smartctl_device_state", GAUGE,
		"Device state (0=active, 1=standby, 2=sleep, 3=dst, 4=offline, 5=sct)",
		"ata_sct_status.device_state.value", 1, NULL, NULL },
	{ "smartctl_device_status", GAUGE, "Device status", "smart_status.passed", 1, NULL, NULL },
	{ "smartctl_read_total_uncorrected_errors", COUNTER, "Read Total Uncorrected Errors",
		"scsi_error_counter_log.read.total_uncorrected_errors", 1, NULL, NULL },
	{ "smartctl_scsi_grown_defect_list", COUNTER, "Device SCSI grown defect list counter",
		"scsi_grown_defect_list", 1, NULL, NULL },
	{ "smartctl_write_total_uncorrected_errors", COUNTER, "Write Total Uncorrected Errors",
		"scsi_error_counter_log.write.total_uncorrected_errors", 1, NULL, NULL },
#undef LOG
};

static void write_figure(struct writing *w, const struct figure *f)
{
	struct host *h = &w->host;
	bool has_head = str_eq(h->metric, f->name);
	double v;

	for (uint32_t i = 0; i < w->n; i++) {
		if (!number_of(find(w->reports[i].said, f->path), &v))
			continue;
		if (!has_head)
			host_metric(h, f->name, f->type, f->help);
		has_head = true;
		host_value(h,
			f->label ? host_labels(h, f->label, f->value, "device",
					   device_of(&w->reports[i]), NULL)
				 : host_labels(h, "device", device_of(&w->reports[i]), NULL),
			v * f->factor);
	}
}

/* ---- what has names of its own */

static const char *flags_of(struct host *h, const json_t *flags)
{
	static const char *const names[] = { "prefailure", "updated_online", "performance",
		"error_rate", "event_count", "auto_keep" };
	scoped(str_fini) struct str text = STR_EMPTY;

	for (size_t i = 0; i < COUNT(names); i++)
		if (json_is_true(json_object_get(flags, names[i])))
			str_addf(&text, "%s%s", text.len ? "," : "", names[i]);
	return arena_strdup(&h->arena, str_c(&text));
}

static const char *trimmed(struct host *h, const char *text)
{
	size_t n;

	text += strspn(text, " ");
	for (n = strlen(text); n && text[n - 1] == ' '; n--)
		;
	return arena_strndup(&h->arena, text, n);
}

static void write_attribute(struct host *h, const char *device, const json_t *said)
{
	static const struct {
		const char *type, *path;
	} kinds[] = { { "raw", "raw.value" }, { "thresh", "thresh" }, { "value", "value" },
		{ "worst", "worst" } };
	char id[16];
	double v;

	snprintf(id, sizeof id, "%d", (int)json_get_int(said, "id", 0));
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (number_of(find(said, kinds[i].path), &v))
			host_value(h,
				host_labels(h, "attribute_flags_long",
					flags_of(h, find(said, "flags")), "attribute_flags_short",
					trimmed(h, text_at(said, "flags.string")), "attribute_id",
					id, "attribute_name", text_at(said, "name"),
					"attribute_value_type", kinds[i].type, "device", device,
					NULL),
				v);
}

static void write_attributes(struct writing *w)
{
	struct host *h = &w->host;
	bool has_head = false;

	for (uint32_t i = 0; i < w->n; i++) {
		const json_t *table = find(w->reports[i].said, "ata_smart_attributes.table"), *said;
		size_t k;

		json_array_foreach (table, k, said) {
			if (!has_head)
				host_metric(h, "smartctl_device_attribute", GAUGE,
					"Device attributes");
			has_head = true;
			write_attribute(h, device_of(&w->reports[i]), said);
		}
	}
}

static void write_devices(struct writing *w)
{
	struct host *h = &w->host;

	host_metric(h, "smartctl_device", GAUGE, "Device info");
	for (uint32_t i = 0; i < w->n; i++) {
		const json_t *said = w->reports[i].said;

		host_value(h,
			host_labels(h, "ata_additional_product_id",
				json_get_text(said, "ata_additional_product_id", "unknown"),
				"ata_version", text_at(said, "ata_version.string"), "device",
				device_of(&w->reports[i]), "firmware_version",
				text_at(said, "firmware_version"), "form_factor",
				text_at(said, "form_factor.name"), "interface",
				text_at(said, "device.type"), "model_family",
				text_at(said, "model_family"), "model_name",
				text_at(said, "model_name"), "protocol",
				text_at(said, "device.protocol"), "sata_version",
				text_at(said, "sata_version.string"), "serial_number",
				text_at(said, "serial_number"), NULL),
			1);
	}
	host_gauge(h, "smartctl_devices", w->n,
		"Number of devices configured or dynamically discovered");
}

/* Members of an object are each one of a metric's series: temperatures, logs. */
static const struct group {
	const char *name, *help, *path;
	const char *label;  /* whose value is the member's name */
	const char *figure; /* of a member that is an object; NULL: members are numbers */
	double factor;
} groups[] = {
	{ "smartctl_device_erc_seconds", "Device SMART Error Recovery Control Seconds",
		"ata_sct_erc", "op_type", "deciseconds", 0.1 },
	{ "smartctl_device_error_log_count", "Device SMART error log count", "ata_smart_error_log",
		"error_log_type", "count", 1 },
	{ "smartctl_device_self_test_log_count", "Device SMART self test log count",
		"ata_smart_self_test_log", "self_test_log_type", "count", 1 },
	{ "smartctl_device_self_test_log_error_count", "Device SMART self test log error count",
		"ata_smart_self_test_log", "self_test_log_type", "error_count_total", 1 },
	{ "smartctl_device_temperature", "Device temperature celsius", "temperature",
		"temperature_type", NULL, 1 },
};

static void write_group(struct writing *w, const struct group *g)
{
	struct host *h = &w->host;
	bool has_head = false;

	for (uint32_t i = 0; i < w->n; i++) {
		json_t *object = (json_t *)find(w->reports[i].said, g->path), *member;
		const char *key;
		double v;

		json_object_foreach (object, key, member) {
			if (!number_of(g->figure ? json_object_get(member, g->figure) : member, &v))
				continue;
			if (!has_head)
				host_metric(h, g->name, GAUGE, g->help);
			has_head = true;
			host_value(h,
				host_labels(h, "device", device_of(&w->reports[i]), g->label, key,
					NULL),
				v * g->factor);
		}
	}
}

void host_smart_write(const struct smart_report *reports, uint32_t n, struct str *out)
{
	struct writing w = { .host = { .root = "", .out = out }, .reports = reports, .n = n };

	if (!n)
		return;
	arena_init(&w.host.arena, 0);
	write_devices(&w);
	for (size_t i = 0; i < COUNT(figures); i++)
		write_figure(&w, &figures[i]);
	write_attributes(&w);
	for (size_t i = 0; i < COUNT(groups); i++)
		write_group(&w, &groups[i]);
	arena_fini(&w.host.arena);
}

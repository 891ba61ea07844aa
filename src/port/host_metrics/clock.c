/* SPDX-License-Identifier: Apache-2.0 */
/* clock: the time, and how sure the kernel is of it. */
#include "port/host_metrics/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

static void write_sources(struct host *h, const char *metric, const char *file, const char *help)
{
	char **names = host_folder(h, "/sys/devices/system/clocksource"), *words[16];

	host_metric(h, metric, GAUGE, help);
	for (; *names; names++) {
		char *text = host_file(h, "/sys/devices/system/clocksource/%s/%s", *names, file);
		uint32_t n;

		if (!text || !str_starts(*names, "clocksource"))
			continue;
		n = host_words(text, words, COUNT(words));
		for (uint32_t i = 0; i < n; i++)
			host_count(h,
				host_labels(h, "clocksource", words[i], "device",
					*names + strlen("clocksource"), NULL),
				1);
	}
}

void collect_time(struct host *h)
{
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	write_sources(h, "node_time_clocksource_available_info", "available_clocksource",
		"Available clocksources read from '/sys/devices/system/clocksource'.");
	write_sources(h, "node_time_clocksource_current_info", "current_clocksource",
		"Current clocksource read from '/sys/devices/system/clocksource'.");
	host_gauge(h, "node_time_seconds", (double)now.tv_sec + (double)now.tv_nsec / 1e9,
		"System time in seconds since epoch (1970).");
	host_metric(h, "node_time_zone_offset_seconds", GAUGE,
		"System time zone offset in seconds.");
	host_value(h, host_labels(h, "time_zone", local.tm_zone, NULL), (double)local.tm_gmtoff);
}

/* adjtimex(2): frequencies are in parts per million with 16 bits of fraction, times in
 * microseconds, or in nanoseconds where the status says so. */
#define PPM16 (65536.0 * 1e6)

void collect_timex(struct host *h)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);
	double unit = t.status & STA_NANO ? 1e-9 : 1e-6;
	const struct {
		const char *metric;
		enum host_type type;
		double v;
		const char *help;
	} rows[] = {
		{ "node_timex_estimated_error_seconds", GAUGE, (double)t.esterror * 1e-6,
			"Estimated error in seconds." },
		{ "node_timex_frequency_adjustment_ratio", GAUGE, 1 + (double)t.freq / PPM16,
			"Local clock frequency adjustment." },
		{ "node_timex_loop_time_constant", GAUGE, (double)t.constant,
			"Phase-locked loop time constant." },
		{ "node_timex_maxerror_seconds", GAUGE, (double)t.maxerror * 1e-6,
			"Maximum error in seconds." },
		{ "node_timex_offset_seconds", GAUGE, (double)t.offset * unit,
			"Time offset in between local system and reference clock." },
		{ "node_timex_pps_calibration_total", COUNTER, (double)t.calcnt,
			"Pulse per second count of calibration intervals." },
		{ "node_timex_pps_error_total", COUNTER, (double)t.errcnt,
			"Pulse per second count of calibration errors." },
		{ "node_timex_pps_frequency_hertz", GAUGE, (double)t.ppsfreq / PPM16,
			"Pulse per second frequency." },
		{ "node_timex_pps_jitter_seconds", GAUGE, (double)t.jitter * unit,
			"Pulse per second jitter." },
		{ "node_timex_pps_jitter_total", COUNTER, (double)t.jitcnt,
			"Pulse per second count of jitter limit exceeded events." },
		{ "node_timex_pps_shift_seconds", GAUGE, (double)t.shift,
			"Pulse per second interval duration." },
		{ "node_timex_pps_stability_exceeded_total", COUNTER, (double)t.stbcnt,
			"Pulse per second count of stability limit exceeded events." },
		{ "node_timex_pps_stability_hertz", GAUGE, (double)t.stabil / PPM16,
			"Pulse per second stability, average of recent frequency changes." },
		{ "node_timex_status", GAUGE, (double)t.status, "Value of the status array bits." },
		{ "node_timex_sync_status", GAUGE, state != TIME_ERROR,
			"Is clock synchronized to a reliable server (1 = yes, 0 = no)." },
		{ "node_timex_tai_offset_seconds", GAUGE, (double)t.tai,
			"International Atomic Time (TAI) offset." },
		{ "node_timex_tick_seconds", GAUGE, (double)t.tick * 1e-6,
			"Seconds between clock ticks." },
	};

	if (state < 0) {
		h->failed = true;
		return;
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		host_metric(h, rows[i].metric, rows[i].type, rows[i].help);
		host_value(h, NULL, rows[i].v);
	}
}

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
		"clock sources that there are");
	write_sources(h, "node_time_clocksource_current_info", "current_clocksource",
		"the clock source in use");
	host_gauge(h, "node_time_seconds", (double)now.tv_sec + (double)now.tv_nsec / 1e9,
		"the time, since 1970");
	host_metric(h, "node_time_zone_offset_seconds", GAUGE, "the zone's offset from UTC");
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
			"estimated error" },
		{ "node_timex_frequency_adjustment_ratio", GAUGE, 1 + (double)t.freq / PPM16,
			"how much the clock is made to run faster" },
		{ "node_timex_loop_time_constant", GAUGE, (double)t.constant,
			"time constant of the phase-locked loop" },
		{ "node_timex_maxerror_seconds", GAUGE, (double)t.maxerror * 1e-6,
			"maximum error" },
		{ "node_timex_offset_seconds", GAUGE, (double)t.offset * unit,
			"offset from the reference" },
		{ "node_timex_pps_calibration_total", COUNTER, (double)t.calcnt,
			"calibration intervals of the pulse" },
		{ "node_timex_pps_error_total", COUNTER, (double)t.errcnt,
			"calibration errors of the pulse" },
		{ "node_timex_pps_frequency_hertz", GAUGE, (double)t.ppsfreq / PPM16,
			"frequency of the pulse" },
		{ "node_timex_pps_jitter_seconds", GAUGE, (double)t.jitter * unit,
			"jitter of the pulse" },
		{ "node_timex_pps_jitter_total", COUNTER, (double)t.jitcnt,
			"times the pulse jittered too much" },
		{ "node_timex_pps_shift_seconds", GAUGE, (double)t.shift, "interval of the pulse" },
		{ "node_timex_pps_stability_exceeded_total", COUNTER, (double)t.stbcnt,
			"times the pulse wandered too much" },
		{ "node_timex_pps_stability_hertz", GAUGE, (double)t.stabil / PPM16,
			"stability of the pulse" },
		{ "node_timex_status", GAUGE, (double)t.status, "status bits" },
		{ "node_timex_sync_status", GAUGE, state != TIME_ERROR,
			"whether the clock is kept by a reliable server" },
		{ "node_timex_tai_offset_seconds", GAUGE, (double)t.tai,
			"offset of the International Atomic Time" },
		{ "node_timex_tick_seconds", GAUGE, (double)t.tick * 1e-6, "time between ticks" },
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

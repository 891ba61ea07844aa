/* SPDX-License-Identifier: Apache-2.0 */
#include "api/view.h"
#include "core/alert/notice.h"

uint32_t view_wanted(const struct view *v, const struct incident *in, uint16_t channel)
{
	enum severity least = site_lab(v->site)->notify.channels[channel].least;
	bool is_untold = in->is_muted || in->state == INCIDENT_MERGED ||
			 (incident_is_cut_off(in) && !incident_is_over(in));

	if (is_untold && !in->told[channel].version)
		return 0;
	for (enum severity rank = SEVERITY_INFO; rank <= SEVERITY_CRITICAL; rank++) {
		if (in->severity && str_eq(in->severity, severity_name(rank)))
			return rank >= least ? in->version : in->told[channel].version;
	}
	return in->version;
}

static void write_told(const struct view *v, struct json_out *w, const struct incident *in,
	uint16_t channel)
{
	const struct incident_told *told = &in->told[channel];

	json_object_open(w, NULL);
	json_text(w, "channel", site_lab(v->site)->notify.channels[channel].name);
	json_int(w, "version", told->version);
	json_int(w, "wanted", view_wanted(v, in, channel));
	json_time(w, "first", told->first);
	json_time(w, "at", told->at);
	json_text(w, "via", told->via);
	json_text(w, "message", told->message);
	json_close(w);
}

void view_told(const struct view *v, struct json_out *w, const char *key, const struct incident *in)
{
	const struct lab_notify *notify = &site_lab(v->site)->notify;

	json_array_open(w, key);
	for (uint16_t i = 0; in && i < notify->n_channels && i < CHANNELS_MAX; i++)
		write_told(v, w, in, i);
	json_close(w);
}

void view_incident_open(const struct view *v, struct json_out *w, const char *key,
	const struct incident *in)
{
	scoped(str_fini) struct str title = STR_EMPTY;
	struct incident shown = *in;

	if (in->state != INCIDENT_OPEN) {
		notice_title_past(in->title, &title);
		shown.title = (char *)str_c(&title);
	}
	json_object_open(w, key);
	incident_describe(&shown, w);
	view_told(v, w, "told", in);
}

void view_incident(const struct view *v, struct json_out *w, const char *key,
	const struct incident *in)
{
	view_incident_open(v, w, key, in);
	json_close(w);
}

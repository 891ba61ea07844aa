/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/notice_words.h"

#include "base/reason.h"

/* How each sort of check is spoken of.  Names of derived checks tell their sort by a prefix; of
 * declared ones only notice_title() is told it. */
static const struct phrases {
	const char *kind, *prefix;
	const char *before; /* put before the name */
	const char *failing, *silent, *well;
} sorts[] = {
	{ "probe", NULL, "", " is down", " is silent", " is back" },
	{ "heartbeat", NULL, "", " failed", " is silent", " is back" },
	{ "site", "site:", "site ", " is down", " is silent", " is back" },
	{ "link", "link:", "link ", " is down", " is silent", " is back" },
	{ "watcher", "watcher:", "watcher ", " is down", " is silent", " is back" },
	{ "drill", "drill:", "drill of ", " failed", " is overdue", " works again" },
	{ "alert", "alert:", "", " fires", " is silent", " is over" },
	{ "self", "config@", "", ": lab.yaml is broken", ": lab.yaml is not looked at",
		": lab.yaml is good again" },
	{ "self", "disk@", "", ": disk trouble", ": disk is not looked at",
		": disk is fine again" },
	{ "self", "clock@", "", ": clock is wrong", ": clock is not looked at",
		": clock is right again" },
	{ "self", "notify@", "", ": cannot send messages", ": messages are not looked at",
		": sends messages again" },
	{ "self", "outside@", "", ": cut off from the outside", ": the way out is not looked at",
		": reaches the outside again" },
	{ "self", "journal@", "", ": journal trouble", ": journal is not looked at",
		": journal is fine again" },
};

/* What is wrong with its certificate is what a service is named by, not "is down". */
static const struct {
	const char *reason, *failing, *well;
} certificates[] = {
	{ REASON_EXPIRES, ": certificate expires soon", ": certificate is renewed" },
	{ REASON_EXPIRED, ": certificate has expired", ": certificate is valid again" },
	{ REASON_ISSUER_EXPIRED, ": certificate of its issuer has expired",
		": certificate is valid again" },
	{ REASON_OF_THE_CERTIFICATE, ": certificate is not accepted",
		": certificate is accepted again" },
};

/* NULL: another trouble.  Only probes look at certificates; others may be told anything. */
static const char *certificate_trouble(const struct notice_cause *cause)
{
	const char *reason = cause->reason && cause->kind ? cause->reason : "";

	for (size_t i = 0; i < COUNT(certificates); i++)
		if (str_starts(reason, certificates[i].reason) && str_eq(cause->kind, "probe"))
			return certificates[i].failing;
	return NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && str_eq(text + n - m, end);
}

/* How what has this title is back: its kind isn't kept. */
static const char *well_again(const struct phrases *p, const char *title)
{
	for (size_t i = 0; i < COUNT(certificates); i++)
		if (ends_with(title ? title : "", certificates[i].failing))
			return certificates[i].well;
	return p->well;
}

static const struct phrases *phrases_of(const char *kind, const char *check)
{
	for (size_t i = 0; i < COUNT(sorts); i++) {
		if (sorts[i].prefix ? str_starts(check, sorts[i].prefix)
				    : kind && str_eq(kind, sorts[i].kind))
			return &sorts[i];
	}
	return &sorts[0];
}

static const char *without_prefix(const struct phrases *p, const char *check)
{
	return p->prefix && str_starts(check, p->prefix) ? check + strlen(p->prefix) : check;
}

/* "HighLoad@dublin". */
static void add_alert(const char *name, struct str *out)
{
	const char *at = strrchr(name, '@');

	if (at)
		str_addf(out, "%.*s at %s", (int)(at - name), name, at + 1);
	else
		str_add(out, name);
}

static void add_subject(const struct notice_cause *cause, const struct phrases *p, struct str *out)
{
	str_add(out, p->before);
	if (str_eq(p->kind, "alert"))
		add_alert(without_prefix(p, cause->check), out);
	else if (str_eq(p->kind, "link") && cause->subject_a && cause->subject_b)
		str_addf(out, "%s-%s", cause->subject_a, cause->subject_b);
	else if (str_eq(p->kind, "site") && cause->subject_a)
		str_add(out, cause->subject_a);
	else
		str_add(out, without_prefix(p, cause->check));
}

void notice_title(const struct notice_cause *cause, struct str *out)
{
	const struct phrases *p = phrases_of(cause->kind, cause->check);
	const char *scope = cause->scope ? cause->scope : "none";
	const char *certificate = certificate_trouble(cause);

	add_subject(cause, p, out);
	if (cause->state && str_eq(cause->state, "silent"))
		str_add(out, p->silent);
	else if (str_eq(scope, "path") && cause->failing_from)
		str_addf(out, ": path problem, fails from %s", cause->failing_from);
	else if (str_eq(scope, "path"))
		str_add(out, ": path problem");
	else if (str_eq(scope, "unknown") && str_eq(p->kind, "site"))
		str_add(out, " or its link is down");
	else
		str_add(out, certificate ? certificate : p->failing);
}

bool words_is_over(const struct incident *in)
{
	return in->state == INCIDENT_RECOVERING || in->state == INCIDENT_CLOSED;
}

int64_t words_lasted_ms(const struct incident *in, struct wall now)
{
	struct wall end = words_is_over(in) && in->recovered.ms ? in->recovered : now;
	/* `since` is when it fell last. */
	struct wall since = in->is_flapping ? in->opened : in->since;

	return end.ms > since.ms ? end.ms - since.ms : 0;
}

void words_headline(const struct incident *in, struct str *out)
{
	const char *check = in->cause ? in->cause : "";
	const struct phrases *p = phrases_of(NULL, check);
	struct notice_cause cause = { .check = check };
	bool is_over = words_is_over(in);
	char lasted[DURATION_TEXT_MAX];

	if (in->state == INCIDENT_MERGED || (!is_over && !in->is_flapping)) {
		str_add(out, in->title ? in->title : check);
		return;
	}
	if (in->is_flapping && str_eq(p->kind, "self"))
		str_add(out, check); /* not the whole site flaps */
	else
		add_subject(&cause, p, out);
	duration_text(words_lasted_ms(in, in->recovered), lasted);
	if (in->is_flapping && in->state == INCIDENT_CLOSED)
		str_addf(out, " is steady again after %s", lasted);
	else if (in->is_flapping)
		str_add(out, " is flapping");
	else if (p->prefix && str_eq(p->prefix, "clock@"))
		str_add(out, p->well); /* how long, was measured with that clock */
	else
		str_addf(out, "%s after %s", well_again(p, in->title), lasted);
}

const struct incident_member *words_cause(const struct incident *in)
{
	for (uint32_t i = 0; i < in->n_members; i++)
		if (in->cause && str_eq(in->members[i].check, in->cause))
			return &in->members[i];
	return in->n_members ? &in->members[0] : NULL;
}

/* Nobody sees what is silent, and what a site says of itself, or of links, it alone sees. */
static bool is_looked_at(const struct incident *in, const struct incident_member *m)
{
	bool is_silent = m->state && str_eq(m->state, "silent");

	return !is_silent && !phrases_of(NULL, in->cause ? in->cause : "")->prefix;
}

void words_seen(const struct incident *in, const struct notice_context *c, struct str *out)
{
	const struct incident_member *m = words_cause(in);
	const char *scope = m && m->scope ? m->scope : "";

	if (!m || !is_looked_at(in, m))
		return;
	if (in->failing_from && str_eq(scope, "path"))
		str_addf(out, "%s, not from elsewhere", in->failing_from);
	else if (str_eq(scope, "path"))
		str_add(out, "some vantages, not from others");
	else if (str_eq(scope, "down"))
		str_add(out, c->vantages ? c->vantages : "everywhere");
}

bool words_is_of_alerts(const struct incident *in)
{
	return str_eq(phrases_of(NULL, in->cause ? in->cause : "")->kind, "alert");
}

bool words_is_of_itself(const char *check)
{
	return str_eq(phrases_of(NULL, check)->kind, "self");
}

const char *words_trouble(const struct incident_member *m)
{
	if (m->recovered.ms)
		return "back";
	if (m->reason && *m->reason)
		return m->reason;
	return m->state && *m->state ? m->state : "not well";
}

static const struct tz *zone_of(const struct notice_context *c, const char *site)
{
	for (uint32_t i = 0; site && i < c->n_sites; i++)
		if (str_eq(c->sites[i].name, site))
			return c->sites[i].zone;
	return NULL;
}

static const struct tz *reader_zone(const struct notice_context *c)
{
	return c->reader_zone ? c->reader_zone : tz_utc();
}

#define TIME_TEXT_MAX 80

void words_site_time(const struct notice_context *c, struct wall t, struct str *out)
{
	const struct tz *zone = zone_of(c, c->home);
	char text[TIME_TEXT_MAX];

	if (zone)
		str_addf(out, "%s at %s", tz_text(zone, t, c->now, text, sizeof text), c->home);
	else
		str_add(out, tz_text(reader_zone(c), t, c->now, text, sizeof text));
}

void words_time(const struct notice_context *c, struct wall t, struct str *out)
{
	const struct tz *site = zone_of(c, c->home), *reader = reader_zone(c);
	char text[TIME_TEXT_MAX];

	if (!site || tz_at(site, t).offset_s == tz_at(reader, t).offset_s) {
		words_site_time(c, t, out);
		return;
	}
	str_addf(out, "%s (", tz_text(reader, t, c->now, text, sizeof text));
	words_site_time(c, t, out);
	str_addc(out, ')');
}

void words_origin(const struct incident *in, const struct notice_context *c, struct str *out)
{
	if (c->lab)
		str_addf(out, "%s · ", c->lab);
	if (in->severity && !str_eq(in->severity, "warning"))
		str_addf(out, "%s · ", in->severity);
	str_add(out, in->id);
	if (c->from)
		str_addf(out, " · told by %s", c->from);
}

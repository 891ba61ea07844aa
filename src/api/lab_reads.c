/* SPDX-License-Identifier: Apache-2.0 */
/* lab_reads: the whole picture, and its parts by themselves. */
#include "api/api_private.h"

enum rc status_show(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	view_status(&c->view, &out->json, NULL);
	return RC_OK;
}

enum rc checks_list(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	json_object_open(&out->json, NULL);
	json_array_open(&out->json, "checks");
	for (uint16_t i = 0; i < checks_count(site_checks(c->view.site)); i++)
		view_check(&c->view, &out->json, NULL, i);
	json_close(&out->json);
	json_close(&out->json);
	return RC_OK;
}

enum rc silences_list(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	json_object_open(&out->json, NULL);
	view_silences(&c->view, &out->json, "silences");
	json_close(&out->json);
	return RC_OK;
}

enum rc health_show(struct call *c, struct answer *out, struct err *e)
{
	(void)c;
	(void)e;
	out->type = "text/plain; charset=utf-8";
	str_add(&out->body, "ok");
	return RC_OK;
}

/* ---- coverage */

static bool was_ever_heard(const struct site *s, uint16_t check)
{
	for (uint8_t site = 0; site < site_lab(s)->n_sites; site++) {
		const struct vantage *v = checks_vantage(site_checks(s), check, site);

		if (v && v->heard.ms)
			return true;
	}
	return false;
}

/* Why nothing observes this check; NULL when something does. */
static const char *why_unobserved(const struct site *s, uint16_t check)
{
	const struct lab_check *c = &site_lab(s)->checks[check];
	struct check_view view = checks_view(site_checks(s), check);

	if (c->from == 0)
		return "no site is a vantage of it";
	if (view.state == CHECK_PAUSED && view.paused_until.ms == NEVER_MS)
		return "paused until somebody resumes it";
	if (was_ever_heard(s, check))
		return NULL;
	return c->kind == CHECK_HEARTBEAT ? "its job has never reported"
					  : "no observation of it has arrived yet";
}

/* A host is observed by the check that stands for it, or by any that runs on it. */
static const char *why_host_unobserved(const struct site *s, uint16_t host)
{
	const struct lab *lab = site_lab(s);
	uint16_t own = lab->hosts[host].check;

	for (uint16_t i = 0; i < lab->n_declared; i++) {
		if (lab->checks[i].host == host && !why_unobserved(s, i))
			return NULL;
	}
	return own == NO_CHECK ? "no check stands for it" : why_unobserved(s, own);
}

struct unobserved {
	const char *name, *kind, *why;
	uint32_t line;
};

/* Says it, or counts it as observed. */
static void cover(struct json_out *w, const struct unobserved *u, int64_t *observed)
{
	if (!u->why) {
		++*observed;
		return;
	}
	json_object_open(w, NULL);
	json_text(w, "name", u->name);
	json_text(w, "kind", u->kind);
	json_text(w, "why", u->why);
	json_int(w, "line", u->line);
	json_close(w);
}

enum rc coverage_show(struct call *c, struct answer *out, struct err *e)
{
	const struct site *s = c->view.site;
	const struct lab *lab = site_lab(s);
	int64_t observed = 0;

	(void)e;
	json_object_open(&out->json, NULL);
	json_array_open(&out->json, "unobserved");
	for (uint16_t i = 0; i < lab->n_declared; i++) {
		const struct lab_check *check = &lab->checks[i];

		cover(&out->json,
			&(struct unobserved){ check->name, check_kind_name(check->kind),
				why_unobserved(s, i), check->line },
			&observed);
	}
	for (uint16_t i = 0; i < lab->n_hosts; i++)
		cover(&out->json,
			&(struct unobserved){ lab->hosts[i].name, "host", why_host_unobserved(s, i),
				0 },
			&observed);
	json_close(&out->json);
	json_int(&out->json, "observed", observed);
	json_close(&out->json);
	return RC_OK;
}

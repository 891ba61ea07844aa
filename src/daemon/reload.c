/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload: lab.yaml at the start, on SIGHUP, and when its folder says that it changed.
 *
 * A broken file is reported, and the running one stays.  Before a new one is taken up git is asked
 * who changed what, so that the journal can say what happened just before an incident.
 */
#include "daemon/serve_private.h"

#include "port/files/secret.h"
#include "port/systemd/systemd.h"

/* Of a commit's subject and its author, in a reason. */
#define SUMMARY_BYTES 60
#define AUTHOR_BYTES  30

static uint8_t find_self(const struct serve *s, const struct lab *lab)
{
	struct public_key key = key_public(&s->key);

	if (s->options.site)
		return lab_site_index(lab, s->options.site);
	for (uint8_t i = 0; i < lab->n_sites; i++)
		if (!memcmp(&lab->sites[i].key, &key, sizeof key))
			return i;
	return NO_SITE;
}

static enum rc check_self(const struct serve *s, const struct lab *lab, uint8_t self, struct err *e)
{
	struct public_key key = key_public(&s->key);
	char text[KEY_TEXT_MAX];

	if (self == NO_SITE && s->options.site)
		return err_set(e, RC_NOT_FOUND, "%s declares no site '%s'", s->options.lab_path,
			s->options.site);
	if (self == NO_SITE)
		return err_set(e, RC_NOT_FOUND, "no site in %s has our key, %s",
			s->options.lab_path, key_text(&key, text));
	if (memcmp(&lab->sites[self].key, &key, sizeof key))
		return err_set(e, RC_CONFLICT, "our key is %s, but %s has another for site '%s'",
			key_text(&key, text), s->options.lab_path, lab->sites[self].name);
	return RC_OK;
}

static void trust(struct serve *s)
{
	keys_signer_forget(s->signer);
	for (uint8_t i = 0; i < s->lab->n_sites; i++)
		keys_signer_trust(s->signer, s->lab->sites[i].name, &s->lab->sites[i].key);
}

enum rc reload_first(struct serve *s, struct err *e)
{
	scoped(str_fini) struct str first = STR_EMPTY;
	enum rc rc = daemon_read_lab(s->options.lab_path, s->zones, &s->lab, &first, e);

	if (rc != RC_OK)
		return err_set(e, rc, "%s", str_c(&first));
	s->self = find_self(s, s->lab);
	rc = check_self(s, s->lab, s->self, e);
	if (rc == RC_OK)
		trust(s);
	return rc;
}

enum rc reload_login(const struct serve *s, struct str *password_hash, struct str *token,
	struct api_login *ret, struct err *e)
{
	const struct lab_login *login = &s->lab->sites[s->self].login;
	enum rc rc = RC_OK;

	if (login->password_hash.kind != SECRET_NONE)
		rc = secret_resolve(&login->password_hash, password_hash, e);
	if (rc == RC_OK && login->token.kind != SECRET_NONE)
		rc = secret_resolve(&login->token, token, e);
	if (rc != RC_OK)
		return err_in(e, rc, "the login of site %s", s->lab->sites[s->self].name);
	ret->password_hash = password_hash->len ? str_c(password_hash) : NULL;
	ret->token = token->len ? str_c(token) : NULL;
	return RC_OK;
}

/* ---- what is wrong with the configuration */

static void say_config(struct serve *s)
{
	const char *why = s->lab_why[0] ? s->lab_why : s->certificate_why;
	struct observation o = { .is_ok = !why[0], .reason = why, .took_us = -1 };

	site_self(s->site, daemon_now(), SELF_CONFIG, &o);
}

/* Two files are replaced one after the other: only what is wrong twice in a row is wrong. */
void reload_look_at_certificate(struct serve *s)
{
	bool is_new = false;
	struct err e = { 0 };

	if (!s->api)
		return;
	if (api_refresh_certificate(s->api, &is_new, &e) == RC_OK)
		s->certificate_failures = 0;
	else if (++s->certificate_failures < 2)
		return;
	if (is_new)
		log_info("a new certificate is shown from now on");
	if (str_eq(e.text, s->certificate_why))
		return;
	if (e.text[0])
		log_error("the certificate in use stays: %s", e.text);
	str_copy(s->certificate_why, sizeof s->certificate_why, e.text);
	say_config(s);
}

/* ---- taking up a new one */

static void take_up_metrics(struct serve *s)
{
	const struct own_of of = { s->lab, s->self, s->api };
	struct err e = { 0 };

	if (!s->metrics) {
		if (s->lab->metrics.is_on)
			log_warning("metrics begin when this site is started next");
		return;
	}
	if (metrics_declare(s->metrics, &of, &e) != RC_OK)
		log_error("what was scraped is still scraped: %s", e.text);
	if (copies_declare(s, &e) != RC_OK)
		log_error("what was copied is still copied: %s", e.text);
	if (alerting_declare(s, &e) != RC_OK)
		log_error("the rules that were evaluated still are: %s", e.text);
}

static enum rc take_up(struct serve *s, struct lab *lab, const struct git_head *head, struct err *e)
{
	scoped(secret_wipe) struct str hash = STR_EMPTY, token = STR_EMPTY;
	struct site_revision rev = { head->commit, head->author, head->summary };
	struct link_port_site sites[SITES_MAX];
	struct link_port_lab link;
	struct lab *old = s->lab;
	struct api_login login = { 0 };
	uint8_t self = find_self(s, lab);
	enum rc rc = check_self(s, lab, self, e);

	if (rc != RC_OK)
		return rc;
	s->lab = lab;
	rc = reload_login(s, &hash, &token, &login, e);
	if (rc == RC_OK)
		rc = site_reload(s->site, daemon_now(), lab, &rev, e);
	if (rc != RC_OK) {
		s->lab = old;
		return rc;
	}
	s->self = self;
	trust(s);
	drive_load_probes(s); /* lets go of the old lab's specs */
	link = drive_link_lab(s, sites);
	/* The machine has the new lab already; an address that can't be bound is said, not
	 * undone. */
	if (link_port_reload(s->link, &link, e) != RC_OK)
		log_error("peers are still reached as before: %s", e->text);
	if (s->api && api_reloaded(s->api, &login, e) != RC_OK)
		log_error("pages and API are still as before: %s", e->text);
	take_up_metrics(s);
	noticing_rules(&s->noticing, &lab->metrics);
	lab_free(old);
	return RC_OK;
}

/* The file is as it was, but what it names may not be: a token that was changed is changed now. */
static enum rc renew_login(struct serve *s, struct err *e)
{
	scoped(secret_wipe) struct str hash = STR_EMPTY, token = STR_EMPTY;
	struct api_login login = { 0 };
	enum rc rc = reload_login(s, &hash, &token, &login, e);

	return rc == RC_OK && s->api ? api_take_login(s->api, &login, e) : rc;
}

/* What is wrong, and who committed last, though somebody may be editing the file; what has no room
 * is never the commit. */
static void note_why(struct serve *s, const char *why, const struct git_head *head)
{
	scoped(str_fini) struct str commit = STR_EMPTY;

	if (*why && head->commit)
		str_addf(&commit, " (its newest commit: %.10s '%.*s' by %.*s)", head->commit,
			(int)utf8_most(head->summary, SUMMARY_BYTES), head->summary,
			(int)utf8_most(head->author, AUTHOR_BYTES), head->author);
	snprintf(s->lab_why, sizeof s->lab_why, "%.*s%s",
		(int)utf8_most(why, sizeof s->lab_why - 1 - commit.len), why, str_c(&commit));
}

static void with_revision(void *ctx, const struct git_head *head)
{
	struct serve *s = ctx;
	scoped(str_fini) struct str first = STR_EMPTY;
	struct lab *lab = NULL;
	struct err e = { 0 };
	enum rc rc;

	s->is_reloading = false;
	if (s->why_stopping)
		return;
	rc = daemon_read_lab(s->options.lab_path, s->zones, &lab, &first, &e);
	if (rc == RC_OK && sha256_eq(&lab->hash, &s->lab->hash)) {
		lab_free(lab); /* nothing new; but what was broken is mended */
		rc = renew_login(s, &e);
	} else if (rc != RC_OK || (rc = take_up(s, lab, head, &e)) != RC_OK) {
		lab_free(lab);
	} else {
		log_info("%s is taken up", s->options.lab_path);
	}
	if (rc != RC_OK && !first.len)
		str_add(&first, e.text);
	if (rc != RC_OK)
		log_error("%s is not taken up, the running one stays: %s", s->options.lab_path,
			str_c(&first));
	note_why(s, str_c(&first), head);
	reload_look_at_certificate(s);
	say_config(s);
	systemd_notify("READY=1");
	drive_drain(s);
}

void reload_begin(struct serve *s)
{
	if (s->is_reloading || s->why_stopping)
		return;
	s->is_reloading = true;
	git_head_of(&s->loop, s->options.lab_path, with_revision, s);
}

/* ---- noticing */

static void changed(void *ctx)
{
	reload_begin(ctx);
}

void reload_watch(struct serve *s)
{
	noticing_start(&s->noticing, &s->loop, s->options.lab_path, changed, s);
	noticing_rules(&s->noticing, &s->lab->metrics);
}

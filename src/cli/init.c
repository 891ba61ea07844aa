/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/init.h"

#include "cli/command.h"
#include "port/files/lab_files.h"
#include "port/files/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define UNIT_CREDENTIAL "discord-webhook" /* what dist/ has the units load */
#define FILE_NAME       "lab.yaml"

static enum rc take_arguments(const struct call *c, struct init_plan *p, struct err *e)
{
	const struct {
		const char *text;
		enum rc (*take)(struct init_plan *, const char *, struct err *);
	} options[] = {
		{ call_option(c, init, name), init_lab },
		{ call_option(c, init, watcher), init_watcher },
		{ call_option(c, init, probe), init_probe },
		{ call_option(c, init, discord), init_discord },
	};
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < c->n_arguments; i++)
		rc = init_site(p, c->arguments[i], e);
	for (size_t i = 0; rc == RC_OK && i < COUNT(options); i++)
		if (options[i].text)
			rc = options[i].take(p, options[i].text, e);
	return rc;
}

static enum rc make_plan(const struct call *c, struct init_plan *p, struct err *e)
{
	enum rc rc = take_arguments(c, p, e);

	if (rc != RC_OK || p->n_sites)
		return rc;
	if (!isatty(STDIN_FILENO))
		return err_set(e, RC_USAGE,
			"which sites? On a terminal it asks; otherwise name them: "
			"NAME=HOST:PORT,ZONE");
	return init_ask(p, stdin, stderr, e);
}

/* What init writes, check takes: the promise is kept here. */
static enum rc check_text(const struct str *text, struct zones *zones, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(lab_free) struct lab *lab = NULL;
	const struct lab_text texts[] = { { FILE_NAME, str_c(text), text->len }, { 0 } };
	enum rc rc = lab_load_texts(&lab, texts, zones, &findings, e);

	if (rc != RC_OK && findings.n)
		return err_set(e, RC_INPUT, "%s", findings.items[0].text);
	return rc;
}

static enum rc write_all(int fd, const struct str *text, const char *path, struct err *e)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->s + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return err_errno(e, errno == ENOSPC ? RC_FULL : RC_IO, errno, "%s", path);
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) == 0 ? RC_OK : err_errno(e, RC_IO, errno, "%s", path);
}

static enum rc write_new(const char *path, const struct str *text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	enum rc rc;

	if (fd < 0)
		return err_errno(e, errno == EEXIST ? RC_CONFLICT : RC_IO, errno, "%s", path);
	rc = write_all(fd, text, path, e);
	close(fd);
	if (rc != RC_OK)
		unlink(path);
	return rc;
}

static void show_machine(struct page *page, const char *what, const struct init_machine *m)
{
	page_addf(page, STYLE_PLAIN, "     diarchy %s", what);
	page_addf(page, STYLE_PLAIN, " --key %s", m->key_file ? m->key_file : "FILE");
	page_addf(page, STYLE_FAINT, "    at %s", m->name);
	page_line(page);
}

static void show_keys(struct page *page, const struct init_plan *p)
{
	const struct init_machine *machines[SITES_MAX + 1];
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_sites; i++)
		machines[n++] = &p->sites[i];
	machines[n++] = &p->watcher;
	for (uint32_t i = 0; i < n; i++) {
		if (!machines[i]->is_new_key)
			continue;
		page_add(page, STYLE_OK, "wrote ");
		page_addf(page, STYLE_STRONG, "%s", machines[i]->key_file);
		page_addf(page, STYLE_PLAIN, ", the private key of %s", machines[i]->name);
		page_line(page);
	}
}

static void step(struct page *page, unsigned *number, const char *text)
{
	page_addf(page, STYLE_PLAIN, "  %u. ", ++*number);
	page_wrap(page, STYLE_PLAIN, 5, text);
}

/* Credentials are systemd's: where its units take this one from. */
static void show_credential(struct page *page, const struct secret *s)
{
	if (s->kind != SECRET_CREDENTIAL)
		return;
	if (str_eq(s->name, UNIT_CREDENTIAL))
		page_add(page, STYLE_PLAIN,
			"     sudo install -m 0600 webhook-url /etc/diarchy/" UNIT_CREDENTIAL);
	else
		page_addf(page, STYLE_PLAIN, "     LoadCredential=%s:PATH in the service's unit",
			s->name);
	page_line(page);
}

static void show_next(struct page *page, const struct init_plan *p, const char *path)
{
	char secret[SECRET_TEXT_MAX];
	unsigned number = 0;

	page_heading(page, "Next");
	step(page, &number, "Write down what else is to be watched; what it says is wrong, mend:");
	page_addf(page, STYLE_PLAIN, "     diarchy check %s", path);
	page_line(page);
	step(page, &number,
		"Take each private key to its machine, delete it here, and never commit one.");
	if (p->discord.kind != SECRET_NONE) {
		page_addf(page, STYLE_PLAIN, "  %u. ", ++number);
		page_addf(page, STYLE_PLAIN, "Put the webhook's URL into %s at each site%s.",
			secret_text(&p->discord, secret),
			p->watcher.name ? " and the watcher" : "");
		page_line(page);
		show_credential(page, &p->discord);
	}
	step(page, &number, "Start them, each with the same file:");
	for (uint32_t i = 0; i < p->n_sites; i++)
		show_machine(page, "serve", &p->sites[i]);
	if (p->watcher.name)
		show_machine(page, "watch", &p->watcher);
	step(page, &number,
		"Or as a service: the file to /etc/diarchy/lab.yaml, the key to "
		"/etc/diarchy/diarchy.key, and:");
	page_add(page, STYLE_PLAIN, "     sudo systemctl enable --now diarchy");
	page_add(page, STYLE_FAINT, p->watcher.name ? "    diarchy-watch for the watcher" : "");
	page_line(page);
}

static void show(struct page *page, const struct init_plan *p, const char *path)
{
	page_add(page, STYLE_OK, "wrote ");
	page_addf(page, STYLE_STRONG, "%s", path);
	page_line(page);
	show_keys(page, p);
	show_next(page, p, path);
}

enum rc command_init(struct call *c, struct err *e)
{
	const char *path = call_option(c, init, file) ? call_option(c, init, file) : FILE_NAME;
	const char *slash = strrchr(path, '/');
	scoped(zones_free) struct zones *zones = zones_new();
	scoped(init_fini) struct init_plan plan = { .zones = zones };
	scoped(str_fini) struct str text = STR_EMPTY;
	enum rc rc;

	if (access(path, F_OK) == 0)
		return err_set(e, RC_CONFLICT, "%s is there already; it is not overwritten", path);
	rc = make_plan(c, &plan, e);
	if (rc == RC_OK)
		rc = init_keys(&plan,
			arena_strndup(&plan.arena, path, slash ? (size_t)(slash - path) + 1 : 0),
			e);
	if (rc != RC_OK)
		return rc;
	init_render(&plan, &text);
	rc = check_text(&text, zones, e);
	if (rc == RC_OK)
		rc = write_new(path, &text, e);
	if (rc == RC_OK)
		show(&c->page, &plan, path);
	return rc;
}

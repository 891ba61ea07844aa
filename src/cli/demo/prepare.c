/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	FOLDER/lab/       lab.yaml, rules/, dashboards/ and certs/: a git repo
 *	FOLDER/keys/      the sites' and the watcher's private keys
 *	FOLDER/services/  what the services read, and the cloud's certificate
 *	FOLDER/run/NAME/  where a service may write
 *	FOLDER/state/NAME what a site or the watcher remembers
 *	FOLDER/log/NAME   what each process says
 */
#include "cli/demo/child.h"
#include "cli/demo/demo.h"
#include "port/files/files.h"
#include "port/keys/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 65536
#define OWNER    "Ana"

static const char *const folders[] = { "lab", "lab/certs", "lab/dashboards", "lab/rules", "keys",
	"services", "run", "run/photos", "run/git", "run/cloud", "state", "log" };

/* Files of examples/two-sites that are taken over with the ports moved, and where to. */
static const struct {
	const char *from, *to;
} settings[] = {
	{ "services/photos.conf", "services/photos.conf" },
	{ "services/git.conf", "services/git.conf" },
	{ "services/cloud.conf", "services/cloud.conf" },
	{ "services/dns-dublin.conf", "services/dns-dublin.conf" },
	{ "services/dns-mumbai.conf", "services/dns-mumbai.conf" },
	{ "dashboards/machine.json", "lab/dashboards/machine.json" },
	{ "rules/machines.yaml", "lab/rules/machines.yaml" },
	{ "rules/tests.yaml", "lab/rules/tests.yaml" },
};

static const struct {
	const char *name, *stands_for; /* the key of nobody that stands in the example */
} keys[] = {
	{ "dublin", "ed25519:DUBLIN+DUBLIN+DUBLIN+DUBLIN+DUBLIN+DUBLIN+A=" },
	{ "mumbai", "ed25519:MUMBAI+MUMBAI+MUMBAI+MUMBAI+MUMBAI+MUMBAI+A=" },
	{ "webhost", "ed25519:WEBHOST+WEBHOST+WEBHOST+WEBHOST+WEBHOST+WEA=" },
};

/* What breakages make of lab.yaml. */
static const struct {
	enum breakage_id breakage;
	const char *before, *after;
} edits[] = {
	{ BREAKAGE_COMMIT, "body: pong", "body: '\"status\":\"pong\"'" },
	{ BREAKAGE_TYPO, "severity: critical", "severty: critical" },
};

static const char *path_in(struct demo *d, const char *name)
{
	return arena_printf(&d->texts, "%s/%s", d->folder, name);
}

static void replace(struct str *text, const char *before, const char *after)
{
	struct str out = STR_EMPTY;
	const char *at = str_c(text), *hit;

	while ((hit = strstr(at, before))) {
		str_addn(&out, at, (size_t)(hit - at));
		str_add(&out, after);
		at = hit + strlen(before);
	}
	str_add(&out, at);
	str_fini(text);
	*text = out;
}

static enum rc write_file(const char *path, const struct str *text, struct err *e)
{
	FILE *f = fopen(path, "we");
	bool is_good;

	if (!f)
		return err_errno(e, RC_IO, errno, "writing %s", path);
	is_good = fwrite(str_c(text), 1, text->len, f) == text->len;
	if (fclose(f) != 0 || !is_good)
		return err_errno(e, RC_IO, errno, "writing %s", path);
	return RC_OK;
}

static enum rc read_example(struct demo *d, const char *name, struct str *ret, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY;

	str_addf(&path, "%s/examples/two-sites/%s", d->root, name);
	return file_read(str_c(&path), FILE_MAX, ret, e);
}

static enum rc make_folders(struct demo *d, struct err *e)
{
	const char *base = getenv("TMPDIR");
	char *folder = arena_printf(&d->texts, "%s/diarchy-demo-XXXXXX", base ? base : "/tmp");

	if (!mkdtemp(folder))
		return err_errno(e, RC_IO, errno, "making %s", folder);
	d->folder = folder;
	for (size_t i = 0; i < COUNT(folders); i++)
		if (mkdir(path_in(d, folders[i]), 0700) != 0)
			return err_errno(e, RC_IO, errno, "making %s/%s", folder, folders[i]);
	return RC_OK;
}

static enum rc copy_settings(struct demo *d, struct err *e)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < COUNT(settings) && rc == RC_OK; i++) {
		scoped(str_fini) struct str text = STR_EMPTY, moved = STR_EMPTY;

		rc = read_example(d, settings[i].from, &text, e);
		if (rc == RC_OK) {
			str_add(&moved, world_moved(d, str_c(&text)));
			rc = write_file(path_in(d, settings[i].to), &moved, e);
		}
	}
	return rc;
}

/* ---- certificates */

static enum rc make_certificate(struct demo *d, const char *name, const char *days, struct err *e)
{
	const char *argv[] = { "openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-days", days, "-subj", "/CN=cloud.dublin.test",
		"-addext", "subjectAltName=DNS:cloud.dublin.test", "-keyout",
		arena_printf(&d->texts, "%s.key", name), "-out",
		arena_printf(&d->texts, "%s.pem", name), NULL };

	return child_run(argv, path_in(d, "services"), path_in(d, "log/openssl"), e);
}

/* Both are trusted: the aged one is to fail by its age alone. */
static enum rc make_certificates(struct demo *d, struct err *e)
{
	scoped(str_fini) struct str both = STR_EMPTY;
	enum rc rc = make_certificate(d, "fresh", "60", e);

	if (rc == RC_OK)
		rc = make_certificate(d, "aged", "3", e);
	if (rc == RC_OK)
		rc = file_read(path_in(d, "services/fresh.pem"), FILE_MAX, &both, e);
	if (rc == RC_OK)
		rc = file_read(path_in(d, "services/aged.pem"), FILE_MAX, &both, e);
	if (rc == RC_OK)
		rc = write_file(path_in(d, "lab/certs/ca.pem"), &both, e);
	return rc;
}

static enum rc point(struct demo *d, const char *name, const char *to, struct err *e)
{
	const char *path = path_in(d, name);

	if ((unlink(path) != 0 && errno != ENOENT) || symlink(to, path) != 0)
		return err_errno(e, RC_IO, errno, "linking %s", path);
	return RC_OK;
}

enum rc prepare_certificate(struct demo *d, bool is_aged, struct err *e)
{
	enum rc rc = point(d, "services/cert.pem", is_aged ? "aged.pem" : "fresh.pem", e);

	if (rc == RC_OK)
		rc = point(d, "services/cert.key", is_aged ? "aged.key" : "fresh.key", e);
	return rc;
}

/* ---- the repo */

/* git without the user's hooks, signatures and name: this is nobody's repo. */
static enum rc git(struct demo *d, const char *author, const char *const *words, struct err *e)
{
	const char *argv[24] = { "git", "-c", arena_printf(&d->texts, "user.name=%s", author), "-c",
		arena_printf(&d->texts, "user.email=%s@home.test", author), "-c",
		"commit.gpgsign=false", "-c", "core.hooksPath=/dev/null", "-c",
		"init.defaultBranch=main" };
	size_t n = 11;

	while (*words && n < COUNT(argv) - 1)
		argv[n++] = *words++;
	return child_run(argv, path_in(d, "lab"), path_in(d, "log/git"), e);
}

static void leave_out_pings(struct str *text)
{
	replace(text, "\n  router-", "\n  # (no permission to ping here) router-");
}

static enum rc lab_text(struct demo *d, struct str *ret, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	enum rc rc = read_example(d, "lab.yaml", &text, e);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < COUNT(keys); i++)
		replace(&text, keys[i].stands_for, d->keys[i]);
	for (size_t i = 0; i < COUNT(edits); i++)
		if (d->is_broken[edits[i].breakage])
			replace(&text, edits[i].before, edits[i].after);
	if (!d->has_ping)
		leave_out_pings(&text);
	if (d->has_credential)
		replace(&text, "{env: " DEMO_VARIABLE "}", "{credential: discord-webhook}");
	str_add(ret, world_moved(d, str_c(&text)));
	return RC_OK;
}

enum rc prepare_edit(struct demo *d, const char *author, const char *message, struct err *e)
{
	const char *const add[] = { "add", "--all", NULL };
	const char *const commit[] = { "commit", "--quiet", "--message", message, NULL };
	scoped(str_fini) struct str text = STR_EMPTY;
	enum rc rc = lab_text(d, &text, e);

	if (rc == RC_OK)
		rc = write_file(path_in(d, "lab/lab.yaml"), &text, e);
	if (rc == RC_OK)
		rc = git(d, author, add, e);
	if (rc == RC_OK)
		rc = git(d, author, commit, e);
	return rc;
}

static enum rc make_keys(struct demo *d, struct err *e)
{
	struct public_key key;
	char text[KEY_TEXT_MAX];
	enum rc rc = RC_OK;

	for (size_t i = 0; i < COUNT(keys) && rc == RC_OK; i++) {
		scoped(str_fini) struct str name = STR_EMPTY;

		str_addf(&name, "keys/%s", keys[i].name);
		rc = keys_generate(path_in(d, str_c(&name)), &key, e);
		if (rc == RC_OK)
			d->keys[i] = arena_strdup(&d->texts, key_text(&key, text));
	}
	return rc;
}

enum rc prepare_lab(struct demo *d, struct err *e)
{
	const char *const init[] = { "init", "--quiet", NULL };
	enum rc rc = make_folders(d, e);

	if (rc == RC_OK)
		rc = copy_settings(d, e);
	if (rc == RC_OK)
		rc = make_certificates(d, e);
	if (rc == RC_OK)
		rc = prepare_certificate(d, false, e);
	if (rc == RC_OK)
		rc = make_keys(d, e);
	if (rc == RC_OK)
		rc = git(d, OWNER, init, e);
	if (rc == RC_OK)
		rc = prepare_edit(d, OWNER, "Two sites, one lab", e);
	return rc;
}

/* ---- the end */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void prepare_undo(struct demo *d)
{
	if (d->folder && !d->keeps_folder)
		nftw(d->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

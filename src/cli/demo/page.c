/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo/demo.h"

#include <stdlib.h>
#include <unistd.h>

#define COMMAND_COLUMNS 46

static void place(struct page *p, const char *name, const char *address, const char *what)
{
	page_add(p, STYLE_PLAIN, "  ");
	page_cell(p, STYLE_STRONG, name, 10);
	if (*what)
		page_cell(p, STYLE_NOTE, address, 26);
	else
		page_add(p, STYLE_NOTE, address);
	page_add(p, STYLE_FAINT, what);
	page_line(p);
}

static void page_of(struct demo *d, const char *name, enum child_id id, const char *what)
{
	place(&d->page, name, arena_printf(&d->texts, "http://%s/", world_address(d, id)), what);
}

static void places(struct demo *d)
{
	page_of(d, "Dublin", CHILD_DUBLIN, "two equal sites, each sees all of it");
	page_of(d, "Mumbai", CHILD_MUMBAI, "");
	page_of(d, "webhost", CHILD_WEBHOST, "the watcher, outside both");
	if (d->has_standin)
		page_of(d, "Discord", CHILD_STANDIN, "a STAND-IN: nothing leaves this machine");
	else
		place(&d->page, "Discord", "the real one", "the webhook that you gave");
	place(&d->page, "lab.yaml", arena_printf(&d->texts, "%s/lab/lab.yaml", d->folder), "");
}

void page_keys(struct demo *d)
{
	struct page *p = &d->page;

	page_heading(p, d->has_keyboard ? "A key breaks it, the same key mends it" : "To break");
	for (size_t i = 0; i < BREAKAGES; i++) {
		char key[] = { breakages[i].key, '\0' };

		if (!breakages[i].key)
			continue;
		page_add(p, STYLE_PLAIN, "  ");
		if (d->has_keyboard)
			page_cell(p, STYLE_STRONG, key, 3);
		page_cell(p, d->is_broken[i] ? STYLE_BAD : STYLE_PLAIN, breakages[i].name, 13);
		page_add(p, STYLE_FAINT, breakages[i].what);
		page_line(p);
	}
	if (d->has_keyboard) {
		page_add(p, STYLE_PLAIN, "  ");
		page_cell(p, STYLE_STRONG, "0", 3);
		page_add(p, STYLE_PLAIN, "mends everything; ");
		page_add(p, STYLE_STRONG, "?");
		page_add(p, STYLE_PLAIN, " shows this again; ");
		page_add(p, STYLE_STRONG, "Ctrl-C");
		page_add(p, STYLE_PLAIN, " ends all of it");
		page_line(p);
	}
	page_line(p);
	if (page_flush(p, STDOUT_FILENO, NULL) != RC_OK)
		str_clear(&p->out);
}

/* A command is there to be copied: a long one is never cut, its explanation goes. */
static void command(struct demo *d, const char *line, const char *what)
{
	bool fits = strlen(line) < COMMAND_COLUMNS;

	page_add(&d->page, STYLE_PLAIN, "  ");
	page_cell(&d->page, STYLE_PLAIN, line, fits ? COMMAND_COLUMNS : strlen(line));
	page_add(&d->page, STYLE_FAINT, fits ? what : "");
	page_line(&d->page);
}

/* The program as it would be typed here: by its name only if PATH leads to it. */
static const char *program(struct demo *d)
{
	char here[PATH_MAX], *whole = realpath(".", here);
	size_t n = whole ? strlen(whole) : 0;

	return n && str_starts(d->self, whole) && d->self[n] == '/' ? d->self + n + 1 : d->self;
}

static void commands(struct demo *d)
{
	const char *self = program(d);

	page_heading(&d->page, "In another terminal");
	command(d,
		arena_printf(&d->texts, "export DIARCHY_URL=http://%s",
			world_address(d, CHILD_DUBLIN)),
		"which site is asked");
	command(d, arena_printf(&d->texts, "%s status", self), "the lab at a glance");
	command(d, arena_printf(&d->texts, "%s when photos", self), "when it died, who was told");
	command(d, arena_printf(&d->texts, "%s demo break photos", self),
		d->has_keyboard ? "what the key k does" : "kills the photo server");
	command(d, arena_printf(&d->texts, "%s demo break discord 500", self),
		"or hang, drop, 404, 429");
	command(d, arena_printf(&d->texts, "%s demo list", self), "what else can be broken");
	command(d, arena_printf(&d->texts, "%s demo mend", self), "mends everything");
}

void page_welcome(struct demo *d)
{
	page_line(&d->page);
	page_add(&d->page, STYLE_STRONG, "Two sites and a watcher run on this machine.");
	page_line(&d->page);
	page_line(&d->page);
	places(d);
	commands(d);
	page_keys(d);
}

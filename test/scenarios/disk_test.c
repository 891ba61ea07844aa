/* SPDX-License-Identifier: Apache-2.0 */
/* The disk of a site fills up. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_BYTES 4000
#define NOTES_MAX  5000
#define LAB                                                                  \
	"probes:\n"                                                          \
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 2s, http: " \
	"\"http://10.2.1.10:80/\"}\n"

static void begin(void)
{
	scene_lab(LAB, "Photos");
	must(mkdir("mumbai/state", 0700) == 0);
	must(mount("small", "mumbai/state", "tmpfs", 0, "size=24m") == 0);
	scene_run(PHOTOS);
	scene_start();
	await_check(MUMBAI, "photos", "ok", 15000);
}

static void fill_disk(void)
{
	static const char bytes[4096];
	int fd = open("mumbai/state/movies", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	must(fd >= 0);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void free_disk(void)
{
	must(unlink("mumbai/state/movies") == 0);
}

static void a_full_disk_is_told_and_work_goes_on_before_and_after_there_is_room(void **state)
{
	struct told disk, photos;

	(void)state;
	begin();
	fill_disk();
	disk = await_told("mumbai: disk trouble", 30000);
	scene_kill(PHOTOS);
	photos = await_told("photos is down", 30000);
	assert_string_equal(photos.teller, "mumbai");

	free_disk();
	scene_run(PHOTOS);
	await_edit(&disk, "mumbai: disk is fine again", 30000);
	await_edit(&photos, "photos is back after", 30000);
	await_same_journals(15000);
	assert_messages(2);
}

/* Notes until the site says that it can't keep one; how many it has taken. */
static unsigned write_notes(void)
{
	char text[NOTE_BYTES];
	unsigned n = 0;
	int status;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	while ((status = COMMAND_AT(MUMBAI, NULL, "note", "--by", "Ana", text)) == 0)
		if (++n > NOTES_MAX)
			scene_fail("%u notes went onto a full disk", n);
	assert_int_equal(status, rc_exit(RC_FULL));
	return n;
}

static unsigned count_notes(enum place p)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	unsigned n = 0;

	COMMAND_AT(p, &text, "log", "--kind", "note", "--json", "--limit", "10000");
	for (const char *at = str_c(&text); (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

static void a_site_that_can_write_nothing_more_says_so_and_loses_nothing_that_it_took(void **state)
{
	struct told disk, site;
	unsigned notes;

	(void)state;
	begin();
	fill_disk();
	disk = await_told("mumbai: disk trouble", 30000);
	fill_disk(); /* what the reserve has set free */
	notes = write_notes();
	site = await_told("site mumbai is down", 60000); /* it can't promise that it is well */
	assert_string_equal(site.teller, "dublin");

	free_disk();
	await_edit(&site, "site mumbai is back after", 30000);
	await_edit(&disk, "mumbai: disk is fine again", 30000);
	await_same_journals(30000);
	print_message("%u notes were taken\n", notes);
	assert_in_range(count_notes(MUMBAI), notes,
		notes + 1); /* one may have been refused too late */
	assert_told_once("disk");
	assert_told_once("site mumbai");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_full_disk_is_told_and_work_goes_on_before_and_after_there_is_room),
		SCENARIO(a_site_that_can_write_nothing_more_says_so_and_loses_nothing_that_it_took),
	};

	return scenarios_run(tests, COUNT(tests));
}

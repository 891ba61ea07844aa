/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a stranger's connection, to the real API behind the real server: the first byte chooses
 * whether the site has a login.  Whatever they are, what is answered is an answer, in JSON where it
 * says so, and the server lives.
 */
#include "api/api_stranger.h"

#define INPUT_BYTES_MAX 65536
#define INPUTS_A_SITE   2000 /* each may add an event to its journal */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture sites[2]; /* open, and with a token */
static unsigned left;

static void start(struct fixture *f, bool has_login)
{
	struct api_setup setup;

	fixture_init_site(f);
	setup = fixture_setup(f);
	setup.login.token = has_login ? FIXTURE_TOKEN : NULL;
	must(api_start(&f->api, &setup, NULL) == RC_OK);
}

static struct fixture *site_for(uint8_t first)
{
	if (left == 0) {
		for (int i = 0; i < 2; i++) {
			if (sites[i].api)
				fixture_fini(&sites[i]);
			start(&sites[i], i == 1);
		}
		left = INPUTS_A_SITE;
	}
	left--;
	return &sites[first & 1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > INPUT_BYTES_MAX)
		return 0;
	stranger_says(site_for(data[0]), data + 1, size - 1);
	return 0;
}

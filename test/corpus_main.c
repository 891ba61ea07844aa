/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzzer over each file of a folder, and over nothing at all: usage: corpus_NAME FOLDER */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exactly as large as the file, so that the sanitizer sees a read beyond it. */
static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;
	int failed = 1;

	if (f && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size >= 0)
		data = malloc(size ? (size_t)size : 1);
	if (data && fseek(f, 0, SEEK_SET) == 0 && fread(data, 1, (size_t)size, f) == (size_t)size)
		failed = LLVMFuzzerTestOneInput(data, (size_t)size);
	else
		perror(path);
	free(data);
	if (f)
		fclose(f);
	return failed;
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int n = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
	int failed = 0, seeds = 0;

	if (n < 0) {
		fprintf(stderr, "usage: %s FOLDER (of seeds)\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof path, "%s/%s", argv[1], entries[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			failed += run_file(path) != 0;
			seeds++;
		}
		free(entries[i]);
	}
	free(entries);
	failed += LLVMFuzzerTestOneInput((const uint8_t *)"", 0) != 0;
	printf("%d seeds, %d failed\n", seeds, failed);
	return failed || seeds == 0;
}

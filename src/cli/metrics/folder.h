/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: commands that read a folder of metrics, whether or not a site has it open: the folder
 * `metrics` in the state of a site.
 */
#ifndef CLI_METRICS_FOLDER_H
#define CLI_METRICS_FOLDER_H

#include "cli/command.h"

/* metrics verify FOLDER: all files against their checksums.  Exit status 1: something is damaged. */
enum rc metrics_verify_folder(struct call *c, struct err *e) MUST_USE;
/* metrics analyze FOLDER: what takes the room. */
enum rc metrics_analyse_folder(struct call *c, struct err *e) MUST_USE;

/* "1.2 MB"; returns `buf`. */
#define BYTES_TEXT_MAX 32
const char *metrics_bytes_text(uint64_t bytes, char buf[BYTES_TEXT_MAX]);
/* "12,345,678" */
const char *metrics_count_text(uint64_t n, char buf[BYTES_TEXT_MAX]);
/* "2026-11-01 10:00 - 2026-11-02 12:00" in UTC. */
#define SPAN_TEXT_MAX 48
const char *metrics_span_text(int64_t from_ms, int64_t to_ms, char buf[SPAN_TEXT_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever lab.yaml and the module file that it names hold: a lab that holds together, or findings.
 * The two are parted by a line "--- modules.yml"; behind that line the module file begins.
 */
#include "port/files/lab_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MARK "\n--- modules.yml\n"

static void check_check(const struct lab *lab, uint16_t index)
{
	const struct lab_check *check = &lab->checks[index];

	must(strlen(check->name) <= NAME_BYTES_MAX);
	must(lab_check_index(lab, check->name) == index);
	must(check->home < lab->n_sites && check->from && !(check->from >> lab->n_sites));
	must(check->host == NO_HOST || check->host < lab->n_hosts);
	must(check->confirm > 0 && check->zone && check->line > 0);
	must((check->kind == CHECK_PROBE) == (check->probe != NULL));
	must(check->kind != CHECK_PROBE || check->probe->timeout_ms > 0);
	must(check->kind != CHECK_HEARTBEAT || check->cron || check->every_ms > 0);
	for (uint16_t i = 0; i < check->n_needs; i++)
		must(check->needs[i] < lab->n_checks && check->needs[i] != index);
}

static void check_lab(const struct lab *lab)
{
	must(lab->n_sites > 0 && lab->name && lab->notify.reader_zone);
	must(lab->n_declared <= lab->n_checks && lab->n_checks <= CHECKS_MAX);
	for (uint8_t i = 0; i < lab->n_sites; i++) {
		must(lab->sites[i].name && lab->sites[i].address && lab->sites[i].http &&
			lab->sites[i].zone);
		must(lab->sites[i].uplink == NO_CHECK || lab->sites[i].uplink < lab->n_checks);
	}
	for (uint16_t i = 0; i < lab->n_hosts; i++)
		must(lab->hosts[i].site < lab->n_sites);
	for (uint16_t i = 0; i < lab->n_checks; i++)
		check_check(lab, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct zones *zones;
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(lab_free) struct lab *lab = NULL;
	const char *text = (const char *)data;
	const char *mark = memmem(text, n, MARK, sizeof MARK - 1);
	size_t first = mark ? (size_t)(mark - text) + 1 : n;
	size_t second = mark ? first + sizeof MARK - 2 : n;
	const struct lab_text texts[] = {
		{ "lab.yaml", text, first },
		{ "modules.yml", text + second, n - second },
		{ "body.txt", text, n < 64 ? n : 64 },
		{ 0 },
	};
	enum rc rc;

	if (!zones)
		zones = zones_new();
	rc = lab_load_texts(&lab, texts, zones, &findings, NULL);
	must((rc == RC_OK) == (findings.n_errors == 0));
	must((rc == RC_OK) == (lab != NULL));
	for (uint32_t i = 0; i < findings.n; i++)
		must(findings.items[i].line > 0 && findings.items[i].column > 0 &&
			findings.items[i].text[0]);
	if (lab)
		check_lab(lab);
	return 0;
}

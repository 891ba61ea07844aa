/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that end, TLS servers that die, names that change. */
#include "test/scenarios/await.h"
#include "test/scenarios/scene.h"
#include "test/support/loopback.h"

#define DAY_S 86400
#define LAB_TLS                                                                      \
	"probes:\n"                                                                  \
	"  cloud: {home: mumbai, from: [dublin, mumbai], every: 2s, tls: {address: " \
	"\"10.2.1.10:443\", "                                                        \
	"server_name: cloud.lan, ca: ca.pem, expires_after: 7d}}\n"
#define LAB_DNS                                                                                \
	"probes:\n"                                                                            \
	"  names: {home: mumbai, every: 2s, dns: {server: 10.2.1.10, name: nas.lan, answers: " \
	"[10.2.1.10]}}\n"

static void make_certificate(struct identity *ca, int64_t days)
{
	struct identity *id = identity_new(&(struct identity_wish){ .common_name = "cloud",
		.dns_name = "cloud.lan",
		.ends_s = days * DAY_S,
		.issuer = ca });

	identity_write(id, "nas/cert.pem", "nas/key.pem");
	identity_free(id);
}

/* The server is told to show another one, as a renewal would. */
static void show_certificate(struct identity *ca, int64_t days)
{
	make_certificate(ca, days);
	scene_kill(CLOUD);
	scene_run(CLOUD);
}

static struct identity *begin_tls(void)
{
	struct identity *ca =
		identity_new(&(struct identity_wish){ .common_name = "CA", .is_ca = true });

	identity_write(ca, "lab/ca.pem", NULL);
	make_certificate(ca, 60);
	scene_lab(LAB_TLS, "Files in the cloud");
	scene_run(CLOUD);
	scene_start();
	await_check(MUMBAI, "cloud", "ok", 15000);
	await_check(DUBLIN, "cloud", "ok", 15000);
	return ca;
}

static void a_certificate_that_is_about_to_end_is_told_and_its_renewal(void **state)
{
	struct identity *ca = begin_tls();
	struct told told;

	(void)state;
	show_certificate(ca, 3);
	told = await_told("cloud: certificate expires soon", 15000);
	await_mentioned(&told, "certificate expires in", 10000);
	show_certificate(ca, 60);
	await_edit(&told, "cloud: certificate is renewed after", 20000);
	assert_messages(1);
	identity_free(ca);
}

static void a_dead_tls_server_is_told_and_its_return(void **state)
{
	struct identity *ca = begin_tls();
	struct told told;

	(void)state;
	scene_kill(CLOUD);
	told = await_told("cloud is down", 15000);
	await_mentioned(&told, "refused", 10000);
	scene_run(CLOUD);
	await_edit(&told, "cloud is back after", 20000);
	assert_messages(1);
	identity_free(ca);
}

static void a_name_that_points_elsewhere_is_told(void **state)
{
	struct told told;

	(void)state;
	scene_lab(LAB_DNS, "Names");
	scene_run(NAMES);
	scene_start();
	await_check(MUMBAI, "names", "ok", 15000);

	scene_kill(NAMES);
	scene_write("nas/dnsmasq.conf", "host-record=nas.lan,10.9.9.9\n");
	scene_run(NAMES);
	told = await_told("names is down", 15000);
	await_mentioned(&told, "10.9.9.9", 15000);
	scene_kill(NAMES);
	scene_write("nas/dnsmasq.conf", "host-record=nas.lan,10.2.1.10\n");
	scene_run(NAMES);
	await_edit(&told, "names is back after", 15000);
	assert_messages(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(a_certificate_that_is_about_to_end_is_told_and_its_renewal),
		SCENARIO(a_dead_tls_server_is_told_and_its_return),
		SCENARIO(a_name_that_points_elsewhere_is_told),
	};

	return scenarios_run(tests, COUNT(tests));
}

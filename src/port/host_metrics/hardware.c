/* SPDX-License-Identifier: Apache-2.0 */
/* hardware: what the board is, and what hangs on it: InfiniBand, Fibre Channel, tapes, watchdogs. */
#include "port/host_metrics/host.h"

#include <stdlib.h>

/* ---- the board: Documentation/ABI/testing/sysfs-class-dmi */

static const struct {
	const char *file, *label;
} dmi[] = {
	{ "bios_date", "bios_date" },
	{ "bios_release", "bios_release" },
	{ "bios_vendor", "bios_vendor" },
	{ "bios_version", "bios_version" },
	{ "board_asset_tag", "board_asset_tag" },
	{ "board_name", "board_name" },
	{ "board_serial", "board_serial" },
	{ "board_vendor", "board_vendor" },
	{ "board_version", "board_version" },
	{ "chassis_asset_tag", "chassis_asset_tag" },
	{ "chassis_serial", "chassis_serial" },
	{ "chassis_vendor", "chassis_vendor" },
	{ "chassis_version", "chassis_version" },
	{ "product_family", "product_family" },
	{ "product_name", "product_name" },
	{ "product_serial", "product_serial" },
	{ "product_sku", "product_sku" },
	{ "product_uuid", "product_uuid" },
	{ "product_version", "product_version" },
	{ "sys_vendor", "system_vendor" },
};

void collect_dmi(struct host *h)
{
	scoped(str_fini) struct str labels = STR_EMPTY;

	for (size_t i = 0; i < COUNT(dmi); i++) {
		char *text = host_file(h, "/sys/class/dmi/id/%s", dmi[i].file);

		if (text)
			str_addf(&labels, "%s%s", labels.len ? "," : "",
				host_labels(h, dmi[i].label, host_text(h, text), NULL));
	}
	if (!labels.len)
		return;
	host_metric(h, "node_dmi_info", GAUGE,
		"A metric with a constant '1' value labeled by bios_date, bios_release, "
		"bios_vendor, bios_version, board_asset_tag, board_name, board_serial, "
		"board_vendor, board_version, chassis_asset_tag, chassis_serial, "
		"chassis_vendor, chassis_version, product_family, product_name, "
		"product_serial, product_sku, product_uuid, product_version, "
		"system_vendor if provided by DMI.");
	host_value(h, str_c(&labels), 1);
}

/* The text of a file of a device; "" when it isn't there. */
static const char *text_of(struct host *h, const char *folder, const char *device, const char *file)
{
	char *text = host_file(h, "%s/%s/%s", folder, device, file);

	return text ? host_text(h, text) : "";
}

/* ---- InfiniBand: Documentation/ABI/stable/sysfs-class-infiniband */

#define INFINIBAND "/sys/class/infiniband"

static const struct field port_fields[] = {
	{ "hw_counters/duplicate_request", "node_infiniband_duplicate_requests_packets_total",
		COUNTER, 1,
		"The number of received packets. A duplicate request is a request that had been "
		"previously executed." },
	{ "counters/excessive_buffer_overrun_errors",
		"node_infiniband_excessive_buffer_overrun_errors_total", COUNTER, 1,
		"Number of times that OverrunErrors consecutive flow control update periods "
		"occurred, each having at least one overrun error." },
	{ "hw_counters/implied_nak_seq_err", "node_infiniband_implied_nak_seq_errors_total",
		COUNTER, 1,
		"The number of time the requested decided an ACK. with a PSN larger than the "
		"expected PSN for an RDMA read or response." },
	{ "hw_counters/lifespan", "node_infiniband_lifespan_seconds", GAUGE, 1e-3,
		"The maximum period in ms which defines the aging of the counter reads. Two "
		"consecutive reads within this period might return the same values." },
	{ "counters/link_downed", "node_infiniband_link_downed_total", COUNTER, 1,
		"Number of times the link failed to recover from an error state and went down" },
	{ "counters/link_error_recovery", "node_infiniband_link_error_recovery_total", COUNTER, 1,
		"Number of times the link successfully recovered from an error state" },
	{ "hw_counters/local_ack_timeout_err", "node_infiniband_local_ack_timeout_errors_total",
		COUNTER, 1,
		"The number of times QP's ack timer expired for RC, XRC, DCT QPs at the sender "
		"side. The QP retry limit was not exceed, therefore it is still recoverable "
		"error." },
	{ "counters/local_link_integrity_errors",
		"node_infiniband_local_link_integrity_errors_total", COUNTER, 1,
		"Number of times that the count of local physical errors exceeded the threshold "
		"specified by LocalPhyErrors." },
	{ "counters/multicast_rcv_packets", "node_infiniband_multicast_packets_received_total",
		COUNTER, 1, "Number of multicast packets received (including errors)" },
	{ "counters/multicast_xmit_packets", "node_infiniband_multicast_packets_transmitted_total",
		COUNTER, 1, "Number of multicast packets transmitted (including errors)" },
	{ "hw_counters/np_cnp_sent", "node_infiniband_np_cnp_packets_sent_total", COUNTER, 1,
		"The number of CNP packets sent by the Notification Point when it noticed "
		"congestion experienced in the RoCEv2 IP header (ECN bits). The counters was added "
		"in MLNX_OFED 4.1" },
	{ "hw_counters/np_ecn_marked_roce_packets",
		"node_infiniband_np_ecn_marked_roce_packets_received_total", COUNTER, 1,
		"The number of RoCEv2 packets received by the notification point which were marked "
		"for experiencing the congestion (ECN bits where '11' on the ingress RoCE traffic) "
		". The counters was added in MLNX_OFED 4.1" },
	{ "hw_counters/out_of_buffer", "node_infiniband_out_of_buffer_drops_total", COUNTER, 1,
		"The number of drops occurred due to lack of WQE for the associated QPs." },
	{ "hw_counters/out_of_sequence", "node_infiniband_out_of_sequence_packets_received_total",
		COUNTER, 1, "The number of out of sequence packets received." },
	{ "hw_counters/packet_seq_err", "node_infiniband_packet_sequence_errors_total", COUNTER, 1,
		"The number of received NAK sequence error packets. The QP retry limit was not "
		"exceeded." },
	{ "phys_state", "node_infiniband_physical_state_id", GAUGE, 1,
		"Physical state of the InfiniBand port (0: no change, 1: sleep, 2: polling, 3: "
		"disable, 4: shift, 5: link up, 6: link error recover, 7: phytest)" },
	{ "counters/port_rcv_constraint_errors",
		"node_infiniband_port_constraint_errors_received_total", COUNTER, 1,
		"Number of packets received on the switch physical port that are discarded" },
	{ "counters/port_xmit_constraint_errors",
		"node_infiniband_port_constraint_errors_transmitted_total", COUNTER, 1,
		"Number of packets not transmitted from the switch physical port" },
	{ "counters/port_rcv_data", "node_infiniband_port_data_received_bytes_total", COUNTER, 4,
		"Number of data octets received on all links" },
	{ "counters/port_xmit_data", "node_infiniband_port_data_transmitted_bytes_total", COUNTER,
		4, "Number of data octets transmitted on all links" },
	{ "counters/port_rcv_discards", "node_infiniband_port_discards_received_total", COUNTER, 1,
		"Number of inbound packets discarded by the port because the port is down or "
		"congested" },
	{ "counters/port_xmit_discards", "node_infiniband_port_discards_transmitted_total", COUNTER,
		1,
		"Number of outbound packets discarded by the port because the port is down or "
		"congested" },
	{ "counters/port_rcv_errors", "node_infiniband_port_errors_received_total", COUNTER, 1,
		"Number of packets containing an error that were received on this port" },
	{ "counters/port_rcv_packets", "node_infiniband_port_packets_received_total", COUNTER, 1,
		"Number of packets received on all VLs by this port (including errors)" },
	{ "counters/port_xmit_packets", "node_infiniband_port_packets_transmitted_total", COUNTER,
		1, "Number of packets transmitted on all VLs from this port (including errors)" },
	{ "counters/port_rcv_remote_physical_errors",
		"node_infiniband_port_receive_remote_physical_errors_total", COUNTER, 1,
		"Number of packets marked with the EBP (End of Bad Packet) delimiter received on "
		"the port." },
	{ "counters/port_rcv_switch_relay_errors",
		"node_infiniband_port_receive_switch_relay_errors_total", COUNTER, 1,
		"Number of packets that could not be forwarded by the switch." },
	{ "counters/port_xmit_wait", "node_infiniband_port_transmit_wait_total", COUNTER, 1,
		"Number of ticks during which the port had data to transmit but no data was sent "
		"during the entire tick" },
	{ "hw_counters/req_cqe_error", "node_infiniband_req_cqes_errors_total", COUNTER, 1,
		"The number of times requester detected CQEs completed with errors. The counters "
		"was added in MLNX_OFED 4.1" },
	{ "hw_counters/req_cqe_flush_error", "node_infiniband_req_cqes_flush_errors_total", COUNTER,
		1,
		"The number of times requester detected CQEs completed with flushed errors. The "
		"counters was added in MLNX_OFED 4.1" },
	{ "hw_counters/req_remote_access_errors", "node_infiniband_req_remote_access_errors_total",
		COUNTER, 1,
		"The number of times requester detected remote access errors. The counters was "
		"added in MLNX_OFED 4.1" },
	{ "hw_counters/req_remote_invalid_request",
		"node_infiniband_req_remote_invalid_request_errors_total", COUNTER, 1,
		"The number of times requester detected remote invalid request errors. The "
		"counters was added in MLNX_OFED 4.1" },
	{ "hw_counters/resp_cqe_error", "node_infiniband_resp_cqes_errors_total", COUNTER, 1,
		"The number of times responder detected CQEs completed with errors. The counters "
		"was added in MLNX_OFED 4.1" },
	{ "hw_counters/resp_cqe_flush_error", "node_infiniband_resp_cqes_flush_errors_total",
		COUNTER, 1,
		"The number of times responder detected CQEs completed with flushed errors. The "
		"counters was added in MLNX_OFED 4.1" },
	{ "hw_counters/resp_local_length_error", "node_infiniband_resp_local_length_errors_total",
		COUNTER, 1,
		"The number of times responder detected local length errors. The counters was "
		"added in MLNX_OFED 4.1" },
	{ "hw_counters/resp_remote_access_errors",
		"node_infiniband_resp_remote_access_errors_total", COUNTER, 1,
		"The number of times responder detected remote access errors. The counters was "
		"added in MLNX_OFED 4.1" },
	{ "hw_counters/rnr_nak_retry_err", "node_infiniband_rnr_nak_retry_packets_received_total",
		COUNTER, 1,
		"The number of received RNR NAK packets. The QP retry limit was not exceeded." },
	{ "hw_counters/roce_adp_retrans_to", "node_infiniband_roce_adp_retransmits_timeout_total",
		COUNTER, 1,
		"The number of times RoCE traffic reached timeout due to adaptive retransmission. "
		"The counter was added in MLNX_OFED rev 5.0-1.0.0.0 and kernel v5.6.0" },
	{ "hw_counters/roce_adp_retrans", "node_infiniband_roce_adp_retransmits_total", COUNTER, 1,
		"The number of adaptive retransmissions for RoCE traffic. The counter was added in "
		"MLNX_OFED rev 5.0-1.0.0.0 and kernel v5.6.0" },
	{ "hw_counters/roce_slow_restart_cnps", "node_infiniband_roce_slow_restart_cnps_total",
		COUNTER, 1,
		"The number of times RoCE slow restart generated CNP packets. The counter was "
		"added in MLNX_OFED rev 5.0-1.0.0.0 and kernel v5.6.0" },
	{ "hw_counters/roce_slow_restart_trans", "node_infiniband_roce_slow_restart_total", COUNTER,
		1,
		"The number of times RoCE slow restart changed state to slow restart. The counter "
		"was added in MLNX_OFED rev 5.0-1.0.0.0 and kernel v5.6.0" },
	{ "hw_counters/roce_slow_restart", "node_infiniband_roce_slow_restart_used_total", COUNTER,
		1,
		"The number of times RoCE slow restart was used. The counter was added in "
		"MLNX_OFED rev 5.0-1.0.0.0 and kernel v5.6.0" },
	{ "hw_counters/rp_cnp_ignored", "node_infiniband_rp_cnp_ignored_packets_received_total",
		COUNTER, 1,
		"The number of CNP packets received and ignored by the Reaction Point HCA. This "
		"counter should not raise if RoCE Congestion Control was enabled in the network. "
		"If this counter raise, verify that ECN was enabled on the adapter." },
	{ "hw_counters/rp_cnp_handled", "node_infiniband_rp_cnp_packets_handled_total", COUNTER, 1,
		"The number of CNP packets handled by the Reaction Point HCA to throttle the "
		"transmission rate. The counters was added in MLNX_OFED 4.1" },
	{ "hw_counters/rx_atomic_requests", "node_infiniband_rx_atomic_requests_total", COUNTER, 1,
		"The number of received ATOMIC request for the associated QPs." },
	{ "hw_counters/rx_dct_connect", "node_infiniband_rx_dct_connect_requests_total", COUNTER, 1,
		"The number of received connection requests for the associated DCTs." },
	{ "hw_counters/rx_icrc_encapsulated", "node_infiniband_rx_icrc_encapsulated_errors_total",
		COUNTER, 1,
		"The number of RoCE packets with ICRC errors. This counter was added in MLNX_OFED "
		"4.4 and kernel 4.19" },
	{ "hw_counters/rx_read_requests", "node_infiniband_rx_read_requests_total", COUNTER, 1,
		"The number of received READ requests for the associated QPs." },
	{ "hw_counters/rx_write_requests", "node_infiniband_rx_write_requests_total", COUNTER, 1,
		"The number of received WRITE requests for the associated QPs." },
	{ "state", "node_infiniband_state_id", GAUGE, 1,
		"State of the InfiniBand port (0: no change, 1: down, 2: init, 3: armed, 4: "
		"active, 5: act defer)" },
	{ "counters/symbol_error", "node_infiniband_symbol_error_total", COUNTER, 1,
		"Number of minor link errors detected on one or more physical lanes." },
	{ "counters/unicast_rcv_packets", "node_infiniband_unicast_packets_received_total", COUNTER,
		1, "Number of unicast packets received (including errors)" },
	{ "counters/unicast_xmit_packets", "node_infiniband_unicast_packets_transmitted_total",
		COUNTER, 1, "Number of unicast packets transmitted (including errors)" },
	{ "counters/VL15_dropped", "node_infiniband_vl15_dropped_total", COUNTER, 1,
		"Number of incoming VL15 packets dropped due to resource limitations." },
};

static void write_adapters(struct host *h, char *const *names)
{
	if (*names)
		host_metric(h, "node_infiniband_info", GAUGE,
			"Non-numeric data from /sys/class/infiniband/<device>, value is always 1.");
	for (; *names; names++)
		host_value(h,
			host_labels(h, "board_id", text_of(h, INFINIBAND, *names, "board_id"),
				"device", *names, "firmware_version",
				text_of(h, INFINIBAND, *names, "fw_ver"), "hca_type",
				text_of(h, INFINIBAND, *names, "hca_type"), NULL),
			1);
}

/* "40 Gb/sec (4X QDR)" */
static void write_rates(struct host *h, const struct host_places *ports)
{
	bool has_metric = false;

	for (uint32_t i = 0; i < ports->n; i++) {
		char *text = host_file(h, "%s/rate", ports->v[i].path), *end = text;
		double gigabits = text ? strtod(text, &end) : 0;

		if (end == text)
			continue;
		if (!has_metric)
			host_metric(h, "node_infiniband_rate_bytes_per_second", GAUGE,
				"Maximum signal transfer rate");
		has_metric = true;
		host_value(h, ports->v[i].labels, gigabits * 1e9 / 8);
	}
}

void collect_infiniband(struct host *h)
{
	struct host_places ports = host_places_new(h);
	char **adapters = host_folder(h, INFINIBAND);

	for (char **a = adapters; *a; a++)
		for (char **port = host_folder(h, INFINIBAND "/%s/ports", *a); *port; port++)
			host_place(h, &ports, host_labels(h, "device", *a, "port", *port, NULL),
				INFINIBAND "/%s/ports/%s", *a, *port);
	write_adapters(h, adapters);
	host_fields(h, port_fields, COUNT(port_fields), &ports);
	write_rates(h, &ports);
}

/* ---- Fibre Channel: Documentation/scsi/scsi_fc_transport.rst */

#define FIBRE "/sys/class/fc_host"

static const struct field fc_fields[] = {
	{ "statistics/error_frames", "node_fibrechannel_error_frames_total", COUNTER, 1,
		"Number of errors in frames" },
	{ "statistics/fcp_packet_aborts", "node_fibrechannel_fcp_packet_aborts_total", COUNTER, 1,
		"Number of aborted packets" },
	{ "statistics/invalid_crc_count", "node_fibrechannel_invalid_crc_total", COUNTER, 1,
		"Invalid Cyclic Redundancy Check count" },
	{ "statistics/invalid_tx_word_count", "node_fibrechannel_invalid_tx_words_total", COUNTER,
		1, "Number of invalid words transmitted by host port" },
	{ "statistics/link_failure_count", "node_fibrechannel_link_failure_total", COUNTER, 1,
		"Number of times the host port link has failed" },
	{ "statistics/loss_of_signal_count", "node_fibrechannel_loss_of_signal_total", COUNTER, 1,
		"Number of times signal has been lost" },
	{ "statistics/loss_of_sync_count", "node_fibrechannel_loss_of_sync_total", COUNTER, 1,
		"Number of failures on either bit or transmission word boundaries" },
	{ "statistics/nos_count", "node_fibrechannel_nos_total", COUNTER, 1,
		"Number Not_Operational Primitive Sequence received by host port" },
	{ "statistics/rx_frames", "node_fibrechannel_rx_frames_total", COUNTER, 1,
		"Number of frames received" },
	{ "statistics/rx_words", "node_fibrechannel_rx_words_total", COUNTER, 1,
		"Number of words received by host port" },
	{ "statistics/seconds_since_last_reset", "node_fibrechannel_seconds_since_last_reset_total",
		COUNTER, 1, "Number of seconds since last host port reset" },
	{ "statistics/tx_frames", "node_fibrechannel_tx_frames_total", COUNTER, 1,
		"Number of frames transmitted by host port" },
	{ "statistics/tx_words", "node_fibrechannel_tx_words_total", COUNTER, 1,
		"Number of words transmitted by host port" },
};

/* Addresses stand there without their "0x". */
static const char *fc_text(struct host *h, const char *host, const char *file)
{
	const char *text = text_of(h, FIBRE, host, file);

	return str_starts(text, "0x") ? text + 2 : text;
}

static const char *fc_labels(struct host *h, const char *host)
{
	static const char *const files[] = { "dev_loss_tmo", "fabric_name", NULL, "port_id",
		"port_name", "port_state", "port_type", "speed", "supported_classes",
		"supported_speeds", "symbolic_name" };
	const char *labels = "";

	for (size_t i = 0; i < COUNT(files); i++) {
		const char *label = files[i] ? files[i] : "fc_host";
		const char *value = files[i] ? fc_text(h, host, files[i]) : host;

		labels = arena_printf(&h->arena, "%s%s%s", labels, i ? "," : "",
			host_labels(h, label, value, NULL));
	}
	return labels;
}

void collect_fibrechannel(struct host *h)
{
	struct host_places hosts = host_places_of(h, FIBRE, "fc_host");
	char **names = host_folder(h, FIBRE);

	if (*names)
		host_metric(h, "node_fibrechannel_info", GAUGE,
			"Non-numeric data from /sys/class/fc_host/<host>, value is always 1.");
	for (; *names; names++)
		host_value(h, fc_labels(h, *names), 1);
	host_fields(h, fc_fields, COUNT(fc_fields), &hosts);
}

/* ---- tapes: Documentation/scsi/st.rst */

static const struct field tape_fields[] = {
	{ "in_flight", "node_tape_io_now", GAUGE, 1,
		"The number of I/Os currently outstanding to this device." },
	{ "other_cnt", "node_tape_io_others_total", COUNTER, 1,
		"The number of I/Os issued to the tape drive other than read or write commands. "
		"The time taken to complete these commands uses the following calculation "
		"io_time_seconds_total-read_time_seconds_total-write_time_seconds_total" },
	{ "io_ns", "node_tape_io_time_seconds_total", COUNTER, 1e-9,
		"The amount of time spent waiting for all I/O to complete (including read and "
		"write). This includes tape movement commands such as seeking between file or set "
		"marks and implicit tape movement such as when rewind on close tape devices are "
		"used." },
	{ "read_byte_cnt", "node_tape_read_bytes_total", COUNTER, 1,
		"The number of bytes read from the tape drive." },
	{ "read_ns", "node_tape_read_time_seconds_total", COUNTER, 1e-9,
		"The amount of time spent waiting for read requests to complete." },
	{ "read_cnt", "node_tape_reads_completed_total", COUNTER, 1,
		"The number of read requests issued to the tape drive." },
	{ "resid_cnt", "node_tape_residual_total", COUNTER, 1,
		"The number of times during a read or write we found the residual amount to be "
		"non-zero. This should mean that a program is issuing a read larger thean the "
		"block size on tape. For write not all data made it to tape." },
	{ "write_ns", "node_tape_write_time_seconds_total", COUNTER, 1e-9,
		"The amount of time spent waiting for write requests to complete." },
	{ "write_cnt", "node_tape_writes_completed_total", COUNTER, 1,
		"The number of write requests issued to the tape drive." },
	{ "write_byte_cnt", "node_tape_written_bytes_total", COUNTER, 1,
		"The number of bytes written to the tape drive." },
};

void collect_tapestats(struct host *h)
{
	struct host_places tapes = host_places_new(h);

	/* st0; st0a, nst0 and so on are the same tape, rewound or not. */
	for (char **names = host_folder(h, "/sys/class/scsi_tape"); *names; names++)
		if (str_starts(*names, "st") && (*names)[2] &&
			!(*names)[2 + strspn(*names + 2, "0123456789")])
			host_place(h, &tapes, host_labels(h, "device", *names, NULL),
				"/sys/class/scsi_tape/%s/stats", *names);
	host_fields(h, tape_fields, COUNT(tape_fields), &tapes);
}

/* ---- watchdogs: Documentation/ABI/testing/sysfs-class-watchdog */

#define WATCHDOGS "/sys/class/watchdog"

static const struct field watchdog_fields[] = {
	{ "access_cs0", "node_watchdog_access_cs0", GAUGE, 1,
		"Value of /sys/class/watchdog/<watchdog>/access_cs0" },
	{ "bootstatus", "node_watchdog_bootstatus", GAUGE, 1,
		"Value of /sys/class/watchdog/<watchdog>/bootstatus" },
	{ "fw_version", "node_watchdog_fw_version", GAUGE, 1,
		"Value of /sys/class/watchdog/<watchdog>/fw_version" },
	{ "nowayout", "node_watchdog_nowayout", GAUGE, 1,
		"Value of /sys/class/watchdog/<watchdog>/nowayout" },
	{ "pretimeout", "node_watchdog_pretimeout_seconds", GAUGE, 1,
		"Value of /sys/class/watchdog/<watchdog>/pretimeout" },
	{ "timeleft", "node_watchdog_timeleft_seconds", GAUGE, 1,
		"Value of /sys/class/watchdog/<watchdog>/timeleft" },
	{ "timeout", "node_watchdog_timeout_seconds", GAUGE, 1,
		"Value of /sys/class/watchdog/<watchdog>/timeout" },
};

void collect_watchdog(struct host *h)
{
	struct host_places dogs = host_places_of(h, WATCHDOGS, "name");
	char **names = host_folder(h, WATCHDOGS);

	host_fields(h, watchdog_fields, COUNT(watchdog_fields), &dogs);
	if (*names)
		host_metric(h, "node_watchdog_info", GAUGE,
			"Info of /sys/class/watchdog/<watchdog>");
	for (; *names; names++)
		host_value(h,
			host_labels(h, "identity", text_of(h, WATCHDOGS, *names, "identity"),
				"name", *names, "options", text_of(h, WATCHDOGS, *names, "options"),
				"pretimeout_governor",
				text_of(h, WATCHDOGS, *names, "pretimeout_governor"), "state",
				text_of(h, WATCHDOGS, *names, "state"), "status",
				text_of(h, WATCHDOGS, *names, "status"), NULL),
			1);
}

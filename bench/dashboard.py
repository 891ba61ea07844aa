# SPDX-License-Identifier: Apache-2.0
"""The queries of a Node Exporter dashboard, and of one that watches a busy service."""
HOST = 'instance="nas-1:9100",job="node"'

# $rate stands for the window that Grafana gives to rate().
NODE = [query.replace("@", HOST) for query in (
    '(sum by(instance) (rate(node_cpu_seconds_total{mode!="idle",@}[$rate])) / on(instance) group_left '
    'sum by (instance)(rate(node_cpu_seconds_total{@}[$rate]))) * 100',
    'sum by (mode) (rate(node_cpu_seconds_total{@}[$rate])) / scalar(count(count by (cpu) (node_cpu_seconds_total{@}))) * 100',
    'scalar(node_load1{@}) * 100 / count(count(node_cpu_seconds_total{@}) by (cpu))',
    '((node_memory_MemTotal_bytes{@} - node_memory_MemAvailable_bytes{@}) / node_memory_MemTotal_bytes{@}) * 100',
    'node_memory_MemTotal_bytes{@} - node_memory_MemFree_bytes{@} - (node_memory_Cached_bytes{@} + node_memory_Buffers_bytes{@} + '
    'node_memory_SReclaimable_bytes{@})',
    '((node_memory_SwapTotal_bytes{@} - node_memory_SwapFree_bytes{@}) / (node_memory_SwapTotal_bytes{@})) * 100',
    '100 - ((node_filesystem_avail_bytes{@,fstype="zfs"} * 100) / node_filesystem_size_bytes{@,fstype="zfs"})',
    'node_filesystem_size_bytes{@} - node_filesystem_avail_bytes{@}',
    'rate(node_network_receive_bytes_total{@}[$rate]) * 8',
    'rate(node_network_transmit_bytes_total{@}[$rate]) * 8',
    'rate(node_network_receive_packets_total{@}[$rate])',
    'rate(node_network_receive_drop_total{@}[$rate]) + rate(node_network_transmit_drop_total{@}[$rate])',
    'rate(node_disk_reads_completed_total{@,device=~"[a-z]+|nvme[0-9]+n[0-9]+"}[$rate])',
    'rate(node_disk_read_bytes_total{@}[$rate])',
    'rate(node_disk_read_time_seconds_total{@}[$rate]) / rate(node_disk_reads_completed_total{@}[$rate])',
    'rate(node_disk_io_time_seconds_total{@}[$rate])',
    'irate(node_disk_written_bytes_total{@}[$rate])',
    'rate(node_vmstat_pgpgin{@}[$rate])',
    'irate(node_vmstat_pgfault{@}[$rate]) - irate(node_vmstat_pgmajfault{@}[$rate])',
    'rate(node_context_switches_total{@}[$rate])',
    'rate(node_intr_total{@}[$rate])',
    'rate(node_pressure_cpu_waiting_seconds_total{@}[$rate])',
    'rate(node_schedstat_running_seconds_total{@}[$rate])',
    'node_hwmon_temp_celsius{@} * on(chip) group_left() count by (chip) (node_hwmon_temp_celsius{@})',
    'rate(node_netstat_Tcp_InSegs{@}[$rate])',
    'irate(node_netstat_Tcp_RetransSegs{@}[$rate]) / irate(node_netstat_Tcp_OutSegs{@}[$rate])',
    'node_sockstat_TCP_alloc{@}',
    'node_scrape_collector_duration_seconds{@}',
    'sum by (state) (node_systemd_unit_state{@})',
    'node_time_seconds{@} - node_boot_time_seconds{@}')]

# Over 600 series of one histogram: each looks at all that there is.
REQUESTS = [query.replace("@", "app_request_duration_seconds_bucket") for query in (
    'sum(rate(@[$rate]))', 'sum by (handler) (rate(@[$rate]))', 'rate(@{le="+Inf"}[$rate])', 'sum by (handler, le) (increase(@[$rate]))',
    'histogram_quantile(0.99, sum by (le) (rate(@[$rate])))', 'histogram_quantile(0.9, rate(@[$rate]))',
    'topk(5, rate(@[$rate]))', 'sum(rate(@{handler=~"1.*|2.+|.3",le!~"0.*"}[$rate]))', 'max_over_time(@[$rate])',
    'sum by (handler, le) (@)', 'stddev by (le) (irate(@[$rate]))', 'avg_over_time(@{handler=~".*[02468]"}[$rate])')]


def duration(seconds):
    return f"{seconds // 60}m{seconds % 60}s"


def windows(days):
    """(words, span in seconds, step) as Grafana chooses them at a thousand pixels."""
    return [("24 h", 86400, 120), (f"{days} d", days * 86400, 3600 if days > 7 else 300)]


def at_step(query, step_s, every_s):
    """$__rate_interval: the step and a scrape, at least four scrapes."""
    return query.replace("$rate", duration(max(4 * every_s, step_s + every_s)))

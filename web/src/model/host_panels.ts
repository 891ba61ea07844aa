// SPDX-License-Identifier: Apache-2.0
// Which graphs a host has: expressions on node_exporter's names, which the built-in host metrics have
// as well.  Pure.

export interface PanelQuery {
  expr: string /* $I: matchers of the host; $W: a window that rates can be taken over */;
  legend: string;
}
export interface Panel {
  title: string;
  unit: string;
  queries: PanelQuery[];
  isStacked?: boolean;
  min?: number;
  max?: number;
  absent: string /* why there may be nothing though the host is scraped */;
}

/* Devices and file systems that tell nothing of the machine. */
const REAL_NET =
  'device!~"lo|veth.*|docker.*|br-.*|cni.*|flannel.*|virbr.*|tap.*|fwbr.*|fwpr.*|fwln.*"';
const REAL_DISK = 'device!~"loop.*|ram.*|zram.*|dm-.*|sr.*|fd.*"';
const REAL_FS =
  'fstype!~"tmpfs|ramfs|devtmpfs|overlay|squashfs|fuse.lxcfs|nsfs|proc|sysfs|cgroup2?|efivarfs|autofs"';

const collector = (name: string) => `its exporter doesn’t tell: the collector “${name}” is off`;

export const PANELS: Panel[] = [
  {
    title: "CPU",
    unit: "percentunit",
    isStacked: true,
    min: 0,
    max: 1,
    absent: collector("cpu"),
    queries: [
      {
        expr:
          'sum by (mode) (rate(node_cpu_seconds_total{$I, mode!="idle"}[$W])) / ' +
          "on () group_left () sum(rate(node_cpu_seconds_total{$I}[$W]))",
        legend: "{{mode}}",
      },
    ],
  },
  {
    title: "Load",
    unit: "none",
    min: 0,
    absent: collector("loadavg"),
    queries: [
      { expr: "node_load1{$I}", legend: "1 min" },
      { expr: "node_load5{$I}", legend: "5 min" },
      { expr: "node_load15{$I}", legend: "15 min" },
      { expr: "count(count by (cpu) (node_cpu_seconds_total{$I}))", legend: "cores" },
    ],
  },
  {
    title: "Memory",
    unit: "bytes",
    isStacked: true,
    min: 0,
    absent: collector("meminfo"),
    queries: [
      {
        expr:
          "node_memory_MemTotal_bytes{$I} - node_memory_MemFree_bytes{$I} - " +
          "node_memory_Buffers_bytes{$I} - node_memory_Cached_bytes{$I} - " +
          "node_memory_SReclaimable_bytes{$I}",
        legend: "used",
      },
      {
        expr:
          "node_memory_Buffers_bytes{$I} + node_memory_Cached_bytes{$I} + " +
          "node_memory_SReclaimable_bytes{$I}",
        legend: "cache",
      },
      { expr: "node_memory_MemFree_bytes{$I}", legend: "free" },
    ],
  },
  {
    title: "Swap",
    unit: "bytes",
    min: 0,
    absent: collector("meminfo"),
    queries: [
      { expr: "node_memory_SwapTotal_bytes{$I} - node_memory_SwapFree_bytes{$I}", legend: "used" },
      { expr: "node_memory_SwapTotal_bytes{$I}", legend: "size" },
    ],
  },
  {
    title: "Waiting for (pressure)",
    unit: "percentunit",
    min: 0,
    absent: "its kernel doesn’t tell: it was built without PSI, or begun with psi=0",
    queries: [
      { expr: "rate(node_pressure_cpu_waiting_seconds_total{$I}[$W])", legend: "CPU" },
      { expr: "rate(node_pressure_memory_waiting_seconds_total{$I}[$W])", legend: "memory" },
      { expr: "rate(node_pressure_io_waiting_seconds_total{$I}[$W])", legend: "disks" },
      { expr: "rate(node_pressure_io_stalled_seconds_total{$I}[$W])", legend: "disks, all tasks" },
    ],
  },
  {
    title: "File systems, used",
    unit: "percentunit",
    min: 0,
    max: 1,
    absent: "it has none of its own, as in a container, or the collector “filesystem” is off",
    queries: [
      {
        expr: `1 - node_filesystem_avail_bytes{$I, ${REAL_FS}} / node_filesystem_size_bytes{$I, ${REAL_FS}}`,
        legend: "{{mountpoint}}",
      },
    ],
  },
  {
    title: "Disks, read and written",
    unit: "binBps",
    min: 0,
    absent: "it has no disks of its own, as in a container, or the collector “diskstats” is off",
    queries: [
      { expr: `rate(node_disk_read_bytes_total{$I, ${REAL_DISK}}[$W])`, legend: "{{device}} read" },
      {
        expr: `rate(node_disk_written_bytes_total{$I, ${REAL_DISK}}[$W])`,
        legend: "{{device}} written",
      },
    ],
  },
  {
    title: "Disks, busy",
    unit: "percentunit",
    min: 0,
    absent: "it has no disks of its own, as in a container, or the collector “diskstats” is off",
    queries: [
      { expr: `rate(node_disk_io_time_seconds_total{$I, ${REAL_DISK}}[$W])`, legend: "{{device}}" },
    ],
  },
  {
    title: "Network",
    unit: "bps",
    min: 0,
    absent: collector("netdev"),
    queries: [
      {
        expr: `rate(node_network_receive_bytes_total{$I, ${REAL_NET}}[$W]) * 8`,
        legend: "{{device}} in",
      },
      {
        expr: `rate(node_network_transmit_bytes_total{$I, ${REAL_NET}}[$W]) * 8`,
        legend: "{{device}} out",
      },
    ],
  },
  {
    title: "Network, errors and drops",
    unit: "pps",
    min: 0,
    absent: collector("netdev"),
    queries: [
      {
        expr: `rate(node_network_receive_errs_total{$I, ${REAL_NET}}[$W]) + rate(node_network_receive_drop_total{$I, ${REAL_NET}}[$W])`,
        legend: "{{device}} in",
      },
      {
        expr: `rate(node_network_transmit_errs_total{$I, ${REAL_NET}}[$W]) + rate(node_network_transmit_drop_total{$I, ${REAL_NET}}[$W])`,
        legend: "{{device}} out",
      },
    ],
  },
  {
    title: "Temperatures",
    unit: "celsius",
    absent: "no sensor is known to its kernel; virtual machines have none",
    queries: [{ expr: "node_hwmon_temp_celsius{$I}", legend: "{{chip}} {{sensor}}" }],
  },
  {
    title: "Clock, off by",
    unit: "s",
    absent: collector("timex"),
    queries: [{ expr: "node_timex_offset_seconds{$I}", legend: "offset" }],
  },
];

/* `instance="nas"` */
export const matcherOf = (host: string) => `instance=${JSON.stringify(host)}`;

/* Over what rates are taken so that there are always two samples in it. */
export function windowOf(interval: number, step: number): number {
  return Math.ceil(Math.max(4 * interval, step + interval));
}

export function fill(expr: string, host: string, window: number): string {
  return expr.replace(/\$I/g, () => matcherOf(host)).replace(/\$W/g, () => `${window}s`);
}

/* One row for each host, from instant queries by `instance`. */
export const HOST_COLUMNS: { title: string; unit: string; expr: string }[] = [
  {
    title: "CPU",
    unit: "percentunit",
    expr:
      '1 - sum by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) / ' +
      "sum by (instance) (rate(node_cpu_seconds_total[5m]))",
  },
  { title: "Load", unit: "none", expr: "max by (instance) (node_load1)" },
  {
    title: "Memory",
    unit: "percentunit",
    expr: "max by (instance) (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
  },
  {
    title: "Fullest disk",
    unit: "percentunit",
    expr: `max by (instance) (1 - node_filesystem_avail_bytes{${REAL_FS}} / node_filesystem_size_bytes{${REAL_FS}})`,
  },
  { title: "Hottest", unit: "celsius", expr: "max by (instance) (node_hwmon_temp_celsius)" },
  {
    title: "Up for",
    unit: "dtdurations",
    expr: "max by (instance) (time() - node_boot_time_seconds)",
  },
];

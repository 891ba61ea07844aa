// SPDX-License-Identifier: Apache-2.0
// What a node_exporter says of a machine that doesn't exist.  Everything follows from the time, so
// that counters go on where they were and a test knows what it must see.

const GIB = 2 ** 30;
const BOOTED = 1_700_000_000;

const wave = (t, period, phase = 0) => 0.5 + 0.5 * Math.sin((2 * Math.PI * t) / period + phase);
/* The integral of `wave`, for counters. */
const sum = (t, period, phase = 0) =>
  0.5 * t - (0.5 * period * Math.cos((2 * Math.PI * t) / period + phase)) / (2 * Math.PI);

/* [name, labels, value] of each series at a time in seconds. */
export function nodeSamples(now) {
  const t = now - BOOTED;
  const out = [];
  const add = (name, value, labels = "") => out.push([name, labels, value]);
  add(
    "node_uname_info",
    1,
    'domainname="(none)",machine="x86_64",nodename="nas",release="6.12.9",sysname="Linux",version="#1"',
  );
  add("node_os_info", 1, 'id="nixos",pretty_name="NixOS 26.05 (Yarara)",version_id="26.05"');
  add("node_boot_time_seconds", BOOTED);
  for (let cpu = 0; cpu < 4; cpu++) {
    const busy = { user: 0.3, system: 0.12, iowait: 0.05, softirq: 0.02 };
    let used = 0;
    for (const [mode, share] of Object.entries(busy)) {
      const spent = share * sum(t, 1800 + 300 * cpu, cpu);
      used += spent;
      add("node_cpu_seconds_total", spent, `cpu="${cpu}",mode="${mode}"`);
    }
    add("node_cpu_seconds_total", t - used, `cpu="${cpu}",mode="idle"`);
  }
  add("node_load1", 4 * wave(t, 1700));
  add("node_load5", 3 * wave(t, 1700, -0.4));
  add("node_load15", 2.4 * wave(t, 1700, -0.9));
  const cached = (9 + 3 * wave(t, 5000)) * GIB;
  const free = (2 + wave(t, 900)) * GIB;
  add("node_memory_MemTotal_bytes", 32 * GIB);
  add("node_memory_MemFree_bytes", free);
  add("node_memory_MemAvailable_bytes", free + cached);
  add("node_memory_Buffers_bytes", 0.4 * GIB);
  add("node_memory_Cached_bytes", cached);
  add("node_memory_SReclaimable_bytes", 0.8 * GIB);
  add("node_memory_SwapTotal_bytes", 8 * GIB);
  add("node_memory_SwapFree_bytes", 7.5 * GIB);
  for (const what of [
    "cpu_waiting",
    "memory_waiting",
    "memory_stalled",
    "io_waiting",
    "io_stalled",
  ])
    add(`node_pressure_${what}_seconds_total`, 0.04 * sum(t, 2400, what.length));
  const mounts = [
    ["/", "zfs", 200, 0.4],
    ["/boot", "vfat", 1, 0.3],
    ["/tank/photos", "zfs", 8000, 0.87],
    ["/run", "tmpfs", 16, 0.01],
  ];
  for (const [mount, fstype, size, used] of mounts) {
    const labels = `device="${mount}",fstype="${fstype}",mountpoint="${mount}"`;
    add("node_filesystem_size_bytes", size * GIB, labels);
    add("node_filesystem_avail_bytes", size * GIB * (1 - used), labels);
  }
  for (const [i, device] of ["nvme0n1", "sda", "sdb"].entries()) {
    add("node_disk_read_bytes_total", 4e7 * sum(t, 1500, i), `device="${device}"`);
    add("node_disk_written_bytes_total", 9e6 * sum(t, 900, i), `device="${device}"`);
    add("node_disk_io_time_seconds_total", 0.5 * sum(t, 1500, i), `device="${device}"`);
  }
  for (const [i, device] of ["eno1", "lo"].entries()) {
    add("node_network_receive_bytes_total", 3e7 * sum(t, 1100, i), `device="${device}"`);
    add("node_network_transmit_bytes_total", 8e6 * sum(t, 1300, i), `device="${device}"`);
    for (const what of ["receive_errs", "receive_drop", "transmit_errs", "transmit_drop"])
      add(`node_network_${what}_total`, 0, `device="${device}"`);
  }
  for (const [sensor, degrees] of Object.entries({ temp1: 48, temp2: 61, temp3: 39 }))
    add(
      "node_hwmon_temp_celsius",
      degrees + 5 * wave(t, 2000, degrees),
      `chip="platform_coretemp_0",sensor="${sensor}"`,
    );
  add("node_timex_offset_seconds", 0.0004 * (wave(t, 700) - 0.5));
  return out;
}

/* The page; with `times`, every series at each of them, as one who catches up would say. */
export function nodeText(times = null) {
  const line = ([name, labels, value], suffix) =>
    `${name}${labels && `{${labels}}`} ${value}${suffix}\n`;
  if (!times)
    return nodeSamples(Date.now() / 1000)
      .map((s) => line(s, ""))
      .join("");
  const rows = times.map((t) => nodeSamples(t).map((s) => line(s, ` ${Math.round(t * 1000)}`)));
  return rows[0].map((_, i) => rows.map((row) => row[i]).join("")).join("");
}

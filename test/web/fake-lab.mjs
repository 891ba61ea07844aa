// SPDX-License-Identifier: Apache-2.0
// A lab that doesn't exist, as the objects of doc/api.md, in every weather that the pages must
// show.  Nothing here knows of HTTP.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const at = (ms) => new Date(ms).toISOString();
const ago = (ms) => at(Date.now() - ms);

/* name, host, probe, target, took at home, took from the other site (null: not a vantage) */
const PROBES = {
  dublin: [
    ["router-dublin", "router-dublin", "icmp", "10.1.0.1", 0.4, 141],
    ["nas-dublin", "nas-dublin", "icmp", "10.1.0.10", 0.3, 141],
    ["smb", "nas-dublin", "tcp", "10.1.0.10:445", 0.6, null],
    ["minio", "nas-dublin", "http", "http://10.1.0.10:9000/minio/health/live", 4.1, 146],
    ["gpu", "gpu", "icmp", "10.1.0.40", 0.2, 142],
    ["llama", "gpu", "http", "http://10.1.0.40:8080/health", 2.2, 151],
    ["k3s-dublin", "k3s-dublin-1", "tcp", "10.1.0.20:6443", 0.5, null],
    ["forgejo", "k3s-dublin-1", "http", "https://git.example.net/api/healthz", 11, 158],
    ["home-assistant", "k3s-dublin-1", "http", "https://ha.example.net/", 18, 164],
    ["paperless", "k3s-dublin-1", "http", "https://paper.example.net/", 34, 189],
    ["miniflux", "k3s-dublin-2", "http", "https://rss.example.net/healthcheck", 7.4, 152],
    ["vaultwarden", "k3s-dublin-2", "http", "https://vault.example.net/alive", 9.3, 155],
    ["dns-dublin", null, "dns", "nas.lan A at 10.1.0.53", 1.1, null],
    ["www", null, "http", "https://example.net/", 41, 212],
    ["cert-wildcard", null, "tls", "example.net:443", 22, 301],
  ],
  mumbai: [
    ["router-mumbai", "router-mumbai", "icmp", "10.2.0.1", 0.5, 140],
    ["nas-mumbai", "nas-mumbai", "icmp", "10.2.0.10", 0.3, 141],
    ["nfs", "nas-mumbai", "tcp", "10.2.0.10:2049", 0.7, null],
    ["syncthing", "nas-mumbai", "tcp", "10.2.0.10:22000", 0.9, 143],
    ["proxmox", "proxmox-mumbai", "http", "https://10.2.0.5:8006/", 6.2, 290],
    ["immich", "k3s-mumbai-1", "http", "https://photos.example.net/api/server/ping", 13, 154],
    ["immich-ml", "k3s-mumbai-1", "http", "http://10.2.0.31:3003/ping", 3.4, null],
    ["jellyfin", "k3s-mumbai-1", "http", "https://media.example.net/health", 15, 161],
    ["audiobookshelf", "k3s-mumbai-2", "http", "https://books.example.net/healthcheck", 8.8, 153],
    ["nextcloud", "k3s-mumbai-2", "http", "https://cloud.example.net/status.php", 62, 244],
    ["imap", "mail-mumbai", "tcp", "10.2.0.20:993", 2.6, 147],
    ["smtp", "mail-mumbai", "tcp", "10.2.0.20:25", 3.9, 149],
    ["dns-mumbai", null, "dns", "nas.lan A at 10.2.0.53", 1.4, null],
  ],
};

const HEARTBEATS = [
  ["paperless-export", "dublin", "nas-dublin", 24 * HOUR, 7 * HOUR],
  ["restic-offsite", "dublin", "nas-dublin", 24 * HOUR, 5 * HOUR],
  ["photos-to-dublin", "mumbai", "nas-mumbai", 15 * MINUTE, 4 * MINUTE],
  ["scrub-report", "mumbai", "nas-mumbai", 7 * DAY, 2 * DAY],
];

function vantage(site, took, rest = {}) {
  return {
    site,
    word: "ok",
    since: ago(12 * DAY),
    heard: ago(3 * SECOND),
    last_ok: ago(3 * SECOND),
    reason: "",
    took_ms: took,
    is_fresh: true,
    is_blind: false,
    ...rest,
  };
}

function check(name, kind, rest) {
  return {
    name,
    kind,
    probe: null,
    target: null,
    home: null,
    host: null,
    severity: "warning",
    state: "ok",
    scope: "none",
    since: ago(12 * DAY),
    reason: "",
    every_ms: 15 * SECOND,
    is_flapping: false,
    is_silenced: false,
    needs: [],
    incident: null,
    paused_until: null,
    description: "",
    runbook: "",
    vantages: [],
    ...rest,
  };
}

function probeCheck(home, other, [name, host, probe, target, near, far], age) {
  const vantages = [vantage(home, near)];
  if (far !== null) vantages.push(vantage(other, far));
  vantages.sort((a, b) => (a.site < b.site ? -1 : 1));
  const needs = host && host !== name ? [host] : [`router-${home}`].filter((n) => n !== name);
  return check(name, "probe", {
    probe,
    target,
    home,
    host,
    vantages,
    needs,
    since: ago(age),
    severity: ["router-dublin", "router-mumbai", "immich"].includes(name) ? "critical" : "warning",
    description: name === "immich" ? "Photos and videos of the family" : "",
    runbook: name === "immich" ? "https://git.example.net/lab/runbooks/immich.md" : "",
  });
}

function heartbeatCheck([name, home, host, every, last]) {
  const vantages = [vantage(home, 94 * SECOND, { heard: ago(last), last_ok: ago(last) })];
  return check(name, "heartbeat", { home, host, every_ms: every, vantages, since: ago(31 * DAY) });
}

function selfChecks(site) {
  return ["config", "disk", "clock", "notify", "journal"].map((what) =>
    check(`${what}@${site}`, "self", {
      home: site,
      since: ago(12 * DAY),
      vantages: [vantage(site, null)],
      every_ms: null,
    }),
  );
}

function sharedChecks(sites) {
  const shared = [];
  for (const name of sites) {
    const others = sites.filter((other) => other !== name);
    shared.push(
      check(`site:${name}`, "site", {
        home: others[0] ?? name,
        severity: "critical",
        every_ms: null,
        vantages: others.map((other) => vantage(other, null)),
        needs: [],
      }),
    );
  }
  for (let i = 0; i < sites.length; i++)
    for (let j = i + 1; j < sites.length; j++)
      shared.push(
        check(`link:${sites[i]}-${sites[j]}`, "link", {
          home: sites[i],
          every_ms: null,
          since: ago(3 * DAY),
          vantages: [vantage(sites[i], null), vantage(sites[j], null)],
        }),
      );
  shared.push(
    check("watcher:webhost", "watcher", {
      home: sites[0],
      every_ms: null,
      vantages: sites.map((site) => vantage(site, null)),
    }),
  );
  shared.push(
    check("drill:webhost", "drill", {
      home: sites[0],
      every_ms: null,
      since: ago(9 * DAY),
      vantages: [vantage(sites[0], null)],
    }),
  );
  return shared;
}

const ZONES = { dublin: "Europe/Dublin", mumbai: "Asia/Kolkata", oslo: "Europe/Oslo" };

function site(name, index, self) {
  return {
    name,
    index,
    zone: ZONES[name] ?? "UTC",
    state: "ok",
    since: ago(12 * DAY - index * 3 * HOUR),
    is_self: name === self,
    is_blind: false,
    lab_hash: "9f2c41d8".repeat(8),
    egress: "ok",
    journal: { events: 48211 - index * 9034, epoch: 1763000000, head: "ab12".repeat(16) },
  };
}

export class FakeLab {
  constructor({ sites = ["dublin", "mumbai"], self = sites[0], checks } = {}) {
    this.name = "home";
    this.self = self;
    this.started = ago(12 * DAY);
    this.login = false;
    this.csrf = "c5f0c2";
    this.revision = {
      hash: "9f2c41d8".repeat(8),
      commit: "4be81f07c2d9",
      author: "Ana",
      summary: "raise immich memory to 6 GiB",
      since: ago(2 * DAY + 3 * HOUR),
    };
    this.sites = sites.map((name, i) => site(name, i, self));
    this.links = [];
    for (let i = 0; i < sites.length; i++)
      for (let j = i + 1; j < sites.length; j++)
        this.links.push({
          a: sites[i],
          b: sites[j],
          state: "up",
          since: ago(3 * DAY),
          rtt_ms: 141 + 7 * (i + j - 1),
          skew_ms: 3,
          lag_events: 0,
        });
    this.watchers = [
      {
        name: "webhost",
        state: "ok",
        since: ago(12 * DAY),
        hears: Object.fromEntries(sites.map((name, i) => [name, ago(2 * SECOND + i * SECOND)])),
        drill: { at: ago(8 * HOUR + 12 * MINUTE), ok: true },
      },
    ];
    this.checks = checks ?? [
      ...ordinary(sites),
      ...sites.flatMap(selfChecks),
      ...sharedChecks(sites),
    ];
    this.incidents = [];
    this.silences = [];
    this.events = [];
    this.seq = Object.fromEntries(sites.map((name) => [name, 1000]));
    this.arrived = 0;
    this.unobserved = [];
    this.history();
  }

  /* ---- what the API answers ---- */

  counts() {
    const counts = { ok: 0, failing: 0, silent: 0, pending: 0, paused: 0 };
    for (const c of this.checks) counts[c.state]++;
    return counts;
  }

  status() {
    return {
      lab: this.name,
      site: this.self,
      now: at(Date.now()),
      version: "0.1.0",
      started: this.started,
      session: { login: this.login, csrf: this.csrf },
      revision: this.revision,
      sites: this.sites,
      links: this.links,
      watchers: this.watchers,
      checks: this.checks,
      incidents: this.incidents.filter(isOpen),
      silences: this.silences,
      counts: this.counts(),
    };
  }

  check(name) {
    return this.checks.find((c) => c.name === name);
  }

  incident(id) {
    const found = this.incidents.find((i) => i.id === id);
    if (!found) return undefined;
    const from = Date.parse(found.since) - 10 * MINUTE;
    const until = found.closed ? Date.parse(found.closed) + MINUTE : Infinity;
    const isMembers = (ev) =>
      found.members.some((m) => m.check === ev.subject) &&
      Date.parse(ev.wall) >= from &&
      Date.parse(ev.wall) <= until;
    const timeline = this.events.filter((ev) => ev.subject === id || isMembers(ev));
    return { ...found, timeline: timeline.sort((a, b) => Date.parse(a.wall) - Date.parse(b.wall)) };
  }

  when(name) {
    const c = this.check(name);
    if (!c) return undefined;
    const incident = this.incidents.find((i) => i.members.some((m) => m.check === name)) ?? null;
    const bad = c.vantages
      .filter((v) => v.word === "failing")
      .map((v) => v.since)
      .sort();
    const firstBad = bad[0] ?? (c.state === "silent" ? c.since : null);
    const from = firstBad ? Date.parse(firstBad) - 10 * MINUTE : 0;
    return {
      check: c,
      last_good:
        c.vantages
          .map((v) => v.last_ok)
          .filter(Boolean)
          .sort()
          .pop() ?? null,
      first_bad: firstBad,
      vantages: c.vantages.map((v) => ({
        site: v.site,
        last_good: v.last_ok,
        first_bad: v.word === "failing" ? v.since : null,
        reason: v.reason,
      })),
      incident,
      told: (incident?.told ?? []).map(({ channel, at: when, via, first }) => ({
        channel,
        at: when,
        via,
        first,
      })),
      before: firstBad
        ? this.events.filter((ev) => {
            const t = Date.parse(ev.wall);
            return t >= from && t < Date.parse(firstBad) && ev.subject !== name;
          })
        : [],
      history: this.historyOf(c),
    };
  }

  historyOf(c) {
    const items = [];
    for (const [i, v] of c.vantages.entries()) {
      items.push({ at: ago(40 * DAY), vantage: v.site, word: "ok", reason: "" });
      for (const [from, length] of [
        [26 * DAY, 3 * HOUR],
        [9 * DAY, 50 * MINUTE],
        [17 * HOUR, 22 * MINUTE],
      ]) {
        if (i > 0 && length < HOUR) continue;
        items.push({
          at: ago(from),
          vantage: v.site,
          word: "failing",
          reason: "connection refused",
        });
        items.push({ at: ago(from - length), vantage: v.site, word: "ok", reason: "" });
      }
      if (v.word === "failing")
        items.push({ at: v.since, vantage: v.site, word: "failing", reason: v.reason });
    }
    return items;
  }

  /* Newest first. */
  eventsPage(query) {
    const kinds = query.get("kind")?.split(",");
    const limit = Number(query.get("limit") ?? 100);
    const before = Number(query.get("before") ?? Infinity);
    const list = this.events
      .filter((ev) => !kinds || kinds.includes(ev.kind))
      .filter((ev) => !query.get("site") || ev.site === query.get("site"))
      .filter((ev) => !query.get("subject") || ev.subject === query.get("subject"))
      .filter((ev) => Number(ev.cursor) < before)
      .sort((a, b) => Number(b.cursor) - Number(a.cursor));
    const events = list.slice(0, limit);
    return { events, next: events.length < limit ? null : events[limit - 1].cursor };
  }

  /* ---- what happens ---- */

  log(siteName, kind, subject, body, text, t = Date.now()) {
    const seq = ++this.seq[siteName];
    const ev = {
      site: siteName,
      epoch: 1763000000,
      seq,
      hlc: t * 65536,
      wall: at(t),
      kind,
      subject,
      body,
      previous: "00".repeat(32),
      hash: `${seq.toString(16).padStart(8, "0")}`.repeat(8),
      signature: "00".repeat(64),
      text,
      cursor: String(t * 1000 + (this.arrived++ % 1000)) /* as if all had arrived in order */,
    };
    this.events.push(ev);
    return ev;
  }

  history() {
    const [a, b] = [this.sites[0].name, (this.sites[1] ?? this.sites[0]).name];
    const config = {
      hash: this.revision.hash,
      revision: "4be81f07c2d9",
      author: "Ana",
      summary: "raise immich memory to 6 GiB",
      previous: "51d2aa07".repeat(8),
    };
    const boot = { version: "0.1.0", last_alive: ago(12 * DAY + MINUTE), clean: true };
    const say = (s, kind, subject, body, text, back) =>
      this.log(s, kind, subject, body, text, Date.now() - back);
    say(a, "boot", a, boot, "started (diarchy 0.1.0)", 12 * DAY);
    say(b, "boot", b, boot, "started (diarchy 0.1.0)", 12 * DAY - 3 * HOUR);
    say(a, "link", b, { state: "up", rtt_ms: 141 }, `link ${a}–${b} is up, 141 ms`, 3 * DAY);
    say(
      a,
      "config",
      a,
      config,
      "lab.yaml changed: 4be81f0 'raise immich memory to 6 GiB' by Ana",
      2 * DAY + 3 * HOUR,
    );
    say(
      b,
      "config",
      b,
      config,
      "lab.yaml changed: 4be81f0 'raise immich memory to 6 GiB' by Ana",
      2 * DAY + 3 * HOUR - 4 * SECOND,
    );
    say(
      b,
      "ping",
      "photos-to-dublin",
      { what: "success" },
      "photos-to-dublin finished, 1 min 34 s",
      19 * MINUTE,
    );
    say(
      a,
      "drill",
      "webhost",
      { ok: true, took_ms: 812 },
      "drill through webhost passed, 812 ms",
      8 * HOUR + 12 * MINUTE,
    );
    say(
      b,
      "ping",
      "photos-to-dublin",
      { what: "success" },
      "photos-to-dublin finished, 1 min 31 s",
      4 * MINUTE,
    );
  }

  fail(name, { reason, back = 0, from, scope = "down", state = "failing" }) {
    const c = this.check(name);
    const since = ago(back);
    for (const v of c.vantages) {
      if (state === "silent") continue;
      if (from && !from.includes(v.site)) continue;
      Object.assign(v, {
        word: "failing",
        since,
        reason,
        last_ok: ago(back + 9 * SECOND),
        took_ms: null,
      });
      this.log(
        v.site,
        "evidence",
        name,
        { word: "failing", reason, since, last_ok: v.last_ok },
        `${v.site}: ${name} fails: ${reason}`,
        Date.now() - back,
      );
    }
    Object.assign(c, { state, scope, since, reason });
    return c;
  }

  heal(name) {
    const c = this.check(name);
    for (const v of c.vantages)
      Object.assign(v, {
        word: "ok",
        since: ago(0),
        reason: "",
        last_ok: ago(0),
        heard: ago(0),
        took_ms: 21,
        is_fresh: true,
      });
    Object.assign(c, { state: "ok", scope: "none", since: ago(0), reason: "", incident: null });
    return c;
  }

  open(
    owner,
    title,
    cause,
    { members = [cause], before = [], severity = "warning", toldAfter = 2100 } = {},
  ) {
    const root = this.check(cause);
    const opened = Date.parse(root.since) + 1400;
    const incident = {
      id: `${owner}-${Math.floor(opened / 1000).toString(36)}`,
      owner,
      title,
      cause,
      severity,
      state: "open",
      version: 1,
      failing_from:
        root.scope === "path" ? root.vantages.find((v) => v.word === "failing").site : null,
      news: null,
      opened: at(opened),
      since: root.since,
      recovered: null,
      closed: null,
      merged_into: null,
      is_flapping: false,
      relapses: 0,
      ack: null,
      members: members.map((name) => {
        const c = this.check(name);
        const good =
          c.vantages
            .map((v) => v.last_ok)
            .filter(Boolean)
            .sort()
            .pop() ?? null;
        return {
          check: name,
          state: c.state,
          scope: c.scope,
          since: c.since,
          last_ok: good,
          reason: c.reason,
          recovered: null,
        };
      }),
      more_members: 0,
      before,
      told: [],
    };
    for (const name of members) this.check(name).incident = incident.id;
    this.log(owner, "incident", incident.id, bodyOf(incident), `incident opened: ${title}`, opened);
    this.tell(incident, opened + toldAfter - 1400);
    this.incidents.unshift(incident);
    return incident;
  }

  tell(incident, t = Date.now()) {
    const first = incident.told[0]?.first ?? at(t);
    const version = (incident.told[0]?.version ?? 0) + 1;
    incident.told = [
      {
        channel: "discord",
        version,
        wanted: version,
        first,
        at: at(t),
        via: incident.owner,
        message: "1440551",
      },
      /* a channel that this incident isn't severe enough for */
      { channel: "mail", version: 0, wanted: 0, first: null, at: null, via: "", message: "" },
    ];
    return this.log(
      incident.owner,
      "receipt",
      incident.id,
      { channel: "discord", version, message: "1440551", via: incident.owner },
      `discord shows version ${version} of ${incident.title}`,
      t,
    );
  }

  ack(incident, by, why, t = Date.now()) {
    incident.ack = { by, why, at: at(t) };
    return this.log(this.self, "ack", incident.id, { by, why }, `${by} looks after it: ${why}`, t);
  }

  close(incident, t = Date.now()) {
    for (const m of incident.members) {
      m.recovered ??= at(t);
      this.heal(m.check);
    }
    Object.assign(incident, {
      state: "closed",
      version: incident.version + 1,
      news: `${incident.cause} is back`,
      recovered: incident.recovered ?? at(t),
      closed: at(t),
    });
    const written = bodyOf(incident);
    incident.title = incident.title.replace(/ is (?!.* is )/, " was ");
    return this.log(
      incident.owner,
      "incident",
      incident.id,
      written,
      `incident closed: ${incident.cause} is back`,
      t,
    );
  }
}

/* As its owner writes it down (src/core/alert/incident.h). */
function bodyOf({ id, ack, told, members, failing_from: from, news, merged_into: into, ...rest }) {
  const ms = (time) => (time ? Date.parse(time) : 0);
  const row = (m) => [
    m.check,
    m.state,
    m.scope,
    ms(m.since),
    ms(m.last_ok),
    ms(m.recovered),
    m.reason,
  ];
  const texts = { failing_from: from ?? "", news: news ?? "", merged_into: into ?? "" };
  return { ...rest, ...texts, members: members.map(row) };
}

export function isOpen(incident) {
  return incident.state === "open" || incident.state === "recovering";
}

function ordinary(sites) {
  const list = [];
  for (const [i, home] of sites.entries()) {
    const other = sites[(i + 1) % sites.length];
    const probes =
      PROBES[home] ??
      PROBES.dublin.map(([name, host, ...rest]) => [
        name.replace(/(-dublin)?$/, `-${home}`),
        host?.replace("dublin", home) ?? null,
        ...rest,
      ]);
    for (const [n, row] of probes.entries())
      list.push(probeCheck(home, other, row, (2 + ((n * 7) % 40)) * DAY));
    for (const row of HEARTBEATS) if (row[1] === home) list.push(heartbeatCheck(row));
  }
  return list;
}

/* ---- weathers ---- */

const CHANGED = (back) => ({
  at: ago(back),
  site: "mumbai",
  text: "lab.yaml changed: 4be81f0 'raise immich memory to 6 GiB' by Ana",
});

function closedYesterday(lab) {
  lab.fail("nextcloud", { reason: "no answer within 10 s", back: 26 * HOUR });
  const past = lab.open("mumbai", "nextcloud is down", "nextcloud");
  lab.close(past, Date.now() - 25 * HOUR);
  lab.check("nextcloud").since = ago(25 * HOUR);
  lab.check("nextcloud").vantages[0].took_ms = 244;
  lab.check("nextcloud").vantages[1].took_ms = 62;
}

function oneDown(lab) {
  closedYesterday(lab);
  lab.log(
    "mumbai",
    "config",
    "mumbai",
    { hash: lab.revision.hash, revision: "4be81f07c2d9", summary: "raise immich memory to 6 GiB" },
    "lab.yaml changed: 4be81f0 'raise immich memory to 6 GiB' by Ana",
    Date.now() - 9 * MINUTE,
  );
  lab.fail("immich", { reason: "HTTP 502, wanted 200", back: 4 * MINUTE + 7 * SECOND });
  lab.open("mumbai", "immich is down", "immich", {
    severity: "critical",
    before: [CHANGED(9 * MINUTE)],
  });
}

function someDown(lab) {
  oneDown(lab);
  lab.fail("www", {
    reason: "connect: no route to host",
    back: 51 * SECOND,
    from: ["mumbai"],
    scope: "path",
  });
  lab.open("dublin", "www: path problem, fails from mumbai", "www");
  lab.fail("restic-offsite", {
    reason: "nothing heard for 26 h, expected every 24 h",
    back: 50 * MINUTE,
    state: "silent",
    scope: "none",
  });
  const silent = lab.open("dublin", "restic-offsite is silent", "restic-offsite");
  lab.ack(silent, "Ana", "disk is being replaced", Date.now() - 30 * MINUTE);
  lab.fail("smtp", { reason: "expected '220', got '421 too many connections'", back: 12 * MINUTE });
  Object.assign(lab.check("smtp"), { is_silenced: true, is_flapping: true });
  lab.silences.push(
    silenceOf(
      "s-1",
      '{name="smtp"}',
      12 * MINUTE,
      108 * MINUTE,
      "mail host is being upgraded",
      "Ana",
    ),
    {
      ...silenceOf(
        "w-1",
        '{site="dublin", kind="heartbeat"}',
        -5 * HOUR,
        7 * HOUR,
        "weekly maintenance",
        "lab.yaml",
      ),
      is_window: true,
      is_active: false,
    },
  );
  Object.assign(lab.check("jellyfin"), {
    state: "paused",
    since: ago(3 * HOUR),
    paused_until: ago(-2 * HOUR),
  });
  Object.assign(lab.check("audiobookshelf"), { state: "pending", since: ago(2 * MINUTE) });
}

function silenceOf(id, matchers, from, until, why, by) {
  return {
    id,
    matchers,
    from: ago(from),
    until: ago(-until),
    why,
    by,
    is_active: true,
    is_window: false,
  };
}

function siteDown(lab) {
  const back = 2 * MINUTE + 20 * SECOND;
  lab.sites[1] = { ...lab.sites[1], state: "failing", since: ago(back), egress: "unknown" };
  Object.assign(lab.links[0], {
    state: "down",
    since: ago(back),
    rtt_ms: null,
    skew_ms: null,
    lag_events: 12,
  });
  lab.watchers[0].hears.mumbai = ago(back + 3 * SECOND);
  lab.fail("site:mumbai", { reason: "the link is down and webhost doesn't hear it either", back });
  lab.fail("link:dublin-mumbai", { reason: "no connection", back });
  const members = ["site:mumbai", "link:dublin-mumbai"];
  for (const c of lab.checks) {
    for (const v of c.vantages) if (v.site === "mumbai") Object.assign(v, { is_fresh: false });
    if (c.home !== "mumbai" || c.kind !== "probe" || c.vantages.length < 2) {
      if (c.home === "mumbai" && c.kind !== "site" && c.name !== "link:dublin-mumbai")
        (lab.fail(c.name, {
          reason: "no fresh evidence",
          back: back - 30 * SECOND,
          state: "silent",
          scope: "none",
        }),
          members.push(c.name));
      continue;
    }
    lab.fail(c.name, {
      reason: "connect: timed out after 5 s",
      back: back - 10 * SECOND,
      from: ["dublin"],
    });
    members.push(c.name);
  }
  lab.open("dublin", "site mumbai is down", "site:mumbai", { members, severity: "critical" });
}

function linkDown(lab) {
  const back = 48 * SECOND;
  Object.assign(lab.links[0], {
    state: "down",
    since: ago(back),
    rtt_ms: null,
    skew_ms: null,
    lag_events: 31,
  });
  lab.fail("link:dublin-mumbai", { reason: "no connection; webhost hears both sites", back });
  for (const c of lab.checks)
    for (const v of c.vantages) if (v.site === "mumbai") Object.assign(v, { is_fresh: false });
  lab.sites[1] = { ...lab.sites[1], state: "silent", since: ago(back), egress: "unknown" };
  for (const c of lab.checks)
    if (c.home === "mumbai" && c.kind !== "link" && c.vantages.every((v) => v.site === "mumbai"))
      lab.fail(c.name, {
        reason: "no fresh evidence",
        back: back - 15 * SECOND,
        state: "silent",
        scope: "none",
      });
  const members = [
    "link:dublin-mumbai",
    ...lab.checks.filter((c) => c.state === "silent").map((c) => c.name),
  ];
  lab.open("dublin", "link dublin–mumbai is down", "link:dublin-mumbai", { members });
}

const LONG = "an-unreasonably-long-name-of-a-check-that-somebody-really-wrote";
function longNames(lab) {
  lab.name = "the-homelab-of-a-family-that-likes-long-names";
  const row = (name, host) => [
    name,
    host,
    "http",
    `https://${"very-".repeat(12)}long.example.net/api/v2/health?deep=true`,
    4321,
    9876,
  ];
  lab.checks.push(
    probeCheck(
      "dublin",
      "mumbai",
      row(LONG, "host-with-a-name-of-its-own-that-is-long-as-well.lan.example.net"),
      DAY,
    ),
    probeCheck("mumbai", "dublin", row(`${LONG}2`, null), DAY),
    probeCheck("mumbai", "dublin", row("x".repeat(64), null), DAY),
  );
  lab.fail(LONG, {
    reason: `body doesn't match /${"pong".repeat(50)}/`.slice(0, 240),
    back: 400 * DAY,
  });
  lab.fail("x".repeat(64), { reason: "HTTP 500, wanted 200", back: 3 * SECOND });
  const cut = lab.open("dublin", `${LONG} is down`, LONG);
  lab.ack(
    cut,
    "Maximiliane-Alexandra von und zu Hohenlohe",
    "I am looking into it since this morning, but it is hard to say when it will work again",
    Date.now() - HOUR,
  );
}

function many(n) {
  const list = [];
  for (let i = 0; i < n; i++) {
    const home = i % 2 ? "mumbai" : "dublin";
    const host = `host-${home}-${1 + (Math.floor(i / 2) % 20)}`;
    list.push(
      probeCheck(
        home,
        i % 2 ? "dublin" : "mumbai",
        [`service-${i}`, host, "http", `https://s${i}.example.net/`, 3 + (i % 90), 140 + (i % 60)],
        DAY,
      ),
    );
  }
  return list;
}

/* Every eighth fails, and each of their hosts has an incident. */
function manyDown(lab) {
  const members = new Map();
  const some = lab.checks.filter(({ kind }, i) => kind === "probe" && i % 8 === 3);
  for (const { name, host } of some) {
    lab.fail(name, { reason: "connect: connection refused", back: 7 * MINUTE });
    members.set(host, [...(members.get(host) ?? []), name]);
  }
  for (const [host, names] of members) {
    const { home } = lab.check(names[0]);
    lab.open(home, `${host} is down`, names[0], { members: names });
  }
}

const WEATHERS = {
  ok: () => {
    const lab = new FakeLab();
    closedYesterday(lab);
    return lab;
  },
  "one-down": () => changed(oneDown),
  "some-down": () => changed(someDown),
  "site-down": () => changed(siteDown),
  "link-down": () => changed(linkDown),
  "long-names": () => changed(longNames),
  many: () => new FakeLab({ checks: many(500) }),
  "many-down": () => {
    const lab = new FakeLab({ checks: [...many(200), ...sharedChecks(["dublin", "mumbai"])] });
    manyDown(lab);
    return lab;
  },
  "many-incidents": () =>
    changed((lab) => {
      closedYesterday(lab);
      const [past] = lab.incidents;
      for (let n = 1; n < 1000; n++) {
        const earlier = (time) => at(Date.parse(time) - n * HOUR);
        const { opened, since, recovered, closed } = past;
        const times = { opened, since, recovered, closed };
        for (const name of Object.keys(times)) times[name] = earlier(times[name]);
        const title = ["写真 was down", "Größe am Öltank was silent", "nas-mumbai was down 💾"][
          n % 3
        ];
        lab.incidents.push({ ...past, ...times, id: `mumbai-${n.toString(36)}`, title });
      }
    }),
  "many-events": () =>
    changed((lab) => {
      for (let i = 0; i < 250; i++) {
        const t = Date.now() - 13 * DAY - i * SECOND;
        lab.log("dublin", "ping", "smb", { what: "success" }, `old ${i}`, t);
      }
    }),
  three: () => {
    const lab = new FakeLab({ sites: ["dublin", "mumbai", "oslo"] });
    lab.fail("immich", { reason: "HTTP 502, wanted 200", back: 4 * MINUTE });
    lab.open("mumbai", "immich is down", "immich");
    return lab;
  },
  empty: () => new FakeLab({ checks: sharedChecks(["dublin", "mumbai"]) }),
  single: () => {
    const lab = new FakeLab({ sites: ["dublin"] });
    lab.checks = lab.checks.filter((c) => c.kind !== "site");
    return lab;
  },
  /* the checks of real-lab.mjs */
  "as-real": () => {
    const probe = (name, kind, far) =>
      probeCheck("mumbai", "dublin", [name, null, kind, "x", 1, far], DAY);
    const probes = [
      probe("photos", "http", 2),
      probe("cloud", "http", 2),
      probe("banner", "tcp", null),
    ];
    const lab = new FakeLab({ checks: [...probes, ...sharedChecks(["dublin", "mumbai"])] });
    lab.fail("photos", { reason: "HTTP 502, wanted 200" });
    lab.open("mumbai", "photos is down", "photos");
    return lab;
  },
  coverage: () =>
    changed((lab) => {
      lab.unobserved = [
        { name: "gpu", kind: "host", why: "no check is tied to it", line: 31 },
        { name: "tank@mumbai", kind: "pool", why: "pools are not supported yet", line: 88 },
      ];
    }),
};

function changed(change) {
  const lab = new FakeLab();
  change(lab);
  return lab;
}

export const WEATHER_NAMES = Object.keys(WEATHERS);

export function makeLab(weather) {
  const make = WEATHERS[weather];
  if (!make)
    throw new Error(`no weather ${weather}; there are ${Object.keys(WEATHERS).join(", ")}`);
  return make();
}

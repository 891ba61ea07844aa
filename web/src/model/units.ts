// SPDX-License-Identifier: Apache-2.0
// Numbers with their units, under the names that Grafana's dashboards give them: "bytes", "Bps",
// "percentunit", "s", "ops" ...  Pure.

import { clock, day, duration } from "./format";

export type Format = (value: number) => string;

/* A prefix for each step of a factor, the first one for values below it. */
interface Scale {
  factor: number;
  prefixes: string[];
  from?: number /* which prefix a value of the unit itself has */;
}

const SI: Scale = { factor: 1000, prefixes: ["", "k", "M", "G", "T", "P", "E"] };
const SMALL: Scale = {
  factor: 1000,
  prefixes: ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P"],
  from: 5,
};
const IEC: Scale = { factor: 1024, prefixes: ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] };
const SHORT: Scale = { factor: 1000, prefixes: ["", "K", "Mil", "Bil", "Tri", "Quadr"] };

const from = (scale: Scale, start: number): Scale => ({ ...scale, from: start });

/* What is counted by powers, and is written PREFIX + SUFFIX. */
const SCALED: Record<string, [Scale, string]> = {
  short: [SHORT, ""],
  bytes: [IEC, "B"],
  decbytes: [SI, "B"],
  kbytes: [from(IEC, 1), "B"],
  deckbytes: [from(SI, 1), "B"],
  mbytes: [from(IEC, 2), "B"],
  decmbytes: [from(SI, 2), "B"],
  gbytes: [from(IEC, 3), "B"],
  decgbytes: [from(SI, 3), "B"],
  tbytes: [from(IEC, 4), "B"],
  dectbytes: [from(SI, 4), "B"],
  bits: [IEC, "b"],
  decbits: [SI, "b"],
  Bps: [SI, "B/s"],
  binBps: [IEC, "B/s"],
  bps: [SI, "b/s"],
  binbps: [IEC, "b/s"],
  KBs: [from(SI, 1), "B/s"],
  KiBs: [from(IEC, 1), "B/s"],
  Kbits: [from(SI, 1), "b/s"],
  MBs: [from(SI, 2), "B/s"],
  MiBs: [from(IEC, 2), "B/s"],
  Mbits: [from(SI, 2), "b/s"],
  GBs: [from(SI, 3), "B/s"],
  GiBs: [from(IEC, 3), "B/s"],
  Gbits: [from(SI, 3), "b/s"],
  pps: [SI, "p/s"],
  hertz: [SI, "Hz"],
  rothz: [SI, "Hz"],
  watt: [SMALL, "W"],
  kwatt: [from(SMALL, 6), "W"],
  mwatt: [from(SMALL, 4), "W"],
  voltamp: [SMALL, "VA"],
  watth: [SMALL, "Wh"],
  kwatth: [from(SMALL, 6), "Wh"],
  joule: [SMALL, "J"],
  volt: [SMALL, "V"],
  kvolt: [from(SMALL, 6), "V"],
  mvolt: [from(SMALL, 4), "V"],
  amp: [SMALL, "A"],
  mamp: [from(SMALL, 4), "A"],
  amph: [SMALL, "Ah"],
  ohm: [SMALL, "Ω"],
  farad: [SMALL, "F"],
  lengthm: [SMALL, "m"],
  lengthmm: [from(SMALL, 4), "m"],
  lengthkm: [from(SMALL, 6), "m"],
  massg: [SMALL, "g"],
  masskg: [from(SMALL, 6), "g"],
  pressurebar: [SMALL, "bar"],
  pressurepa: [SMALL, "Pa"],
  flops: [SI, "FLOPS"],
};

/* How often: short numbers, and of what. */
const RATES: Record<string, string> = {
  cps: "c/s",
  ops: "ops/s",
  reqps: "req/s",
  rps: "rd/s",
  wps: "wr/s",
  iops: "io/s",
  eps: "evt/s",
  mps: "msg/s",
  recps: "rec/s",
  rowsps: "rows/s",
  cpm: "c/min",
  opm: "ops/min",
  reqpm: "req/min",
  rpm: "rd/min",
  wpm: "wr/min",
  epm: "evts/min",
  mpm: "msgs/min",
};

/* A number and its suffix. */
const PLAIN: Record<string, string> = {
  none: "",
  percent: "%",
  celsius: "°C",
  fahrenheit: "°F",
  kelvin: "K",
  humidity: "%H",
  rotrpm: "rpm",
  degree: "°",
  radian: "rad",
  lux: "lx",
  dB: "dB",
  dBm: "dBm",
  ppm: "ppm",
  pixel: "px",
  pressurehpa: "hPa",
  pressurembar: "mbar",
  velocityms: "m/s",
  velocitykmh: "km/h",
  accMS2: "m/s²",
  forceNm: "Nm",
  litre: "L",
  m3: "m³",
  conppm: "ppm",
  conppb: "ppb",
  conugm3: "µg/m³",
};

const CURRENCIES: Record<string, string> = {
  currencyUSD: "$",
  currencyEUR: "€",
  currencyGBP: "£",
  currencyINR: "₹",
  currencyJPY: "¥",
  currencyCHF: "CHF",
};

/* Lengths of time: what one of them is in seconds. */
const LENGTHS: Record<string, number> = {
  ns: 1e-9,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};

const STEPS: [number, string][] = [
  [31_536_000, "y"],
  [604_800, "wk"],
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
];

/* ---- numbers */

/* Enough for three figures that matter: "12.3", "1.23", "0.00123". */
function decimalsOf(value: number): number {
  if (value === 0 || Number.isInteger(value)) return 0;
  return Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

const SPECIAL = (value: number) => (Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "−Inf");

/* "12.3", "1,234", "0.00123"; `decimals` as many, or as many as matter. */
export function plain(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return SPECIAL(value);
  const places = decimals ?? decimalsOf(value);
  const size = Math.abs(value);
  if (decimals === undefined && size !== 0 && (size >= 1e15 || size < 1e-9))
    return minus(value.toExponential(2));
  const text = value.toFixed(places);
  const zero = Number(text) === 0;
  const bare = zero ? text.replace("-", "") : text;
  const [whole = "", rest] = bare.split(".");
  const kept = decimals === undefined ? (rest ?? "").replace(/0+$/, "") : (rest ?? "");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return minus(kept ? `${grouped}.${kept}` : grouped);
}

const minus = (text: string) => text.replace("-", "−");

const join = (number: string, suffix: string) => (suffix ? `${number} ${suffix}` : number);

function scaled(value: number, scale: Scale, suffix: string, decimals?: number): string {
  if (!Number.isFinite(value)) return SPECIAL(value);
  let at = scale.from ?? 0;
  let left = value;
  const last = scale.prefixes.length - 1;
  while (Math.abs(left) >= scale.factor && at < last) {
    left /= scale.factor;
    at++;
  }
  while (scale.prefixes[0] !== "" && left !== 0 && Math.abs(left) < 1 && at > 0) {
    left *= scale.factor;
    at--;
  }
  return join(plain(left, decimals), scale.prefixes[at]! + suffix);
}

function length(seconds: number, decimals?: number): string {
  if (!Number.isFinite(seconds)) return SPECIAL(seconds);
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  const [unit, name] = STEPS.find(([step]) => size >= step) ?? STEPS[STEPS.length - 1]!;
  return join(plain(seconds / unit, decimals), name);
}

/* ---- instants and odd ones */

const iso = (t: number, zone?: string) => `${day(t, zone)} ${clock(t, zone)}`;

const spelt = (seconds: number) =>
  seconds < 0 ? `−${duration(-seconds * 1000)}` : duration(seconds * 1000);

const ODD: Record<string, (value: number, decimals?: number) => string> = {
  percentunit: (v, decimals) => `${plain(v * 100, decimals)}${Number.isFinite(v) ? " %" : ""}`,
  bool: (v) => (v ? "True" : "False"),
  bool_yes_no: (v) => (v ? "Yes" : "No"),
  bool_on_off: (v) => (v ? "On" : "Off"),
  sci: (v, decimals) => (Number.isFinite(v) ? minus(v.toExponential(decimals ?? 2)) : SPECIAL(v)),
  hex: (v) => Math.trunc(v).toString(16).toUpperCase(),
  hex0x: (v) => `0x${Math.trunc(v).toString(16).toUpperCase()}`,
  locale: (v, decimals) => plain(v, decimals),
  string: (v) => String(v),
  dtdurations: spelt,
  dtdurationms: (v) => spelt(v / 1000),
  clocks: spelt,
  clockms: (v) => spelt(v / 1000),
  timeticks: (v) => spelt(v / 100),
  dateTimeAsIso: (v) => iso(v),
  dateTimeAsIsoNoDateIfToday: (v) => iso(v),
  dateTimeAsLocal: (v) => iso(v),
  dateTimeAsSystem: (v) => iso(v),
  dateTimeAsUS: (v) => iso(v),
  dateTimeFromNow: (v) => {
    const past = Date.now() - v;
    return past >= 0 ? `${duration(past)} ago` : `in ${duration(-past)}`;
  },
};

/* "suffix:rows", "prefix:#", "si:W", "currency:kr", "count:req": what dashboards define themselves. */
function custom(unit: string): ((value: number, decimals?: number) => string) | null {
  const at = unit.indexOf(":");
  const rest = unit.slice(at + 1);
  switch (at < 0 ? "" : unit.slice(0, at)) {
    case "suffix":
      return (v, decimals) => join(plain(v, decimals), rest);
    case "prefix":
    case "currency":
      return (v, decimals) => `${rest} ${plain(v, decimals)}`;
    case "si":
      return (v, decimals) => scaled(v, SMALL, rest, decimals);
    case "count":
      return (v, decimals) => `${scaled(v, SHORT, "", decimals)} ${rest}`;
    case "time":
      return (v) => iso(v);
    default:
      return null;
  }
}

/* ---- what others use */

/* True: the name means something here.  Another is written behind the number, as Grafana does. */
export function isUnit(unit: string): boolean {
  return [SCALED, RATES, PLAIN, CURRENCIES, LENGTHS, ODD].some((table) =>
    Object.prototype.hasOwnProperty.call(table, unit),
  );
}

/* How values of a unit are written.  Unknown units stand behind the number. */
export function formatOf(unit = "", decimals?: number): Format {
  const power = SCALED[unit];
  if (power) return (v) => scaled(v, power[0], power[1], decimals);
  const rate = RATES[unit];
  if (rate) return (v) => join(scaled(v, SHORT, "", decimals), rate);
  const currency = CURRENCIES[unit];
  if (currency) return (v) => `${currency}${scaled(v, SHORT, "", decimals)}`;
  const second = LENGTHS[unit];
  if (second) return (v) => length(v * second, decimals);
  const odd = ODD[unit] ?? custom(unit);
  if (odd) return (v) => odd(v, decimals);
  const suffix = PLAIN[unit] ?? unit;
  return (v) => join(plain(v, decimals), suffix);
}

const POWERS_OF_TEN: number[] = [];
for (let e = -12; e <= 18; e++) for (const m of [1, 2, 2.5, 5]) POWERS_OF_TEN.push(m * 10 ** e);
const POWERS_OF_TWO: number[] = [];
for (let e = 0; e <= 60; e++) POWERS_OF_TWO.push(2 ** e);
const LENGTHS_OF_TIME = [
  ...POWERS_OF_TEN.filter((n) => n < 1),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400],
  ...[2, 5, 7, 14, 30, 60, 90, 180, 365, 730, 1825, 3650].map((n) => n * 86400),
];

/* By what an axis of this unit may be divided so that its numbers are round. */
export function incrementsOf(unit = ""): number[] {
  if (SCALED[unit]?.[0].factor === 1024) return POWERS_OF_TWO;
  const second = LENGTHS[unit];
  if (second) return LENGTHS_OF_TIME.map((n) => n / second);
  if (/^(dtdurations|clocks)$/.test(unit)) return LENGTHS_OF_TIME;
  return POWERS_OF_TEN;
}

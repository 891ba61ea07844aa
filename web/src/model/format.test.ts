// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { age, clock, count, delay, duration, list, moment, parse, took } from "./format";

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;
const NOON = Date.parse("2026-07-01T12:00:00.000Z");

test("an age has one unit and never rounds up", () => {
  const cases: [number, string][] = [
    [-5, "0 s"],
    [0, "0 s"],
    [59_999, "59 s"],
    [MIN, "1 min"],
    [H - 1, "59 min"],
    [H, "1 h"],
    [2 * D - 1, "47 h"],
    [2 * D, "2 d"],
    [90 * D, "2 mo"],
    [365 * D, "11 mo"],
    [731 * D, "2 y"],
  ];
  for (const [ms, text] of cases) assert.equal(age(ms), text, `${ms}`);
});

test("a duration has at most two units", () => {
  const cases: [number, string][] = [
    [900, "0 s"],
    [12 * S, "12 s"],
    [MIN, "1 min"],
    [MIN + S, "1 min 1 s"],
    [2 * H + 5 * MIN, "2 h 5 min"],
    [3 * D, "3 d"],
    [3 * D + 59 * MIN, "3 d"],
    [400 * D + 2 * H, "400 d 2 h"],
  ];
  for (const [ms, text] of cases) assert.equal(duration(ms), text, `${ms}`);
});

test("what an observation took keeps three digits at most", () => {
  const cases: [number, string][] = [
    [0.31, "0.3 ms"],
    [4, "4 ms"],
    [9.96, "10 ms"],
    [141.4, "141 ms"],
    [999.6, "1 s"],
    [1234, "1.2 s"],
    [9949, "9.9 s"],
    [12_300, "12 s"],
    [94 * S, "1 min"],
  ];
  for (const [ms, text] of cases) assert.equal(took(ms), text, `${ms}`);
});

test("a delay keeps tenths only while they matter", () => {
  assert.equal(delay(2100), "2.1 s");
  assert.equal(delay(64 * S), "1 min 4 s");
});

test("clocks are of the zone asked for, and an unknown zone is UTC", () => {
  assert.equal(clock(NOON, "Europe/Dublin"), "13:00:00");
  assert.equal(clock(NOON, "Asia/Kolkata"), "17:30:00");
  assert.equal(clock(NOON, "Nowhere/Else"), "12:00:00");
  assert.equal(clock(Date.parse("2026-01-01T00:00:00Z"), "UTC"), "00:00:00", "not 24:00:00");
});

test("a moment says as much of the date as is needed", () => {
  const zone = "UTC";
  assert.equal(moment(NOON - H, NOON, zone), "11:00:00");
  assert.equal(moment(NOON - D, NOON, zone), "Tue 12:00:00");
  assert.equal(moment(NOON - 20 * D, NOON, zone), "11 Jun 12:00");
  assert.equal(moment(NOON - 700 * D, NOON, zone), "31 Jul 2024");
});

test("words are counted and listed", () => {
  assert.equal(count(1, "check"), "1 check");
  assert.equal(count(1200, "check"), "1,200 checks");
  assert.equal(list([]), "");
  assert.equal(list(["a"]), "a");
  assert.equal(list(["a", "b", "c"]), "a, b and c");
});

test("what is no time is null", () => {
  for (const text of [null, undefined, "", "soon"]) assert.equal(parse(text), null);
  assert.equal(parse("2026-07-01T12:00:00.000Z"), NOON);
});

// SPDX-License-Identifier: Apache-2.0
// What travels in the binary: small, and with no address of anywhere else in it.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const pages = process.env.WEB_PAGES ?? new URL("../../web/dist", import.meta.url).pathname;
const files = readdirSync(pages).filter((name) => !name.endsWith(".gz"));
const read = (name) => readFileSync(join(pages, name));

/* What a page loads when it needs it, and how much that may be as gzip. */
const LATER = {
  "chart.js": 40_000,
  "dashboards.js": 40_000,
  "metrics.js": 30_000,
  "editor.js": 160_000,
};

const sizeOf = (name) => gzipSync(read(name), { level: 9 }).length;

test("what every page begins with is at most 80 KB as gzip", () => {
  const first = files.filter((name) => !(name in LATER));
  const sizes = first.map(sizeOf);
  const sum = sizes.reduce((a, b) => a + b, 0);
  console.log(
    `# ${first.map((name, i) => `${name} ${sizes[i]}`).join(", ")}; together ${sum} bytes as gzip`,
  );
  assert.ok(sum <= 80_000, `${sum} bytes`);
});

test("what comes later is small, too, and is all that comes later", () => {
  for (const [name, most] of Object.entries(LATER)) {
    const size = sizeOf(name);
    console.log(`# ${name} ${size} bytes as gzip`);
    assert.ok(size <= most, `${name}: ${size} bytes`);
  }
  const scripts = files.filter((name) => name.endsWith(".js")).sort();
  assert.deepEqual(scripts, ["app.js", "theme.js", ...Object.keys(LATER)].sort());
});

test("the first page asks for nothing that comes later", () => {
  const imports = [
    ...read("app.js")
      .toString()
      .matchAll(/(?:^|[;}])import\s*(?:[\w{*][^"()]*from)?"([^"]+)"/g),
  ];
  assert.deepEqual(
    imports.map(([, name]) => name),
    [],
  );
  for (const name of Object.keys(LATER)) assert.ok(!read("index.html").includes(name), name);
});

test("no file names an address outside, but for XML's namespaces", () => {
  const names = /^(http:\/\/www\.w3\.org\/|https:\/\/photos\.example\.net\/)/;
  for (const name of files)
    for (const [address] of read(name)
      .toString()
      .matchAll(/(https?:)?\/\/[a-z0-9.-]+\.[a-z]{2,}[^\s"'`<>)]*/gi))
      assert.match(address, names, `${name} names ${address}`);
});

test("no script or style stands in the page itself, and no source map is named", () => {
  const html = read("index.html").toString();
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=/i);
  for (const name of files) assert.doesNotMatch(read(name).toString(), /sourceMappingURL/);
});

// SPDX-License-Identifier: Apache-2.0
// Build the pages for the binary, without leaving a trace in the source tree.
//
// usage: node build.mjs SOURCE WORK DIST STAMP
//
// Copies SOURCE to WORK, installs there what package-lock.json names (once for each lock file),
// and leaves the files to embed in DIST, each script and style also as gzip.  STAMP is touched at
// the end.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";

const NEEDED = [
  ".npmrc",
  "index.html",
  "package.json",
  "package-lock.json",
  "public",
  "src",
  "tsconfig.json",
  "vite.config.ts",
];
const NODE_LEAST = 18;

function fail(text) {
  console.error(`web: ${text}\nweb: to build without the pages: meson configure -Dweb=false`);
  process.exit(1);
}

function run(work, program, args) {
  try {
    execFileSync(program, args, { cwd: work, stdio: ["ignore", "pipe", "inherit"] });
  } catch (error) {
    process.stderr.write(error.stdout ?? "");
    fail(`${program} ${args[0]} failed in ${work}`);
  }
}

function install(work) {
  const lock = readFileSync(join(work, "package-lock.json"), "utf8");
  const stamp = join(work, "node_modules", ".installed");
  try {
    if (readFileSync(stamp, "utf8") === lock) return;
  } catch {
    // nothing installed yet
  }
  run(work, "npm", [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--loglevel=error",
  ]);
  writeFileSync(stamp, lock);
}

function compress(dist) {
  for (const name of readdirSync(dist).filter((file) => /\.(js|css)$/.test(file))) {
    const packed = gzipSync(readFileSync(join(dist, name)), {
      level: constants.Z_BEST_COMPRESSION,
    });
    writeFileSync(join(dist, `${name}.gz`), packed);
  }
}

const [source, work, dist, stamp] = process.argv.slice(2);
if (Number(process.versions.node.split(".")[0]) < NODE_LEAST)
  fail(`node ${process.versions.node} is too old; the pages need ${NODE_LEAST} or newer`);
mkdirSync(work, { recursive: true });
for (const name of ["src", "public"]) rmSync(join(work, name), { recursive: true, force: true });
for (const name of NEEDED) cpSync(join(source, name), join(work, name), { recursive: true });
install(work);
run(work, process.execPath, [
  "node_modules/vite/bin/vite.js",
  "build",
  "--outDir",
  dist,
  "--emptyOutDir",
  "--logLevel",
  "warn",
]);
compress(dist);
writeFileSync(stamp, "");

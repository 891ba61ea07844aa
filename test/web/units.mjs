// SPDX-License-Identifier: Apache-2.0
// The unit tests that stand beside the pages' code: bundled by esbuild, run by Node's own runner.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const modules = process.env.WEB_MODULES ?? new URL("../../web", import.meta.url).pathname;
const { buildSync } = createRequire(`${modules}/`)("esbuild");

const folder = new URL("../../web/src/model/", import.meta.url).pathname;
const out = mkdtempSync(join(tmpdir(), "web-units-"));
try {
  const tests = readdirSync(folder, { recursive: true }).filter((name) =>
    name.endsWith(".test.ts"),
  );
  buildSync({
    entryPoints: tests.map((name) => join(folder, name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    nodePaths: [join(modules, "node_modules")],
  });
  const built = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
  const run = spawnSync(process.execPath, ["--test", ...built], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true });
}

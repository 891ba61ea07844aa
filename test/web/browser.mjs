// SPDX-License-Identifier: Apache-2.0
// Chromium, from the machine's own package, in a fresh profile and with nothing to phone home for.

import { createRequire } from "node:module";

/* playwright-core is installed beside the pages' own packages, not beside this file. */
const modules = process.env.WEB_MODULES ?? new URL("../../web/", import.meta.url).pathname;
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ARGS,
    headless: true,
  });
}

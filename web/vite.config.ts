// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vite";

// The binary serves a fixed list of files, so their names carry no hashes; an ETag does that job.
// What only pages with charts need is in chunks of their own: app.js is what every page begins with.

/* The chunk that a module is put in by name; the others go where they are first needed. */
const CHUNKS: [string, RegExp][] = [
  ["editor", /node_modules\/(?!preact|@preact|uplot|vite)|\/view\/metrics\/codemirror\.ts/],
  [
    "chart",
    /node_modules\/uplot\/|\/view\/chart\/|\/model\/(prometheus|series|timerange|units)\.ts/,
  ],
  ["dashboards", /\/view\/dashboards\/|\/model\/grafana\//],
  ["metrics", /\/src\/view\/metrics\/|\/model\/(explore|host_panels)\.ts/],
];

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2021",
    cssTarget: ["chrome100", "firefox100", "safari15.4"],
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
    cssCodeSplit: false,
    rollupOptions: {
      output: {
        entryFileNames: "app.js",
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith(".css")) ? "app.css" : "[name][extname]",
        chunkFileNames: "[name].js",
        onlyExplicitManualChunks: true,
        manualChunks: (id) => CHUNKS.find(([, ids]) => ids.test(id))?.[0],
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": process.env.DIARCHY_URL ?? "http://127.0.0.1:7080" },
  },
});

// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vite";

// The binary serves a fixed list of files, so their names carry no hashes; an ETag does that job.
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
        inlineDynamicImports: true,
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": process.env.DIARCHY_URL ?? "http://127.0.0.1:7080" },
  },
});

// SPDX-License-Identifier: Apache-2.0
// Light or dark, before the first paint, so that a page kept dark doesn't flash white.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let kept = "";
  try {
    kept = localStorage.getItem("diarchy.theme") ?? "";
  } catch {
    // storage may be refused: then it is as the system has it
  }
  const apply = () => {
    document.documentElement.dataset.theme = kept || (system.matches ? "dark" : "light");
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("diarchy-theme", (ev) => {
    kept = ev.detail;
    apply();
  });
})();

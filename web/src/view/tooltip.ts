// SPDX-License-Identifier: Apache-2.0
// One tooltip for all times: hovering one, or focusing what contains it, shows the instant in the
// reader's zone and in the site's.

import { readerZone, zoneName } from "../model/format";
import { fullMoment } from "./parts";

const GAP = 8;

function lines(time: HTMLElement): string[] {
  const t = Number(time.dataset.at);
  const zone = time.dataset.zone;
  const here = `${fullMoment(t)} ${zoneName(t)}`;
  if (!zone || zone === readerZone()) return [here];
  return [`${here}, here`, `${fullMoment(t, zone)} ${zoneName(t, zone)}, ${zone}`];
}

function place(tip: HTMLElement, target: Element): void {
  const box = target.getBoundingClientRect();
  const left = Math.min(box.left, window.innerWidth - tip.offsetWidth - GAP);
  const above = box.top - tip.offsetHeight - GAP;
  tip.style.left = `${Math.max(GAP, left)}px`;
  tip.style.top = `${above > 0 ? above : box.bottom + GAP}px`;
}

export function startTooltip(): void {
  const tip = document.createElement("div");
  tip.className = "tooltip";
  tip.setAttribute("role", "tooltip");
  tip.id = "tooltip";
  tip.hidden = true;
  document.body.append(tip);

  const show = (time: HTMLElement) => {
    tip.replaceChildren(
      ...lines(time).map((text) => {
        const line = document.createElement("div");
        line.textContent = text;
        return line;
      }),
    );
    tip.hidden = false;
    place(tip, time);
  };
  const hide = () => (tip.hidden = true);

  document.addEventListener("pointerover", (ev) => {
    const time = (ev.target as Element).closest?.<HTMLElement>("[data-at]");
    if (time) show(time);
    else if (!tip.hidden) hide();
  });
  document.addEventListener("focusin", (ev) => {
    const el = ev.target as Element;
    const time = el.matches(":focus-visible") ? el.querySelector<HTMLElement>("[data-at]") : null;
    if (time && el.matches("a, [tabindex]")) show(time);
    else hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { passive: true, capture: true });
  document.addEventListener("keydown", (ev) => ev.key === "Escape" && hide());
}

// SPDX-License-Identifier: Apache-2.0
// Whether an element is on the screen, or nearly, and how large it is.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

const NEAR = "300px";
const STEP_PX = 40; /* a width that differs by less asks for no other points */

export interface Seen {
  isSeen: boolean;
  width: number;
  height: number;
}

export function useSeen<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  const [seen, setSeen] = useState<Seen>({ isSeen: false, width: 0, height: 0 });
  useLayoutEffect(() => {
    const el = ref.current!;
    const near = new IntersectionObserver(
      ([entry]) => setSeen((old) => ({ ...old, isSeen: entry!.isIntersecting })),
      { rootMargin: NEAR },
    );
    const size = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSeen((old) => ({ ...old, width, height }));
    });
    near.observe(el);
    size.observe(el);
    return () => {
      near.disconnect();
      size.disconnect();
    };
  }, []);
  return { ref, ...seen };
}

export const rounded = (width: number) => Math.max(STEP_PX, Math.round(width / STEP_PX) * STEP_PX);

// SPDX-License-Identifier: Apache-2.0
// Pages that come when they are first opened, so that the first page doesn't wait for them.

import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loading } from "./parts";

const wholePage = (children: ComponentChildren) => (
  <main id="main" class="page" tabIndex={-1}>
    {children}
  </main>
);

/* `frame` is around what is shown until it is there. */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  frame: (children: ComponentChildren) => ComponentChildren = wholePage,
) {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const [Page, setPage] = useState<ComponentType<Props> | null>(() => loaded);
    const [isBroken, setBroken] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then(
        (page) => {
          loaded = page;
          setPage(() => page);
        },
        () => setBroken(true),
      );
    }, []);
    if (Page) return <Page {...props} />;
    return <>{frame(isBroken ? <Broken /> : <Loading />)}</>;
  };
}

/* After the program was replaced by another, its pages have to be read anew. */
function Broken() {
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>This part didn’t load.</strong> The site may be away, or a newer one since this was
        opened.
      </p>
      <button type="button" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  );
}

// SPDX-License-Identifier: Apache-2.0
// Where an expression is typed.  A plain field until the editor is there, and where it can't come.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "./codemirror";

interface ExpressionFieldProps {
  typed: string;
  /* A text from elsewhere than this field.  Another object is another text; what is typed is never
   * given back, since the editor may be further by then. */
  given: { text: string };
  label: string;
  error: { from: number; text: string } | null /* where the site found it wrong */;
  wantsFocus: boolean;
  changed: (text: string) => void;
  run: () => void;
}

export function ExpressionField(props: ExpressionFieldProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const last = useRef(props);
  last.current = props;
  const [isThere, setThere] = useState(false);
  useEffect(() => {
    let isWanted = true;
    const handlers = {
      changed: (text: string) => last.current.changed(text),
      run: () => last.current.run(),
      leave: () => (host.current?.shadowRoot?.activeElement as HTMLElement | null)?.blur(),
    };
    import("./codemirror").then(
      ({ makeEditor }) => {
        if (!isWanted || !host.current) return;
        const hadFocus = host.current.parentElement?.contains(document.activeElement);
        editor.current = makeEditor(host.current, last.current.typed, last.current.label, handlers);
        setThere(true);
        if (hadFocus || last.current.wantsFocus) editor.current.focus();
      },
      () => undefined /* the plain field stays */,
    );
    return () => {
      isWanted = false;
      editor.current?.destroy();
    };
  }, []);
  useEffect(() => editor.current?.set(props.given.text), [props.given]);
  useEffect(
    () => editor.current?.mark(props.error),
    [props.error?.from, props.error?.text, isThere],
  );
  return (
    <div class="expression-field">
      {!isThere && <PlainField {...props} />}
      {/* Keys that are typed here are text, and none of the page's. */}
      <div ref={host} class="expression-editor" onKeyDown={(ev) => ev.stopPropagation()} />
    </div>
  );
}

function PlainField({ typed, label, changed, run }: ExpressionFieldProps) {
  return (
    <textarea
      class="code"
      rows={1}
      aria-label={label}
      value={typed}
      spellcheck={false}
      autocomplete="off"
      onInput={(ev) => changed(ev.currentTarget.value)}
      onKeyDown={(ev) => {
        if (ev.key !== "Enter" || ev.shiftKey) return;
        ev.preventDefault();
        run();
      }}
    />
  );
}

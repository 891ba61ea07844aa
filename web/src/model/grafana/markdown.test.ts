// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { inline, markdown, safeUrl } from "./markdown";

const text = (t: string) => ({ is: "text" as const, text: t });

test("blocks of all kinds are told apart", () => {
  const source =
    "# Title #\n\nA *b* **c**\nsame\n\n- one\n- two\n  more\n\n1. first\n\n> said\n\n```sh\nx < y\n```\n\n---\n|a|b|\n|-|-|\n|1|2|";
  assert.deepEqual(markdown(source), [
    { is: "heading", level: 1, of: [text("Title")] },
    {
      is: "paragraph",
      of: [
        text("A "),
        { is: "em", of: [text("b")] },
        text(" "),
        { is: "strong", of: [text("c")] },
        text("\nsame"),
      ],
    },
    { is: "list", isOrdered: false, items: [[text("one")], [text("two more")]] },
    { is: "list", isOrdered: true, items: [[text("first")]] },
    { is: "quote", of: [{ is: "paragraph", of: [text("said")] }] },
    { is: "code", text: "x < y" },
    { is: "rule" },
    { is: "table", head: [[text("a")], [text("b")]], rows: [[[text("1")], [text("2")]]] },
  ]);
});

test("links lead to pages and nowhere else", () => {
  assert.deepEqual(inline('[a](https://x.example/y "t")'), [
    { is: "link", url: "https://x.example/y", of: [text("a")] },
  ]);
  assert.deepEqual(inline("[a](javascript:x)"), [text("a")]);
  for (const url of [
    "javascript:x",
    "data:text/html,x",
    "//evil.example",
    " JaVaScRiPt:x",
    "vbscript:x",
  ])
    assert.equal(safeUrl(url), "", url);
  for (const url of ["/d/x", "#a", "?a=b", "mailto:a@b.example"]) assert.equal(safeUrl(url), url);
});

test("tags of HTML are left out, what is in them stays", () => {
  assert.deepEqual(inline("<b onclick='x'>bold</b> &amp; a<br>b"), [
    text("bold & a"),
    { is: "break" },
    text("b"),
  ]);
  const all = JSON.stringify(markdown("<img src=x onerror=alert(1)>"));
  assert.ok(!all.includes("onerror"));
  assert.deepEqual(inline('<a href="https://x.example" onclick="y">z</a>'), [
    { is: "link", url: "https://x.example", of: [text("z")] },
  ]);
});

test("what is not closed is text, however deep", () => {
  assert.deepEqual(inline("2 * 3 ** 4 `x"), [text("2 * 3 ** 4 `x")]);
  const began = Date.now();
  markdown("*[".repeat(20_000));
  markdown("> ".repeat(10_000));
  assert.ok(Date.now() - began < 5000);
});

// SPDX-License-Identifier: Apache-2.0
// Text panels.  What was written becomes elements, never HTML.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { asText, interpolate } from "../../model/grafana/interpolate";
import { text } from "../../model/grafana/json";
import { markdown, type Block, type Inline } from "../../model/grafana/markdown";
import type { BodyProps } from "./panel";

function Spans({ of }: { of: Inline[] }): ComponentChildren {
  return of.map((part, i) => {
    switch (part.is) {
      case "text":
        return part.text;
      case "code":
        return <code key={i}>{part.text}</code>;
      case "break":
        return <br key={i} />;
      case "link":
        return (
          <a key={i} href={part.url}>
            <Spans of={part.of} />
          </a>
        );
      default: {
        const Tag = part.is;
        return (
          <Tag key={i}>
            <Spans of={part.of} />
          </Tag>
        );
      }
    }
  });
}

/* The page's own headings end above: a panel's is h3. */
const HEADINGS = ["h4", "h4", "h5", "h6", "h6", "h6"] as const;

function One({ block }: { block: Block }) {
  switch (block.is) {
    case "heading": {
      const Tag = HEADINGS[block.level - 1]!;
      return (
        <Tag class={`is-${block.level}`}>
          <Spans of={block.of} />
        </Tag>
      );
    }
    case "paragraph":
      return (
        <p>
          <Spans of={block.of} />
        </p>
      );
    case "code":
      return <pre>{block.text}</pre>;
    case "rule":
      return <hr />;
    case "quote":
      return (
        <blockquote>
          <Blocks of={block.of} />
        </blockquote>
      );
    case "list": {
      const Tag = block.isOrdered ? "ol" : "ul";
      return (
        <Tag>
          {block.items.map((item, i) => (
            <li key={i}>
              <Spans of={item} />
            </li>
          ))}
        </Tag>
      );
    }
    case "table":
      return <Rows block={block} />;
  }
}

function Rows({ block }: { block: Extract<Block, { is: "table" }> }) {
  return (
    <table>
      <thead>
        <tr>
          {block.head.map((cell, i) => (
            <th key={i} scope="col">
              <Spans of={cell} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {block.rows.map((row, i) => (
          <tr key={i}>
            {row.map((cell, n) => (
              <td key={n}>
                <Spans of={cell} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Blocks({ of }: { of: Block[] }) {
  return (
    <>
      {of.map((block, i) => (
        <One key={i} block={block} />
      ))}
    </>
  );
}

export function TextBody({ panel, scope, say }: BodyProps) {
  const mode = text(panel.options, "mode", "markdown");
  const content = interpolate(text(panel.options, "content"), scope, asText);
  const blocks = useMemo(() => (mode === "code" ? [] : markdown(content)), [content, mode]);
  say(mode === "html" ? ["HTML, of which only text and links are shown"] : []);
  return <div class="prose">{mode === "code" ? <pre>{content}</pre> : <Blocks of={blocks} />}</div>;
}

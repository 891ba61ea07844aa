// SPDX-License-Identifier: Apache-2.0
// Objects held to the types that the pages believe in (web/src/model/types.ts): what is said of
// each is written down as an expression of its type, and the compiler judges.  A member that the
// type doesn't have is an error, like one that is missing or of another type.

import { createRequire } from "node:module";
import { join } from "node:path";

const modules = process.env.WEB_MODULES ?? new URL("../../web", import.meta.url).pathname;
const ts = createRequire(`${modules}/`)("typescript");

const FOLDER = new URL("../../web/src/model/", import.meta.url).pathname;
const FILE = join(FOLDER, "said.ts");
const OPTIONS = {
  target: ts.ScriptTarget.ES2021,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  noEmit: true,
  types: [],
};

const read = new Map(); /* by path: what doesn't change between programs */

/* One program over a file that is nowhere but in memory. */
function programOf(text) {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === FILE || fileExists(name);
  host.getSourceFile = (name, ...rest) => {
    if (name === FILE) return ts.createSourceFile(name, text, OPTIONS.target);
    if (!read.has(name)) read.set(name, getSourceFile.call(host, name, ...rest));
    return read.get(name);
  };
  return ts.createProgram([FILE], OPTIONS, host);
}

function sentence(diagnostic, text) {
  const said = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n    ");
  const start = diagnostic.start ?? 0;
  const line = text.slice(text.lastIndexOf("\n", start) + 1).split("\n", 1)[0];
  const of = text.slice(0, start).split("/* of ").pop().split(" */", 1)[0];
  return `${of}: at '${line.trim().slice(0, 100)}': ${said}`;
}

/* What is wrong with [{what, type, value}], a sentence each.  A type is written as in a file beside
 * api.ts: `types.Status`, or `Answer<typeof api.getStatus>`. */
export function complaints(said) {
  const text = [
    `import type * as api from "./api"; import type * as types from "./types";`,
    `type Answer<Ask extends (...args: never[]) => unknown> = Awaited<ReturnType<Ask>>;`,
    `export type Used = [typeof api, types.Time];`,
    ...said.map(
      ({ what, type, value }, i) =>
        `/* of ${what} */ export const said${i}: ${type} = ${JSON.stringify(value, null, 1)};`,
    ),
  ].join("\n");
  const program = programOf(text);
  const file = program.getSourceFile(FILE);
  const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  return found.map((diagnostic) => sentence(diagnostic, text));
}

/* The members of an interface in types.ts. */
export function membersOf(name) {
  const program = programOf(
    `import type * as types from "./types"; export type It = types.${name};`,
  );
  const checker = program.getTypeChecker();
  const it = program.getSourceFile(FILE).statements[1];
  return checker
    .getTypeAtLocation(it)
    .getProperties()
    .map((member) => member.name);
}

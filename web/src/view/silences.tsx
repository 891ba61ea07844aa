// SPDX-License-Identifier: Apache-2.0
// Silences and maintenance windows: what is not told, until when, and why.

import { useState } from "preact/hooks";
import { endSilence } from "../model/api";
import { compareNames } from "../model/arrange";
import { messageOf, parse } from "../model/format";
import { now } from "../model/clock";
import { covers, parseMatchers } from "../model/matchers";
import { allChecks, shape, silences } from "../model/store";
import type { Silence } from "../model/types";
import { askSilence, say } from "./ask";
import { MomentAgo, When } from "./parts";

function coveredBy(silence: Silence): string {
  void shape.value;
  try {
    const matchers = parseMatchers(silence.matchers);
    const names = allChecks()
      .filter((check) => covers(matchers, check))
      .map((check) => check.name);
    if (names.length === 0) return "no check that exists now";
    const shown = names.sort(compareNames).slice(0, 5).join(", ");
    return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
  } catch {
    return "matchers that this page can’t read";
  }
}

function EndButton({ silence }: { silence: Silence }) {
  const [isBusy, setBusy] = useState(false);
  const end = async () => {
    setBusy(true);
    try {
      await endSilence(silence);
      say(`Ended: ${silence.matchers}`);
    } catch (failure) {
      say(`Not ended: ${messageOf(failure)}`);
    }
    setBusy(false);
  };
  return (
    <button type="button" disabled={isBusy} onClick={() => void end()}>
      End
    </button>
  );
}

function SilenceRow({ silence }: { silence: Silence }) {
  const from = parse(silence.from) ?? 0;
  const until = parse(silence.until);
  const isOver = until !== null && until <= now();
  return (
    <li class={`silence${silence.is_active ? "" : " is-inactive"}`}>
      <div class="silence-text">
        <p>
          <code class="breakable">{silence.matchers}</code>
        </p>
        <p>
          {silence.why || "no reason given"}
          {silence.by && !silence.is_window && <span class="quiet"> · {silence.by}</span>}
        </p>
        <p class="quiet">covers {coveredBy(silence)}</p>
      </div>
      <div class="silence-when">
        {isOver ? (
          <>
            ended <MomentAgo at={until} />
          </>
        ) : silence.is_active ? (
          <>
            ends <When at={until} as="ago" none="when ended" />
            <br />
            <span class="quiet">
              <When at={until} as="moment" none="" />
            </span>
          </>
        ) : (
          <>
            begins <When at={from} as="ago" />
            <br />
            <span class="quiet">
              <When at={from} as="moment" />
            </span>
          </>
        )}
      </div>
      <div class="silence-act">
        {silence.is_window ? (
          <span class="quiet">declared in lab.yaml</span>
        ) : (
          !isOver && <EndButton silence={silence} />
        )}
      </div>
    </li>
  );
}

export function SilencesPage() {
  const all = silences.value;
  const active = all.filter((silence) => silence.is_active);
  const rest = all.filter((silence) => !silence.is_active);
  return (
    <main id="main" class="page" tabIndex={-1}>
      <div class="page-head">
        <h1>Silences</h1>
        <button type="button" class="primary" onClick={() => askSilence("")}>
          New silence
        </button>
      </div>
      <p class="lead">What is silenced is still judged and journaled; only nobody is told.</p>
      <h2>
        Active <span class="n">{active.length}</span>
      </h2>
      {active.length === 0 ? (
        <p class="calm">None: everything that fails is told.</p>
      ) : (
        <ul class="silence-list">
          {active.map((s) => (
            <SilenceRow key={s.id} silence={s} />
          ))}
        </ul>
      )}
      {rest.length > 0 && (
        <>
          <h2>Not active</h2>
          <ul class="silence-list">
            {rest.map((s) => (
              <SilenceRow key={s.id} silence={s} />
            ))}
          </ul>
        </>
      )}
    </main>
  );
}

// SPDX-License-Identifier: Apache-2.0
// What is declared in lab.yaml but observed by nothing: the blind spots.

import { getCoverage } from "../model/api";
import { count, number } from "../model/format";
import { head } from "../model/store";
import { useFetched } from "./fetched";
import { Loading, Trouble } from "./parts";

export function CoveragePage() {
  const version = head.value?.revision.hash ?? "";
  const { data, error, again } = useFetched(getCoverage, "coverage", version);
  const n = data?.unobserved.length ?? 0;
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1>Coverage</h1>
      <p class="lead">What is declared but observed by nothing can die without anybody noticing.</p>
      {error && <Trouble text={error} retry={again} />}
      {!data && !error && <Loading />}
      {data && n === 0 && (
        <p class="calm">Everything declared is observed: {count(data.observed, "thing")}.</p>
      )}
      {data && n > 0 && (
        <>
          <p class="coverage-count">
            <strong>{number(n)}</strong> of {count(n + data.observed, "declared thing")}{" "}
            {n === 1 ? "is" : "are"} observed by nothing.
          </p>
          <div class="table-scroll">
            <table class="coverage">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Kind</th>
                  <th scope="col">Why</th>
                  <th scope="col">Line</th>
                </tr>
              </thead>
              <tbody>
                {data.unobserved.map((u) => (
                  <tr key={`${u.kind} ${u.name}`}>
                    <th scope="row">{u.name}</th>
                    <td>{u.kind}</td>
                    <td>{u.why}</td>
                    <td>{u.line > 0 ? <code>lab.yaml:{u.line}</code> : "–"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </main>
  );
}

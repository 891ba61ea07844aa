// SPDX-License-Identifier: Apache-2.0
// Rules: what is recorded, and what alerts.

import { explorePath } from "../../model/explore";
import { count, duration, hasWords, parse } from "../../model/format";
import {
  numberOf,
  ruleGroups,
  writeSelector,
  type Alert,
  type AlertingRule,
  type Labels,
  type Rule,
  type RuleGroup,
} from "../../model/prometheus";
import { params } from "../../model/router";
import { formatOf, plain } from "../../model/units";
import { ChoiceFilter, Filters, TextFilter } from "../filters";
import { Loading, Tag, When } from "../parts";
import { useAnswer, useRound } from "./answers";
import { Health, MetricsFrame, Refused } from "./frame";
import { Selector } from "./results";

const EVERY_S = 15;
const seconds = formatOf("s");

const TONES: Record<Alert["state"], string> = {
  firing: "failing",
  pending: "silent",
  inactive: "ok",
  unknown: "unknown",
};

const stateOf = (rule: Rule) =>
  rule.health === "err"
    ? "broken"
    : rule.blindSince && !(rule.type === "alerting" && rule.state === "firing")
      ? "blind"
      : rule.type === "alerting"
        ? rule.state
        : "recording";

const STATES = [
  ["firing", "firing"],
  ["pending", "pending"],
  ["inactive", "inactive"],
  ["recording", "recording"],
  ["blind", "sees nothing"],
  ["broken", "broken"],
] as const;

const hasText = ({ name, query, lastError, labels = {} }: Rule, text: string) =>
  hasWords([name, query, lastError, writeSelector(labels)], text);

function LabelTags({ labels }: { labels: Labels | undefined }) {
  return (
    <>
      {Object.entries(labels ?? {})
        .filter(([key]) => key !== "alertname")
        .map(([key, value]) => (
          <Tag key={key}>
            {key}={value}
          </Tag>
        ))}
    </>
  );
}

function valueText(text: string): string {
  const value = numberOf(text);
  return Number.isNaN(value) ? text : plain(value);
}

function AlertRow({ alert }: { alert: Alert }) {
  const { summary, description, runbook_url = "" } = alert.annotations;
  const runbook = /^https?:\/\//.test(runbook_url) && runbook_url;
  const about = summary || description || (runbook && alert.labels.alertname);
  return (
    <li class="alert">
      <Health state={TONES[alert.state]} word={alert.state} />
      <div>
        <Selector labels={alert.labels} />
        {about && (
          <p>
            {about}{" "}
            {runbook && (
              <a href={runbook} target="_blank" rel="noreferrer">
                runbook
              </a>
            )}
          </p>
        )}
        <p class="quiet">
          value {valueText(alert.value)}
          {alert.activeAt && (
            <>
              , since <When at={parse(alert.activeAt)} as="moment" />
            </>
          )}
        </p>
      </div>
    </li>
  );
}

const ALERTS_MOST = 100;

function AlertingFacts({ rule }: { rule: AlertingRule }) {
  const parts = [
    rule.duration > 0 && `for ${duration(rule.duration * 1000)}`,
    rule.keepFiringFor > 0 && `kept firing for ${duration(rule.keepFiringFor * 1000)}`,
  ].filter(Boolean);
  return (
    <>
      {parts.length > 0 && <p class="quiet">{parts.join(", ")}</p>}
      {rule.alerts.length > 0 && (
        <ul class="alerts">
          {rule.alerts.slice(0, ALERTS_MOST).map((alert) => (
            <AlertRow key={writeSelector(alert.labels)} alert={alert} />
          ))}
        </ul>
      )}
      {rule.alerts.length > ALERTS_MOST && (
        <p class="quiet">and {rule.alerts.length - ALERTS_MOST} more</p>
      )}
    </>
  );
}

function StateOfRule({ rule }: { rule: Rule }) {
  if (rule.health === "err") return <Health state="failing" word="broken" />;
  if (stateOf(rule) === "blind") return <Health state="silent" word="sees nothing" />;
  if (rule.type === "recording") return <span class="quiet">records</span>;
  return <Health state={TONES[rule.state]} word={rule.state} />;
}

function RuleRow({ rule }: { rule: Rule }) {
  const at = parse(rule.lastEvaluation);
  return (
    <li class="rule">
      <div class="rule-head">
        <h3>{rule.name}</h3>
        <StateOfRule rule={rule} />
        <LabelTags labels={rule.labels} />
        <span class="quiet rule-when">
          {at !== null && at > 0 ? (
            <>
              evaluated <When at={at} as="ago" /> in {seconds(rule.evaluationTime)}
            </>
          ) : (
            "not evaluated yet"
          )}
        </span>
      </div>
      <a class="rule-query" href={explorePath({ queries: [rule.query] })} data-row>
        <code>{rule.query}</code>
      </a>
      {rule.lastError && <p class="note is-bad">{rule.lastError}</p>}
      {rule.blindSince && (
        <p class="note">
          It saw series, and sees none since <When at={parse(rule.blindSince)} as="moment" />.
        </p>
      )}
      {rule.type === "alerting" && <AlertingFacts rule={rule} />}
    </li>
  );
}

function Group({ group, rules }: { group: RuleGroup; rules: Rule[] }) {
  return (
    <section>
      <h2>
        {group.name}{" "}
        <span class="n">
          {group.file} · every {duration(group.interval * 1000)} · took{" "}
          {seconds(group.evaluationTime)}
        </span>
      </h2>
      <ul class="rules">
        {rules.map((rule, i) => (
          <RuleRow key={`${rule.name} ${i}`} rule={rule} />
        ))}
      </ul>
    </section>
  );
}

function summary(rules: Rule[]): string {
  const alerting = rules.filter((rule): rule is AlertingRule => rule.type === "alerting");
  const firing = alerting.filter((rule) => rule.state === "firing").length;
  const broken = rules.filter((rule) => rule.health === "err").length;
  const blind = rules.filter((rule) => rule.blindSince).length;
  const parts = [
    count(rules.length, "rule"),
    firing > 0 ? `${firing} firing` : "none fires",
    blind > 0 && `${blind} ${blind === 1 ? "sees" : "see"} nothing any more`,
    broken > 0 && `${broken} broken`,
  ];
  return `${parts.filter(Boolean).join(", ")}.`;
}

export function RulesPage() {
  const round = useRound(EVERY_S);
  const { data, error } = useAnswer(ruleGroups, `rules ${round}`, "rules");
  const text = params.value.get("q")?.trim() ?? "";
  const state = params.value.get("state") ?? "";
  const groups = data?.data.groups ?? [];
  const all = groups.flatMap((group) => group.rules);
  const isShown = (rule: Rule) =>
    (!state || stateOf(rule) === state) && (!text || hasText(rule, text));
  const shown = groups
    .map((group) => ({ group, rules: group.rules.filter(isShown) }))
    .filter(({ rules }) => rules.length > 0);
  return (
    <MetricsFrame title="Rules">
      <p class="lead">{all.length > 0 ? summary(all) : "What is recorded, and what alerts."}</p>
      <Refused error={error} />
      {!data && !error && <Loading />}
      {data && all.length === 0 && (
        <div class="calm">
          <p>
            There are no rules. In <code>lab.yaml</code>, files as Prometheus reads them:
          </p>
          <pre class="sample">{`metrics:
  rule_files: ["rules/*.yaml"]`}</pre>
        </div>
      )}
      {all.length > 0 && (
        <Filters of="rules">
          <ChoiceFilter name="state" label="State" options={STATES} />
          <TextFilter placeholder="name, expression, label" />
        </Filters>
      )}
      {all.length > 0 && shown.length === 0 && <p class="calm">No rule is as the filter says.</p>}
      {shown.map(({ group, rules }) => (
        <Group key={`${group.file} ${group.name}`} group={group} rules={rules} />
      ))}
    </MetricsFrame>
  );
}

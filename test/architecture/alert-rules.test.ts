import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const file = parse(readFileSync("deploy/prometheus-alerts.yml", "utf8")) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = file.groups.flatMap((group) => group.rules);
const metrics = new Set(
  readdirSync("server/metrics").flatMap((name) => {
    if (!name.endsWith(".ts")) return [];
    const source = readFileSync(join("server/metrics", name), "utf8");
    return Array.from(source.matchAll(/"(sealdesk_[a-z_]+)"/g), ([, metric = ""]) => metric);
  }),
);

test("each alert names its metric, its urgency and its meaning", () => {
  expect(rules.length).toBeGreaterThan(10);
  for (const { alert, expr, labels, annotations } of rules)
    expect({ alert, expr, severity: labels["severity"], summary: annotations["summary"] }).toEqual({
      alert: expect.stringMatching(/^Sealdesk[A-Za-z]+$/),
      expr: expect.any(String),
      severity: expect.stringMatching(/^(page|ticket)$/),
      summary: expect.stringMatching(/\.$/),
    });
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

test("alerts name only metrics that the server has", () => {
  expect(metrics.size).toBeGreaterThan(20);
  const named = rules.flatMap(({ expr }) =>
    Array.from(expr.matchAll(/sealdesk_[a-z_]+/g), ([metric]) =>
      metric.replace(/_(bucket|sum|count)$/, ""),
    ),
  );
  expect(named.filter((metric) => !metrics.has(metric))).toEqual([]);
});

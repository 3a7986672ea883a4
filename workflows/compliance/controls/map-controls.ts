import { checkOf, unknown, verdictOf, type Check } from "../check.ts";
import type { CheckName } from "../check-list.ts";
import { measures, type Measure, type MeasureName } from "./measures.ts";
import { frameworks, requirements, type Framework } from "./requirements.ts";

/** A measure that answers a requirement, with its result of this moment. */
export interface Control extends Omit<Measure, "checks"> {
  readonly measure: MeasureName;
  readonly result: "ok" | "warning" | "failed";
  readonly checks: readonly Check[];
}

/** A requirement with the measures that answer it. */
export interface MappedRequirement {
  readonly framework: Framework;
  readonly title: string;
  readonly id: string;
  readonly asks: string;
  readonly controls: readonly Control[];
}

/** Joins the requirements with their measures, and these with the results of the checks. Pure. */
export const mapControls = (checks: readonly Check[]): readonly MappedRequirement[] => {
  const byName = new Map(checks.map((check) => [check.name, check]));
  const resultOf = (name: CheckName): Check =>
    byName.get(name) ?? checkOf(name, unknown("The check did not run."));
  return requirements.map(({ framework, id, asks, measures: names }) => ({
    framework,
    title: frameworks[framework].title,
    id,
    asks,
    controls: names.map((measure) => {
      const { checks: asked, ...rest } = measures[measure];
      const results = asked.map(resultOf);
      return { ...rest, measure, result: verdictOf(results), checks: results };
    }),
  }));
};

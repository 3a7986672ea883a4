import { cruise } from "dependency-cruiser";

import config from "../../.dependency-cruiser.mjs";

interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

export interface CruisedTree {
  readonly modules: readonly string[];
  readonly violations: readonly Violation[];
}

/** Reads the given folders below `baseDir` under the project's own rules. */
export async function cruiseTree(
  folders: readonly string[],
  baseDir: string = process.cwd(),
): Promise<CruisedTree> {
  const { forbidden = [], options = {} } = config;
  const { output } = await cruise([...folders], {
    ...options,
    baseDir,
    ruleSet: { forbidden },
    validate: true,
  });
  if (typeof output === "string") throw new Error("dependency-cruiser answered with text");
  return {
    modules: output.modules.map(({ source }) => source),
    violations: output.summary.violations.map(({ rule, from, to }) => ({
      rule: rule.name,
      from,
      to,
    })),
  };
}

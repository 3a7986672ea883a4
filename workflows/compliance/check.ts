import type { CheckState } from "../../policies/compliance.ts";
import { checkList, type CheckName } from "./check-list.ts";

/** What a check found. */
export interface Finding {
  readonly state: CheckState;
  /** One sentence with the values of this moment. It has no personal data. */
  readonly found: string;
}

/** A check that ran. */
export interface Check extends Finding {
  readonly name: CheckName;
  readonly about: "health" | "compliance";
  readonly expected: string;
  readonly act: string;
}

export const ok = (found: string): Finding => ({ state: "ok", found });
export const warning = (found: string): Finding => ({ state: "warning", found });
export const failed = (found: string): Finding => ({ state: "failed", found });
export const unknown = (found: string): Finding => ({ state: "unknown", found });

/** Returns the whole check for what was found. */
export const checkOf = (name: CheckName, finding: Finding): Check => ({
  name,
  ...checkList[name],
  ...finding,
});

/** Returns the findings as checks, in the order of the report. */
export const checksOf = (findings: Readonly<Partial<Record<CheckName, Finding>>>): Check[] =>
  (Object.entries(findings) as [CheckName, Finding][]).map(([name, finding]) =>
    checkOf(name, finding),
  );

/** The gravest state of some checks. A check that cannot tell counts as a warning. */
export function verdictOf(checks: readonly Check[]): "ok" | "warning" | "failed" {
  if (checks.some(({ state }) => state === "failed")) return "failed";
  return checks.every(({ state }) => state === "ok") ? "ok" : "warning";
}

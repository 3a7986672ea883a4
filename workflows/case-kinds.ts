import type { CaseKind } from "./cases/case-kind.ts";
import type { BreachDeps } from "./breaches/breach-deps.ts";
import { createBreachCase } from "./breaches/create-breach-case.ts";
import { createErasureCase } from "./erasure/create-erasure-case.ts";
import type { ErasureDeps } from "./erasure/erasure-deps.ts";
import { createExportCase } from "./export/create-export-case.ts";
import type { ExportDeps } from "./export/export-deps.ts";
import { requestCase } from "./requests/request-case.ts";
import { restrictionCase } from "./restrictions/restriction-case.ts";

/** Creates the kinds of cases that a server runs. */
export const createCaseKinds = (deps: {
  readonly erasure: ErasureDeps;
  readonly breach: BreachDeps;
  readonly exporting: ExportDeps;
}): readonly CaseKind[] => [
  requestCase,
  restrictionCase,
  createErasureCase(deps.erasure),
  createBreachCase(deps.breach),
  createExportCase(deps.exporting),
];

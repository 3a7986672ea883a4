import type { CaseKind } from "./cases/case-kind.ts";
import { createErasureCase } from "./erasure/create-erasure-case.ts";
import type { ErasureDeps } from "./erasure/erasure-deps.ts";
import { requestCase } from "./requests/request-case.ts";

/** Creates the kinds of cases that a server runs. */
export const createCaseKinds = (deps: { readonly erasure: ErasureDeps }): readonly CaseKind[] => [
  requestCase,
  createErasureCase(deps.erasure),
];

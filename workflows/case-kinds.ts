import type { CaseKind } from "./cases/case-kind.ts";

/** Creates the kinds of cases that a server runs. */
export const createCaseKinds = (): readonly CaseKind[] => [];

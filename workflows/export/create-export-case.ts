import type { CaseKind } from "../cases/case-kind.ts";
import type { ExportDeps } from "./export-deps.ts";
import { exportMachine } from "./machine.ts";
import { packPages } from "./pack-pages.ts";
import { planPages } from "./plan-pages.ts";

/** The export of a person's data, step by step: docs/export.md describes it. */
export const createExportCase = (deps: ExportDeps): CaseKind => ({
  machine: exportMachine,
  steps: {
    planning: planPages,
    packing: packPages(deps),
    // The time in which the device can take it is over when this step is taken.
    ready: async () => ({ to: "expired" }),
  },
});

import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts of erasures and of the ledger that keeps them erased. */
export const erasureActions = {
  "erasure.replay": {
    class: "D",
    resources: ["erasure_ledger"],
    details: { act: "text" },
    description:
      "An entry of the erasure ledger is carried out again, because the database or the keystore was put back to a backup. The resource is the number of the entry, and `act` is the step that erased.",
  },
} as const satisfies ActionSpecs;

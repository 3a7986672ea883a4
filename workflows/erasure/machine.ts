import type { CaseMachine } from "../../policies/case-machine.ts";

/** The states in which an erasure writes to the ledger what it destroys. */
export const ledgerStates: readonly string[] = ["shredding", "erasing_account"];

/** The states of an erasure. */
export const erasureMachine = {
  kind: "erasure",
  first: "fencing",
  states: {
    fencing: { next: ["contestable", "withdrawn"], isRun: true },
    contestable: { next: ["shredding", "withdrawn"], isRun: true },
    shredding: { next: ["shredding", "erasing_account"], isRun: true, isDestructive: true },
    erasing_account: { next: ["shredding", "purging"], isRun: true, isDestructive: true },
    purging: { next: ["purging", "removing_files"], isRun: true, isDestructive: true },
    removing_files: { next: ["forgetting"], isRun: true, isDestructive: true },
    forgetting: { next: ["notifying"], isRun: true },
    notifying: { next: ["informing"], isRun: true },
    informing: { next: ["informing", "certifying"], isRun: true },
    certifying: { next: ["certified"], isRun: true },
    certified: { next: [] },
    withdrawn: { next: [] },
  },
} as const satisfies CaseMachine;

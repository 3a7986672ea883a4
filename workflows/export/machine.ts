import type { CaseMachine } from "../../policies/case-machine.ts";

/** The states of an export. */
export const exportMachine = {
  kind: "export",
  first: "planning",
  states: {
    planning: { next: ["packing", "superseded"], isRun: true },
    packing: { next: ["packing", "ready", "superseded"], isRun: true }, // in parts
    // The device takes it, and says when it has written all.
    ready: { next: ["completed", "superseded", "expired"], isRun: true },
    completed: { next: [] },
    // The device began another one, for example because data was erased since.
    superseded: { next: [] },
    expired: { next: [] },
  },
} as const satisfies CaseMachine;

/** How long a device may take what was packed, in milliseconds. */
export const READY_MS = 30 * 86_400_000;

import type { CaseMachine } from "./case-machine.ts";

/** The way of a request. The server wakes to remind officers of its due date, and a person moves it. */
export const requestMachine = {
  kind: "request",
  first: "received",
  states: {
    received: { next: ["received", "accepted", "refused", "withdrawn", "merged"], isRun: true },
    accepted: { next: ["accepted", "answered", "refused", "withdrawn"], isRun: true },
    answered: { next: [] },
    refused: { next: [] },
    withdrawn: { next: [] },
    // Another request of the same person for the same is open.
    merged: { next: [] },
  },
} as const satisfies CaseMachine;

/** What an officer decides, and the state that follows. */
export const requestDecisions = ["accepted", "answered", "refused"] as const;
export type RequestDecision = (typeof requestDecisions)[number];

import type { CaseMachine } from "../../policies/case-machine.ts";

/**
 * The states of a breach. In `open`, an officer decides what comes next, and the server wakes to remind of notices. Each step
 * of the containment returns there.
 */
export const breachMachine = {
  kind: "breach",
  first: "assessing",
  states: {
    assessing: { next: ["assessing", "open"], isRun: true },
    open: {
      next: ["open", "assessing", "revoking_sessions", "preparing_rotation", "closed"],
      isRun: true,
    },
    revoking_sessions: { next: ["closing_sockets"], isRun: true },
    closing_sockets: { next: ["open"], isRun: true },
    preparing_rotation: { next: ["rotating_key"], isRun: true },
    rotating_key: { next: ["rewrapping"], isRun: true },
    rewrapping: { next: ["open"], isRun: true, isDestructive: true },
    closed: { next: [] },
  },
} as const satisfies CaseMachine;

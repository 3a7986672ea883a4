import type { CaseMachine } from "./case-machine.ts";

/**
 * The way of a restriction of processing. An officer announces its end, and the server lifts it at the announced time: the
 * person is told before (GDPR article 18(3)).
 */
export const restrictionMachine = {
  kind: "restriction",
  first: "in_force",
  states: {
    in_force: { next: ["announced"] },
    announced: { next: ["lifted"], isRun: true },
    lifted: { next: [] },
  },
} as const satisfies CaseMachine;

import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { caseId, count, milliseconds, userId } from "./values.ts";

const caseFields = {
  id: caseId,
  /** The kind of case, such as "request". */
  kind: z.string(),
  subject: z.nullable(userId),
  state: z.string(),
  /** The number of steps that are done. */
  step: count,
  /** Why the present step could not be done when it was last tried: a code. */
  pending: z.nullable(z.string()),
  openedAtMs: milliseconds,
  dueAtMs: z.nullable(milliseconds),
  wakeAtMs: z.nullable(milliseconds),
  endedAtMs: z.nullable(milliseconds),
};

export const shownCases = z
  .object({ cases: z.array(z.object(caseFields)) })
  .register(documentation, { id: "Cases" });

export const shownCase = z
  .object({
    ...caseFields,
    steps: z.array(
      z.object({
        step: count,
        state: z.string(),
        begunAtMs: milliseconds,
        attempts: count,
        next: z.nullable(z.string()),
        doneAtMs: z.nullable(milliseconds),
        doneBy: z.nullable(z.string()),
      }),
    ),
  })
  .register(documentation, { id: "Case" });

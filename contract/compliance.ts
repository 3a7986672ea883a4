import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { milliseconds, openEnum } from "./values.ts";

const check = z.object({
  name: z.string(),
  about: openEnum(["health", "compliance"]),
  state: openEnum(["ok", "warning", "failed", "unknown"]),
  /** What was found: one sentence. */
  found: z.string(),
  expected: z.string(),
  /** What to do if it is not ok. */
  act: z.string(),
});

export const complianceReport = z
  .object({
    checkedAtMs: milliseconds,
    /** The gravest state. A check that cannot tell counts as a warning. */
    verdict: openEnum(["ok", "warning", "failed"]),
    /** The checks of the deployment. */
    deployment: z.array(check),
    /** The checks of your organisation. */
    checks: z.array(check),
  })
  .register(documentation, { id: "ComplianceReport" });

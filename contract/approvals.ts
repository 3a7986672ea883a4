import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { bytes, count, milliseconds, uuid } from "./values.ts";

const approval = z
  .object({
    id: uuid,
    action: z.string().register(documentation, {
      description: "What the approval lets happen, such as policy.approve",
    }),
    parameters: z.record(z.string(), z.unknown()).register(documentation, {
      description: "Everything that the act depends on",
    }),
    hash: bytes(32).register(documentation, {
      description: "SHA-256 of the action and the parameters. Whoever approves names it",
    }),
    reason: z.string(),
    requester: z.string(),
    requestedAtMs: milliseconds,
    expiresAtMs: milliseconds,
    /** The number of other people who must approve it. */
    needed: count,
    approvers: z.array(z.string()),
    executedAtMs: z.nullable(milliseconds),
    withdrawnAtMs: z.nullable(milliseconds),
    refusedBy: z.nullable(z.string()),
  })
  .register(documentation, { id: "Approval" });

export const shownApproval = approval;

export const approvals = z
  .object({ approvals: z.array(approval) })
  .register(documentation, { id: "Approvals" });

export const newApproval = z
  .strictObject({ hash: bytes(32) })
  .register(documentation, { id: "NewApproval" });

export const answeredApproval = z
  .object({
    /** The number of people who must approve it besides; 0 if the act is done. */
    waitsFor: count,
  })
  .register(documentation, { id: "AnsweredApproval" });

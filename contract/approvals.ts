import * as z from "zod/mini";
import { resetReasons } from "../policies/reset-reasons.ts";
import { passwordReset } from "./credentials.ts";
import { documentation } from "./documentation.ts";
import { bytes, count, deviceId, milliseconds, userId, uuid } from "./values.ts";

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
    /** The link for a new password, if that is what was asked for. */
    passwordReset: z.optional(passwordReset),
  })
  .register(documentation, { id: "AnsweredApproval" });

const reason = z
  .string()
  .check(z.minLength(1), z.maxLength(300), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
  .register(documentation, {
    description: "Why, for the person who approves: one line. It is stored, so write no names",
  });

const act = <A extends string, P extends z.core.$ZodLooseShape>(action: A, parameters: P) =>
  z.strictObject({ action: z.literal(action), parameters: z.strictObject(parameters), reason });

/** An act for which the policy demands a second person, with everything that it depends on. */
export const approvalRequest = z
  .union([
    act("directory.reset_account", { user: userId, reason: z.enum(resetReasons) }),
    act("directory.revoke_device", { device: deviceId }),
    act("credentials.reset_password", { user: userId }),
    act("credentials.reset_factor", { user: userId }),
  ])
  .register(documentation, { id: "ApprovalRequest" });

export const requestedApproval = z
  .object({ id: uuid, hash: bytes(32), expiresAtMs: milliseconds })
  .register(documentation, { id: "RequestedApproval" });

import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { bytes, conversationId, count, holdId, milliseconds, userId, uuid } from "./values.ts";

const line = (description: string, longest: number) =>
  z
    .string()
    .check(z.minLength(1), z.maxLength(longest), z.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u))
    .register(documentation, { description });

const heldItem = {
  subject: z.optional(userId),
  conversation: z.optional(conversationId),
  /** The conversations that are or were classified with this team. */
  team: z.optional(z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))),
  /** What was received from this time on. */
  fromMs: z.optional(milliseconds),
  /** What was received before this time. */
  untilMs: z.optional(milliseconds),
};

export const newHold = z
  .strictObject({
    matter: line("How you name the matter, without names of people: one line", 200),
    citation: line("The law or the order that demands the hold: one line", 200),
    custodian: userId,
    reviewAtMs: milliseconds,
    items: z.array(z.strictObject(heldItem)).check(z.minLength(1), z.maxLength(100)),
  })
  .register(documentation, { id: "NewHold" });

export const placedHold = z
  .object({ id: uuid, commitment: bytes(32), conversations: count })
  .register(documentation, { id: "PlacedHold" });

const hold = z
  .object({
    id: uuid,
    matter: z.string(),
    citation: z.string(),
    custodian: userId,
    placedBy: z.string(),
    placedAtMs: milliseconds,
    reviewAtMs: milliseconds,
    /** Certificates name the hold by it. */
    commitment: bytes(32),
    /** With it you prove the matter to whoever has the commitment. */
    salt: bytes(32),
    releasedAtMs: z.nullable(milliseconds),
    release: z.nullable(uuid),
    items: z.array(z.object(heldItem)),
  })
  .register(documentation, { id: "Hold" });

export const shownHold = hold;

export const holdsQuery = z.strictObject({ after: z.optional(holdId) });

export const holds = z
  .object({
    holds: z.array(hold),
    next: z.nullable(uuid).register(documentation, {
      description: "What to pass as `after` for the next page; null at the end of the list",
    }),
  })
  .register(documentation, { id: "Holds" });

export const newHoldReview = z
  .strictObject({ reviewAtMs: milliseconds })
  .register(documentation, { id: "NewHoldReview" });

export const newRelease = z
  .strictObject({ reason: line("Why, for the person who approves: one line", 300) })
  .register(documentation, { id: "NewRelease" });

export const requestedRelease = z
  .object({ id: uuid, hash: bytes(32), expiresAtMs: milliseconds })
  .register(documentation, { id: "RequestedRelease" });

export const potentialMatches = z
  .object({
    matches: z.array(
      z.object({
        id: uuid,
        hold: uuid,
        custodian: userId,
        /** The account that was erased. */
        former: userId,
        /** The new account. */
        account: userId,
        askedAtMs: milliseconds,
      }),
    ),
  })
  .register(documentation, { id: "PotentialMatches" });

export const matchAnswer = z
  .strictObject({ answer: z.enum(["linked", "not_linked"]) })
  .register(documentation, { id: "MatchAnswer" });

export const reopenedErasures = z
  .object({
    erasures: z.array(
      z.object({
        erasure: uuid,
        subject: userId,
        hold: uuid,
        /** The number of accounts and conversations that are not erased yet. */
        items: count,
        reopenedAtMs: milliseconds,
        /** When officers are alerted that nobody has seen to it. */
        dueAtMs: milliseconds,
        isEscalated: z.boolean(),
      }),
    ),
  })
  .register(documentation, { id: "ReopenedErasures" });

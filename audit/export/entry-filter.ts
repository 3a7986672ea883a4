import { z } from "zod";
import { fromUtf8 } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import {
  isId,
  type TenantId,
  type UserId,
  type DeviceId,
  type SessionId,
} from "../../crypto/wire/ids.ts";
import type { AuditOutcome, EntryRecord } from "../append-entry.ts";

/** The last time that a Date can hold, in milliseconds since the Unix epoch. */
const MOST_MS = 8_640_000_000_000_000;

/** An entry as it was logged; personal fields are salted hashes. */
export type LoggedEntry = EntryRecord & { readonly eventId: string };

/** Which entries are exported. A field that is not given does not filter. */
export interface EntryFilter {
  /** Milliseconds since the Unix epoch, inclusive. */
  readonly fromMs?: number | undefined;
  /** Exclusive. */
  readonly untilMs?: number | undefined;
  readonly actor?: string | undefined;
  /** The person concerned: the subject, or the actor if no subject is named. */
  readonly subject?: string | undefined;
  /** An action such as "session.create", or a prefix such as "session.". */
  readonly action?: string | undefined;
  /** The id of the resource that was acted on. */
  readonly resource?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
}

const id = z.string().max(200);
const uuid = <I extends Uuid>() => z.custom<I>(isId);
/** The form of our entries. Formats and filters rely on it. */
const schema = z.looseObject({
  eventId: uuid<Uuid>(),
  occurredAtMs: z.int().min(-MOST_MS).max(MOST_MS),
  tenant: uuid<TenantId>(),
  actor: z.looseObject({
    kind: z.enum(["user", "system"]),
    id,
    role: id.optional(),
    device: uuid<DeviceId>().optional(),
    person: z
      .looseObject({
        name: id,
        source: z.enum(["as", "login"]),
        ticket: id.optional(),
        reason: z.string().max(1_000).optional(),
        purpose: id.optional(),
      })
      .optional(),
  }),
  action: id,
  class: z.enum(["C", "R", "U", "D", "E"]),
  resource: z.looseObject({ type: id, id: z.string(), version: id.optional() }),
  subject: uuid<UserId>().optional(),
  outcome: z.enum(["success", "refused", "failed", "impaired"]),
  reason: id.optional(),
  decision: z.looseObject({ allowed: z.boolean(), reasons: z.array(id) }).optional(),
  purpose: id.optional(),
  requestId: id.optional(),
  session: uuid<SessionId>().optional(),
  method: id.optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Decodes an entry, or returns undefined if the bytes are not one of our entries. A holder of the
 * application's login can append any bytes. Such an entry must not keep you from reading the
 * others.
 */
export function parseEntry(bytes: Uint8Array): LoggedEntry | undefined {
  try {
    return schema.parse(JSON.parse(fromUtf8(bytes))) as LoggedEntry;
  } catch {
    return undefined;
  }
}

/** Returns the purpose that an entry states: a code of purpose of use, or that of a consent or a history grant. */
export function purposeOf({ purpose, actor, details }: LoggedEntry): string | undefined {
  const other = details?.["purpose"];
  return purpose ?? actor.person?.purpose ?? (typeof other === "string" ? other : undefined);
}

/** An entry that is not ours matches every filter, because it must never be hidden. */
export function matches(entry: LoggedEntry | undefined, filter: EntryFilter): boolean {
  if (entry === undefined) return true;
  const { fromMs, untilMs, actor, subject, action, resource, outcome } = filter;
  if (fromMs !== undefined && entry.occurredAtMs < fromMs) return false;
  if (untilMs !== undefined && entry.occurredAtMs >= untilMs) return false;
  if (actor !== undefined && entry.actor.id !== actor) return false;
  if (subject !== undefined && (entry.subject ?? entry.actor.id) !== subject) return false;
  if (resource !== undefined && entry.resource.id !== resource) return false;
  if (outcome !== undefined && entry.outcome !== outcome) return false;
  if (action === undefined) return true;
  return action.endsWith(".") ? entry.action.startsWith(action) : entry.action === action;
}

import { V7Generator } from "uuidv7";
import type { Client } from "../db/pool.ts";
import { canonicalJson, type CanonicalValue } from "../crypto/wire/canonical-json.ts";
import { utf8 } from "../crypto/wire/bytes.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import {
  logOf,
  type TenantId,
  type UserId,
  type DeviceId,
  type LogId,
  type SessionId,
} from "../crypto/wire/ids.ts";
import { actions, type ActionDetails, type AuditAction, type ResourceKinds } from "./actions.ts";
import type { ActionClass } from "./actions/action-spec.ts";
import type { OperatorPerson } from "./operator.ts";
import { keepPersonalFields, saltFields, type PersonalFields } from "./personal-fields.ts";
import { raiseAlert } from "./raise-alert.ts";
import { storeEntries } from "./store-entries.ts";

/**
 * The four levels of FHIR R4 AuditEvent.outcome: success (0), refused because it was not permitted
 * (4), failed (8), the service itself is impaired (12).
 */
export type AuditOutcome = "success" | "refused" | "failed" | "impaired";

/** The fields of an entry. They hold pseudonymous ids only, never a name, an address or content. */
interface EntryFields<Action extends string, Kind extends string, Details> {
  /** Milliseconds since the Unix epoch. */
  readonly occurredAtMs: number;
  readonly tenant: TenantId;
  readonly actor: {
    readonly kind: "user" | "system";
    /** A user's id, or the name of the part of the system that acted. */
    readonly id: string;
    readonly role?: string | undefined;
    readonly device?: DeviceId | undefined;
    /** The person who acted as the operator. */
    readonly person?: OperatorPerson | undefined;
  };
  /** Noun and verb, such as "session.create". */
  readonly action: Action;
  readonly resource: {
    readonly type: Kind;
    readonly id: string;
    readonly version?: string | undefined;
  };
  /** The user affected by the act, if that is not the actor. */
  readonly subject?: UserId | undefined;
  readonly outcome: AuditOutcome;
  /** A code, if the outcome is not success. */
  readonly reason?: string | undefined;
  readonly decision?:
    { readonly allowed: boolean; readonly reasons: readonly string[] } | undefined;
  /** What the actor said that the act is for: a code of purpose of use. The operator's is that of the person. */
  readonly purpose?: string | undefined;
  readonly requestId?: string | undefined;
  readonly session?: SessionId | undefined;
  /** The way in which the session was authenticated. */
  readonly method?: string | undefined;
  readonly details?: Details | undefined;
}

/**
 * An entry to be written. The table `actions` defines its class and the fields that it may contain.
 */
export type AuditEntry<A extends AuditAction> = EntryFields<A, ResourceKinds[A], ActionDetails[A]>;

/** An entry as the log has it. Its action may be one that this version does not know. */
export interface EntryRecord extends EntryFields<
  string,
  string,
  { readonly [name: string]: CanonicalValue | undefined }
> {
  readonly class: ActionClass;
}

/** Adds the class of the entry's action. */
export const classified = <E extends { readonly action: AuditAction }>(entry: E) => ({
  ...entry,
  class: actions[entry.action].class,
});

const eventIds = new V7Generator();

const newEventId = (atMs: number): Uuid => eventIds.generateOrResetCore(atMs, 10_000).toString();

/**
 * Writes one entry as RFC 8785 canonical JSON with an `eventId` (UUIDv7) of its own. It writes in
 * the transaction that `client` has open, so the act and the entry commit together or not at all.
 * The transaction must be fenced to `entry.tenant`. Officers are alerted in the same transaction, if a policy says so.
 * @param personal what the entry says about a person: hashes go into the entry, values into rows
 *   that can be erased
 * @returns the id of the stored entry, which is not its index in the log
 * @throws WireError malformed_record, if a detail is not canonical JSON; AuditError
 *   audit_entry_not_stored
 */
export async function appendEntry<A extends AuditAction>(
  client: Client,
  entry: AuditEntry<A>,
  personal?: PersonalFields,
): Promise<number> {
  const eventId = newEventId(entry.occurredAtMs);
  const salted = personal && saltFields(personal);
  const text = canonicalJson({ eventId, ...classified(entry), personal: salted?.hashes });
  const [id = 0] = await storeEntries(client, logOf(entry.tenant), [utf8(text)]);
  await raiseAlert(client, eventId, entry);
  if (personal !== undefined && salted !== undefined)
    await keepPersonalFields(
      client,
      { tenant: entry.tenant, event: eventId },
      personal,
      salted.rows,
    );
  return id;
}

/**
 * Like `appendEntry`, for an entry about a log that goes into the log itself. A key log and the
 * operator's log have no tenant of their own, so the entry names the log in the tenant's place. The
 * transaction must be fenced to `log`.
 */
export async function appendToLog<A extends AuditAction>(
  client: Client,
  log: LogId,
  entry: Omit<AuditEntry<A>, "tenant">,
): Promise<number> {
  const eventId = newEventId(entry.occurredAtMs);
  const text = canonicalJson({ eventId, ...classified(entry), tenant: log });
  const [id = 0] = await storeEntries(client, log, [utf8(text)]);
  return id;
}

/** Like `appendEntry`, for several entries of one tenant in one statement, in their order. */
export async function appendEntries(
  client: Client,
  tenant: TenantId,
  entries: readonly Omit<EntryRecord, "tenant">[],
): Promise<void> {
  const texts = entries.map((entry) =>
    utf8(canonicalJson({ eventId: newEventId(entry.occurredAtMs), ...entry, tenant })),
  );
  await storeEntries(client, logOf(tenant), texts);
}

import { isUuid, uuidFromBytes, type Uuid } from "./uuid.ts";
import { WireError } from "./wire-error.ts";

declare const kind: unique symbol;

/**
 * A UUID whose kind the compiler knows. At run time it is a plain string. A string, or an id of
 * another kind, is not assignable to it. Only the functions of this file, the schemas and decoders
 * that are built on them, and the row types of statements give a string its kind.
 */
type Id<Kind extends string> = Uuid & { readonly [kind]: Kind };

export type TenantId = Id<"tenant">;
/** The id of an account, of a customer or of staff. */
export type UserId = Id<"user">;
export type DeviceId = Id<"device">;
export type ConversationId = Id<"conversation">;
export type SessionId = Id<"session">;
/** The id of an identity provider with which staff sign in. */
export type IdentityProviderId = Id<"identity_provider">;
/** The id of a group that an identity provider writes over SCIM. */
export type ProvisionedGroupId = Id<"provisioned_group">;
/** The id of a passkey of an account. */
export type PasskeyId = Id<"passkey">;
/** The id of an upload, and of the attachment that it becomes. */
export type AttachmentId = Id<"attachment">;
/** The id of a grant of history. */
export type GrantId = Id<"grant">;
/** The id of a consent, or of its withdrawal. */
export type ConsentId = Id<"consent">;
/** The id of a person's act on the members of a conversation, or on its state. */
export type ActId = Id<"act">;
/** The id of a legal hold. */
export type HoldId = Id<"hold">;
/** The id of a report of messages. */
export type ReportId = Id<"report">;
/** The id of a case: a workflow that survives crashes. */
export type CaseId = Id<"case">;
/** The id that a device gives its message, so that a repeated one is recognised. */
export type MessageId = Id<"message">;
/**
 * The id of an audit log: `logOf` a tenant, the id of the tenant's key log, or `OPERATOR_LOG`. The
 * database confines each log to itself, as it does tenants.
 */
export type LogId = Id<"log">;

/** Stands for the tenant of things that belong to no tenant. */
export type NoTenant = "";

/** The rows that a transaction may see: those of a tenant, of a log, or of no tenant. */
export type Fence = TenantId | LogId | NoTenant;

/** An id of any kind. */
export type AnyId = Id<string>;

/**
 * An id as an application passes it: a string of its own, or an id that it got from here. An id of
 * another kind is not assignable.
 */
export type Given<I extends AnyId> = string & { readonly [kind]?: I[typeof kind] };

/** A string that has no kind yet. */
type Plain = string & { readonly [kind]?: never };

/** Returns a new UUID. Its kind is the one that the caller wants. */
export type NewId = <I extends Uuid>() => I;

/** @param make returns a new UUID with each call */
export const idGenerator = (make: () => Uuid): NewId => make as NewId;

/** Returns whether a value has the form of an id. You name the kind that the value must be of. */
export const isId = <I extends Uuid>(value: unknown): value is I =>
  typeof value === "string" && isUuid(value);

/**
 * Parses a UUID of 36 characters in lower case. You name the kind that it must be of.
 * @throws WireError malformed_record
 */
export function parseId<I extends Uuid>(text: Plain): I {
  if (isId<I>(text)) return text;
  throw new WireError("malformed_record", "An identifier is not a UUID.");
}

/** Returns the id whose 16 bytes begin at `offset`. */
export const idFromBytes = <I extends Uuid>(bytes: Uint8Array, offset = 0): I =>
  uuidFromBytes(bytes, offset) as I;

/** Returns the id of the tenant's audit log. It is the same UUID. */
export const logOf = (tenant: TenantId): LogId => tenant as Uuid as LogId;

/** The id in a field that does not apply. A control event, for example, has no sender. */
export const nilId = <I extends Uuid>(): I => "00000000-0000-0000-0000-000000000000" as I;

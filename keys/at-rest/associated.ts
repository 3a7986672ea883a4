import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import { uuidToBytes, writeUuid, type Uuid } from "../../crypto/wire/uuid.ts";
import type { Scope } from "./scope.ts";

/** A row of the log, or what one device gets beside it. */
export interface RowPlace {
  readonly tenant: Uuid;
  readonly conversation: Uuid;
  readonly seq: number;
  readonly period: number;
  /** For a packet: whom it is for. */
  readonly device?: Uuid | undefined;
}

const label = utf8("sealdesk/at-rest/v1/row");
const row = new Uint8Array(label.length + 1 + 16 + 16 + 8 + 4 + 16);
row.set(label);
const view = new DataView(row.buffer, label.length);

/**
 * What a sealed row is bound to: `label || 1 for an event, 2 for a packet || tenant || conversation
 * || seq 8 || period 4 || device, else zeros`. All fields have a fixed width. Written again and again
 * into the same memory: use it before the next call.
 */
export function rowAssociated({ tenant, conversation, seq, period, device }: RowPlace): Uint8Array {
  view.setUint8(0, device === undefined ? 1 : 2);
  writeUuid(tenant, row, label.length + 1);
  writeUuid(conversation, row, label.length + 17);
  view.setUint32(33, Math.floor(seq / 2 ** 32));
  view.setUint32(37, seq >>> 0);
  view.setInt32(41, period);
  if (device === undefined) row.fill(0, label.length + 45);
  else writeUuid(device, row, label.length + 45);
  return row;
}

/** What a wrapped scope key is bound to. */
export function scopeAssociated(tenant: Uuid, id: Uuid, scope: Scope): Uint8Array {
  const period = new Uint8Array(4);
  new DataView(period.buffer).setInt32(0, scope.period);
  return concat(
    utf8("sealdesk/at-rest/v1/scope-key"),
    ...[tenant, id, scope.subject, scope.conversation, scope.author].map(uuidToBytes),
    period,
  );
}

/** The context in which the key-management service wraps a subject key. */
export const subjectContext = (tenant: Uuid, subject: Uuid): Uint8Array =>
  concat(utf8("sealdesk/at-rest/v1/subject-key"), uuidToBytes(tenant), uuidToBytes(subject));

/** What a sealed field of a profile is bound to. */
export const profileAssociated = (
  tenant: Uuid,
  subject: Uuid,
  field: "username" | "display_name",
): Uint8Array =>
  concat(
    utf8("sealdesk/at-rest/v1/profile"),
    uuidToBytes(tenant),
    uuidToBytes(subject),
    utf8(field),
  );

import { concat, utf8 } from "../../crypto/wire/bytes.ts";
import { uuidToBytes, writeUuid, type Uuid } from "../../crypto/wire/uuid.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  IdentityProviderId,
  ReportId,
} from "../../crypto/wire/ids.ts";
import type { Scope } from "./scope.ts";

/** Names a row of the log, or a packet that one device receives with it. */
export interface RowPosition {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly period: number;
  /** The device that receives the packet. Undefined for a row of the log. */
  readonly device?: DeviceId | undefined;
}

const label = utf8("sealdesk/at-rest/v1/row");
const row = new Uint8Array(label.length + 1 + 16 + 16 + 8 + 4 + 16);
row.set(label);
const view = new DataView(row.buffer, label.length);

/**
 * Returns the associated data of a sealed row: `label || 1 for an event, 2 for a packet || tenant
 * || conversation || seq 8 || period 4 || device, or zeros`. All fields have a fixed width. Every
 * call writes into the same memory, so use the result before the next call.
 */
export function rowAssociated({
  tenant,
  conversation,
  seq,
  period,
  device,
}: RowPosition): Uint8Array {
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

/** Returns the associated data of a wrapped scope key. */
export function scopeAssociated(tenant: TenantId, id: Uuid, scope: Scope): Uint8Array {
  const period = new Uint8Array(4);
  new DataView(period.buffer).setInt32(0, scope.period);
  return concat(
    utf8("sealdesk/at-rest/v1/scope-key"),
    ...[tenant, id, scope.subject, scope.conversation, scope.author].map(uuidToBytes),
    period,
  );
}

/** Returns the context in which the key-management service wraps a subject key. */
export const subjectContext = (tenant: TenantId, subject: UserId): Uint8Array =>
  concat(utf8("sealdesk/at-rest/v1/subject-key"), uuidToBytes(tenant), uuidToBytes(subject));

/** What is sealed of a person: names, and what they call their passkeys. */
export type ProfileField = "username" | "display_name" | "passkey_name" | "provisioned";

/** Returns the associated data of a sealed profile field. */
export const profileAssociated = (
  tenant: TenantId,
  subject: UserId,
  field: ProfileField,
): Uint8Array =>
  concat(
    utf8("sealdesk/at-rest/v1/profile"),
    uuidToBytes(tenant),
    uuidToBytes(subject),
    utf8(field),
  );

/** Returns the associated data of the sealed client secret of an identity provider. */
export const providerSecretAssociated = (
  tenant: TenantId,
  provider: IdentityProviderId,
): Uint8Array =>
  concat(utf8("sealdesk/at-rest/v1/provider-secret"), uuidToBytes(tenant), uuidToBytes(provider));

/** Returns the associated data of the sealed secret of a tenant's webhook. */
export const webhookSecretAssociated = (tenant: TenantId): Uint8Array =>
  concat(utf8("sealdesk/at-rest/v1/webhook-secret"), uuidToBytes(tenant));

/** Returns the associated data of the sealed secret of an authenticator app. */
export const totpAssociated = (tenant: TenantId, subject: UserId): Uint8Array =>
  concat(utf8("sealdesk/at-rest/v1/totp"), uuidToBytes(tenant), uuidToBytes(subject));

/** Returns the associated data of what a report discloses of the message `seq`. */
export function reportAssociated(tenant: TenantId, report: ReportId, seq: number): Uint8Array {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(seq));
  return concat(
    utf8("sealdesk/at-rest/v1/report"),
    uuidToBytes(tenant),
    uuidToBytes(report),
    number,
  );
}

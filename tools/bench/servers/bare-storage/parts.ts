/**
 * Replaces the outer envelope and the audit log in a server that is measured without them: messages
 * are stored as they came, no transcripts are recorded, nothing is integrated or signed. Everything
 * else is the server's own code.
 */
import { createSecretKey } from "node:crypto";
import type { Uuid } from "../../../../crypto/wire/uuid.ts";
import type { TenantId } from "../../../../crypto/wire/ids.ts";
import type { Scope } from "../../../../keys/at-rest/scope.ts";

export {
  NONCE_BYTES,
  open,
  seal,
  sealBroken,
  TAG_BYTES,
  takeNonce,
} from "../../../../keys/at-rest/envelope.ts";

const none = { id: new Uint8Array(16), secret: createSecretKey(new Uint8Array(32)) };

/** Finds every key at no cost. */
export class ScopeKeys {
  held = (tenant: TenantId, { subject }: Scope) => ({ tenant, subject, key: none });
  forWriting = (tenant: TenantId, scopes: readonly Scope[]) =>
    Promise.resolve(scopes.map((scope) => this.held(tenant, scope)));
  forReading = (tenant: TenantId, ids: Iterable<Uuid>) =>
    Promise.resolve(new Map([...ids].map((id) => [id, { tenant, subject: id, key: none }])));
}

export const keyIdOf = (stored: Uint8Array): Uint8Array => stored.subarray(0, 16);
export const sealedCiphertext = (event: { readonly ciphertext: Uint8Array }): Uint8Array =>
  event.ciphertext;
export const sealedPacket = (_event: unknown, packet: { readonly bytes: Uint8Array }): Uint8Array =>
  packet.bytes;
export const openedCiphertext = (_event: unknown, _key: unknown, stored: Uint8Array): Uint8Array =>
  stored;
export const openedPacket = (
  _event: unknown,
  _device: unknown,
  _key: unknown,
  stored: Uint8Array,
): Uint8Array => stored;

export class TranscriptRecorder {
  onCommitted(): void {}
  close = (): Promise<void> => Promise.resolve();
}

/** Runs no audit log, because the bare server has no reader of heads. */
export const runAuditLog = () =>
  Promise.resolve({
    refusal: () => undefined,
    warnings: () => [],
    close: () => Promise.resolve(),
  });

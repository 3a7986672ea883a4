import type { TenantId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { ScopeKey, ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import { periodOf } from "../../crypto/wire/key-period.ts";
import type { Scope } from "../../keys/at-rest/scope.ts";
import { KeysError } from "../../keys/keys-error.ts";
import type { ConversationHead } from "./head.ts";

/**
 * The key that encrypts each sending device's messages. Devices that belong to no member have none.
 */
export type DeviceKeys = ReadonlyMap<DeviceId, ScopeKey>;

interface Senders {
  readonly head: ConversationHead;
  readonly devices: readonly DeviceId[];
}

/** A key that is not in memory. */
export interface MissingKey {
  readonly tenant: TenantId;
  readonly device: DeviceId;
  readonly scope: Scope;
}

export interface HeldKeys {
  /** The keys of devices, by conversation. */
  readonly keys: Map<ConversationId, Map<DeviceId, ScopeKey>>;
  readonly missing: readonly MissingKey[];
}

/**
 * Returns the keys in memory that encrypt new messages of these devices, for each conversation of
 * one tenant.
 */
export function heldKeys(scopeKeys: ScopeKeys, work: readonly Senders[], nowMs: number): HeldKeys {
  const keys = new Map<ConversationId, Map<DeviceId, ScopeKey>>();
  const missing: MissingKey[] = [];
  for (const { head, devices } of work) {
    const { tenant, conversation, subject, authors } = head;
    const of = new Map<DeviceId, ScopeKey>();
    keys.set(conversation, of);
    // The same time that messages get: never before the last one.
    const period = periodOf(Math.max(nowMs, head.receivedAtMs));
    for (const device of new Set(devices)) {
      const author = authors.get(device)?.user;
      if (author === undefined) continue;
      const scope = { conversation, subject, author, period };
      const held = scopeKeys.held(tenant, scope);
      if (held === undefined) missing.push({ tenant, device, scope });
      else of.set(device, held);
    }
  }
  return { keys, missing };
}

export interface FetchedKeys {
  readonly found: readonly (MissingKey & { readonly key: ScopeKey })[];
  /** Why the keys of a conversation are unavailable. */
  readonly failed: ReadonlyMap<ConversationId, unknown>;
}

/**
 * Fetches the keys from the keystore, all at once. If one key among them fails, it fetches them
 * conversation by conversation. It never rejects.
 */
export async function fetchKeys(
  scopeKeys: ScopeKeys,
  missing: readonly MissingKey[],
): Promise<FetchedKeys> {
  const [first] = missing;
  if (first === undefined) return { found: [], failed: new Map() };
  try {
    const keys = await scopeKeys.forWriting(
      first.tenant,
      missing.map(({ scope }) => scope),
    );
    const found = missing.flatMap((each, index) => {
      const key = keys[index];
      return key === undefined ? [] : [{ ...each, key }];
    });
    return { found, failed: new Map() };
  } catch (error) {
    const conversations = new Set(missing.map(({ scope }) => scope.conversation));
    if (conversations.size === 1 || !isLasting(error))
      return { found: [], failed: new Map([...conversations].map((each) => [each, error])) };
    const apart: FetchedKeys[] = [];
    for (const conversation of conversations)
      apart.push(
        await fetchKeys(
          scopeKeys,
          missing.filter(({ scope }) => scope.conversation === conversation),
        ),
      );
    return {
      found: apart.flatMap(({ found }) => found),
      failed: new Map(apart.flatMap(({ failed }) => [...failed])),
    };
  }
}

/**
 * Returns whether a repeat soon would fail in the same way: the key is damaged, or the key that
 * wraps it is gone.
 */
export function isLasting(error: unknown): boolean {
  if (!(error instanceof KeysError)) return false;
  switch (error.code) {
    case "seal_broken":
    case "kms_refused":
    case "kms_key_not_found":
    case "kms_key_destroyed":
      return true;
    default:
      return false;
  }
}

/** Returns whether the failure may be gone on the next attempt. */
export const isPassing = (error: unknown): boolean => error !== undefined && !isLasting(error);

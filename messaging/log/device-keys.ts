import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { ScopeKey, ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import { periodOf, type Scope } from "../../keys/at-rest/scope.ts";
import type { ConversationHead } from "./head.ts";

/** What each sending device's messages are sealed by; nothing for devices of no member. */
export type DeviceKeys = ReadonlyMap<Uuid, ScopeKey>;

interface Senders {
  readonly head: ConversationHead;
  readonly devices: readonly Uuid[];
}

/**
 * By conversation of one tenant, the keys that seal what these devices send now. Asks the keystore
 * only for those that are not in memory, and for all of them at once.
 * @throws KeysError kms_..., seal_broken
 */
export async function keysForDevices(
  scopeKeys: ScopeKeys,
  work: readonly Senders[],
  now: number,
): Promise<ReadonlyMap<Uuid, DeviceKeys>> {
  const keys = new Map<Uuid, Map<Uuid, ScopeKey>>();
  const missing: { readonly of: Map<Uuid, ScopeKey>; device: Uuid; scope: Scope }[] = [];
  for (const { head, devices } of work) {
    const { tenant, conversation, subject, authors } = head;
    const of = new Map<Uuid, ScopeKey>();
    keys.set(conversation, of);
    // As the messages will be numbered: never before the last one.
    const period = periodOf(Math.max(now, head.receivedAtMs));
    for (const device of new Set(devices)) {
      const author = authors.get(device);
      if (author === undefined) continue;
      const scope = { conversation, subject, author, period };
      const held = scopeKeys.held(tenant, scope);
      if (held === undefined) missing.push({ of, device, scope });
      else of.set(device, held);
    }
  }
  const [first] = work;
  if (first === undefined || missing.length === 0) return keys;
  const found = await scopeKeys.forWriting(
    first.head.tenant,
    missing.map(({ scope }) => scope),
  );
  for (const [index, { of, device }] of missing.entries()) {
    const key = found[index];
    if (key !== undefined) of.set(device, key);
  }
  return keys;
}

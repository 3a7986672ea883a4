import { ready } from "../../sodium.ts";
import type { StoreTransaction } from "../../store-transaction.ts";
import type { RotationLimits, Suite } from "../../suite.ts";
import { createPreKeys } from "./prekeys.ts";
import { replaceKeys } from "./replace-keys.ts";
import { createSelf } from "./self.ts";
import { openFrom, sealTo } from "./private-packet.ts";
import { acceptPacket, open, rotate, seal } from "./sender-keys.ts";
import { noteUnrenewed, staleSessions } from "./sending-chain.ts";
import { establish, trust, withoutSession } from "./sessions.ts";
import { Staging } from "./staging.ts";

/**
 * Returns the suite `signal-v1`. It takes PQXDH and triple-ratchet sessions between devices, and
 * sender keys for messages, from libsignal. `Suite` documents each method.
 * @param limits when a sending key is replaced; not higher than what the relay accepts
 */
export function signalSuite(limits: RotationLimits): Suite {
  return {
    name: "signal-v1",
    createIdentity: (transaction, self) =>
      operation(transaction, async (staging) => {
        const { identity, registrationId } = await createSelf(staging, self);
        return { identityKey: identity.getPublicKey().serialize(), registrationId };
      }),
    createPreKeys: (transaction, request) =>
      operation(transaction, (staging) => createPreKeys(staging, request)),
    trust: (transaction, peer) => operation(transaction, (staging) => trust(staging, peer)),
    withoutSession: (transaction, devices) =>
      operation(transaction, (staging) => withoutSession(staging, devices)),
    noteUnrenewed: (transaction, devices, nowMs) =>
      operation(transaction, (staging) => noteUnrenewed(staging, devices, nowMs)),
    staleSessions: (transaction, devices, nowMs) =>
      operation(transaction, (staging) => staleSessions(staging, devices, nowMs)),
    establish: (transaction, bundle, nowMs) =>
      operation(transaction, (staging) => establish(staging, bundle, nowMs)),
    seal: (transaction, request) =>
      operation(transaction, (staging) => seal(staging, request, limits)),
    async open(transaction, request) {
      // These are two operations. A key that arrived is kept, even if its message is invalid.
      await operation(transaction, (staging) => acceptPacket(staging, request));
      return operation(transaction, (staging) => open(staging, request, limits));
    },
    sealTo: (transaction, request) => operation(transaction, (staging) => sealTo(staging, request)),
    openFrom: (transaction, request) =>
      operation(transaction, (staging) => openFrom(staging, request)),
    rotate: (transaction, conversation) =>
      operation(transaction, (staging) => rotate(staging, conversation)),
    replaceKeys: (transaction, request) =>
      operation(transaction, (staging) => replaceKeys(staging, request)),
  };
}

const tails = new WeakMap<StoreTransaction, Promise<unknown>>();

/**
 * Runs one operation on a transaction alone, and completely or not at all. The store's lock
 * separates transactions. This lock separates the operations that one transaction starts at the
 * same time.
 */
function operation<T>(
  transaction: StoreTransaction,
  work: (staging: Staging) => Promise<T>,
): Promise<T> {
  const run = (tails.get(transaction) ?? ready).then(async () => {
    const staging = new Staging(transaction);
    const result = await work(staging);
    staging.flush();
    return result;
  });
  tails.set(
    transaction,
    run.catch(() => undefined),
  );
  return run;
}

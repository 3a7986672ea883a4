import { ready } from "../../sodium.ts";
import type { StoreTransaction } from "../../store-transaction.ts";
import type { RotationLimits, Suite } from "../../suite.ts";
import { createPreKeys } from "./prekeys.ts";
import { replaceKeys } from "./replace-keys.ts";
import { createSelf } from "./self.ts";
import { openFrom, sealTo } from "./private-packet.ts";
import { acceptPacket, open, rotate, seal } from "./sender-keys.ts";
import { establish, trust, withoutSession } from "./sessions.ts";
import { Staging } from "./staging.ts";

/**
 * The suite `signal-v1`: PQXDH and triple-ratchet sessions between devices, sender keys for
 * messages, all from libsignal. `Suite` says what each method promises.
 * @param limits when a sending key is replaced; at most what the relay accepts
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
    establish: (transaction, bundle) =>
      operation(transaction, (staging) => establish(staging, bundle)),
    seal: (transaction, request) =>
      operation(transaction, (staging) => seal(staging, request, limits)),
    async open(transaction, request) {
      // Two operations: a key that arrived stays, even when the message beside it is not good.
      await operation(transaction, (staging) => acceptPacket(staging, request));
      return operation(transaction, (staging) => open(staging, request));
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
 * Runs one operation on a transaction, all or nothing and alone: the store's lock keeps
 * transactions apart, this keeps apart what one transaction starts at the same time.
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

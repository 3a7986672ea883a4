import type { PreKeyRequest, PreKeyUpload } from "../../suite.ts";
import { isRenewalDue, longTermPreKeys } from "./long-term-prekeys.ts";
import { deleteExpiredSessions } from "./former-sessions.ts";
import { deleteExpired } from "./retired-prekeys.ts";
import { makeKyberPreKey, makePreKey, published } from "./make-prekeys.ts";
import { PreKeyIds } from "./prekey-ids.ts";
import { loadSelf } from "./self.ts";
import { KyberPreKeys, PreKeys } from "./staged-prekeys.ts";
import type { Staging } from "./staging.ts";

/**
 * Makes one-time prekeys of both kinds. Renews the signed and the last-resort prekey when they are
 * due. All kinds share one sequence of ids.
 * @throws SuiteError no_identity
 */
export async function createPreKeys(
  staging: Staging,
  request: PreKeyRequest,
): Promise<PreKeyUpload> {
  const { oneTime, nowMs, renew = true, highestId = 0 } = request;
  const self = await loadSelf(staging);
  const ids = await PreKeyIds.load(staging);
  ids.skipTo(highestId);
  const isDue = renew && (await isRenewalDue(staging, nowMs));
  const longTerm = await longTermPreKeys(staging, self, ids, { nowMs, renew: isDue });
  if (renew) await deleteExpired(staging, nowMs);
  // It looks at the sessions with all devices, so twice a day is often enough.
  if (isDue) await deleteExpiredSessions(staging, nowMs);
  const preKeys = [];
  const kyberPreKeys = [];
  for (let made = 0; made < oneTime; made++) {
    const preKey = makePreKey(ids.take());
    await new PreKeys(staging).savePreKey(preKey.id(), preKey);
    preKeys.push({ id: preKey.id(), publicKey: preKey.publicKey().serialize() });
    const kyber = makeKyberPreKey(self, ids.take(), nowMs);
    await new KyberPreKeys(staging).saveKyberPreKey(kyber.id(), kyber);
    kyberPreKeys.push(published(kyber));
  }
  ids.save();
  return { ...longTerm, preKeys, kyberPreKeys };
}

import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Deliver } from "../../crypto/wire/frame.ts";
import type { HistoryGrant } from "../../crypto/wire/receipt.ts";
import { maxPackBytes } from "../../crypto/device/history-pack.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { Problem } from "../conversation/history.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Account } from "../device/account.ts";
import { codeOf } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import { incomingJob, putIncoming, type IncomingJob } from "./incoming-job.ts";
import { decodePackKeys } from "./packet.ts";

interface GrantDeps {
  readonly suite: Suite;
  readonly account: Account;
  readonly localClock: Clock;
}

/**
 * Takes the packs' keys from the packet of a grant whose receipt was checked, and leaves a job in the
 * store. Does nothing if the grant is for other devices.
 */
export async function takeGrant(
  deps: GrantDeps,
  transaction: StoreTransaction,
  event: Deliver,
  grant: HistoryGrant,
): Promise<readonly Problem[]> {
  if (!grant.recipientDevices.includes(deps.account.device)) return [];
  const packs = await packsOf(deps, transaction, event, grant);
  if (packs === undefined) return [{ code: "grant_unreadable", user: grant.grantor }];
  putIncoming(transaction, incomingJob(grant, event.seq, packs));
  return [];
}

/** Returns the packs' keys; undefined unless the receipt signs these packs and none is too large. */
async function packsOf(
  { suite, localClock }: GrantDeps,
  transaction: StoreTransaction,
  { conversation, senderDevice, packet }: Deliver,
  { id, packs: signed }: HistoryGrant,
): Promise<IncomingJob["packs"] | undefined> {
  if (packet === undefined) return undefined;
  try {
    const request = { conversation, id, senderDevice, packet, nowMs: localClock.now() };
    const packs = decodePackKeys(await suite.openFrom(transaction, request));
    const areSigned =
      packs?.length === signed.length &&
      packs.every(({ id: attachment, size, ciphertextDigest }, index) => {
        const named = signed[index];
        const isNamed =
          attachment === named?.attachment && equalBytes(ciphertextDigest, named.digest);
        return isNamed && size <= maxPackBytes;
      });
    return areSigned ? packs : undefined;
  } catch (error) {
    if (codeOf(error, "SuiteError") === undefined) throw error;
    return undefined;
  }
}

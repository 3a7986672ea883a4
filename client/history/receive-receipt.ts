import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import type { HistoryGrant } from "../../crypto/wire/receipt.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { loadIdentityKey } from "../../crypto/device/identity.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { Problem } from "../conversation/history.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Account } from "../device/account.ts";
import type { UntrustedDevice, Trust } from "../device/trust.ts";
import { codeOf } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import { checkedReceipt, type Signer } from "./check-receipt.ts";
import { incomingJob, putIncoming, type IncomingJob } from "./incoming-job.ts";
import { decodePackKeys } from "./packet.ts";

interface ReceiptDeps {
  readonly suite: Suite;
  readonly trust: Trust;
  readonly account: Account;
  readonly localClock: Clock;
}

/** An event with a receipt, and the device records that it brings. */
interface ReceivedReceipt {
  readonly event: Deliver;
  readonly control: Control;
  readonly devices: readonly CertifiedDevice[];
}

/**
 * Checks a receipt that arrived as an event. If it grants this device history, takes the packs'
 * keys from the packet and leaves a job in the store.
 */
export async function receiptProblems(
  deps: ReceiptDeps,
  transaction: StoreTransaction,
  { event, control, devices }: ReceivedReceipt,
  distrusted: readonly UntrustedDevice[],
): Promise<readonly Problem[]> {
  const { account } = deps;
  const fresh = devices.find(({ record }) => record.device === event.senderDevice)?.record;
  const admitted = distrusted.some(({ user }) => user === fresh?.user) ? undefined : fresh;
  const signer = await signerOf(deps, transaction, event.senderDevice, admitted);
  const receipt = checkedReceipt(account.tenant, event, control, signer);
  if (receipt === undefined) return [{ code: "invalid_receipt", user: control.actor }];
  if (receipt.type !== "history_grant" || !receipt.recipientDevices.includes(account.device))
    return [];
  const packs = await packsOf(deps, transaction, event, receipt);
  if (packs === undefined) return [{ code: "grant_unreadable", user: control.actor }];
  putIncoming(transaction, incomingJob(receipt, event.seq, packs));
  return [];
}

/**
 * Returns the owner of the device by its certificate. `admitted` was checked in this same
 * transaction.
 */
async function signerOf(
  { account, trust }: ReceiptDeps,
  transaction: StoreTransaction,
  device: DeviceId,
  admitted: Signer | undefined,
): Promise<Signer | undefined> {
  if (device !== account.device) return trust.device(device) ?? admitted;
  const { publicKey } = await loadIdentityKey(transaction, "receipt");
  return { user: account.user, receiptKey: publicKey };
}

/** Returns the keys of the packs; undefined unless they are the packs that the receipt signs. */
async function packsOf(
  { suite, localClock }: ReceiptDeps,
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
      packs.every(({ id: attachment, ciphertextDigest }, index) => {
        const named = signed[index];
        return attachment === named?.attachment && equalBytes(ciphertextDigest, named.digest);
      });
    return areSigned ? packs : undefined;
  } catch (error) {
    if (codeOf(error, "SuiteError") === undefined) throw error;
    return undefined;
  }
}

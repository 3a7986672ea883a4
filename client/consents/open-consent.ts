import {
  consentBytes,
  decodeConsent,
  type ConsentRecord,
} from "../../crypto/wire/consent-record.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import { sha256, verifySignature } from "../../crypto/device/sodium.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Account } from "../device/account.ts";
import { ownerOf, ownersToLookUp, type Claim } from "../device/owner.ts";
import type { Trust } from "../device/trust.ts";
import type { ShownConsent } from "../http/consent-api.ts";

export interface OpenConsentDeps {
  readonly store: Pick<DeviceStore, "read">;
  readonly account: Account;
  readonly trust: Pick<Trust, "device" | "unaccepted" | "historyOf">;
  /** Ed25519 public key of this device. */
  readonly deviceKey: Uint8Array;
}

/** A record whose signature was verified. */
export interface OpenedConsent {
  readonly record: ConsentRecord;
  /** SHA-256 of its text, 32 bytes. */
  readonly digest: Uint8Array;
}

/**
 * Opens a record that the server shows. A device of the user must have signed it, under an account key that this
 * device trusts.
 * @returns undefined if nobody of that account has signed it
 * @throws SealdeskError transient ones: the key log did not answer
 */
export async function openShown(
  deps: OpenConsentDeps,
  user: UserId,
  shown: ShownConsent,
): Promise<OpenedConsent | undefined> {
  const record = decoded(shown.record);
  const { tenant } = deps.account;
  if (record === undefined || record.tenant !== tenant || record.user !== user) return undefined;
  const claim: Claim = { device: record.device, proof: shown.signer, of: "act" };
  const histories = new Map();
  for (const owner of ownersToLookUp(deps, [claim], []))
    histories.set(owner, await deps.trust.historyOf(owner));
  const arrived = { devices: [], distrusted: [], histories };
  const owner = await deps.store.read((transaction) => ownerOf(deps, transaction, claim, arrived));
  const isTheirs = owner?.user === user && owner.unaccepted === undefined;
  return isTheirs && verifySignature(consentBytes(shown.record), shown.signature, owner.receiptKey)
    ? { record, digest: sha256(shown.record) }
    : undefined;
}

function decoded(text: Uint8Array): ConsentRecord | undefined {
  try {
    return decodeConsent(text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { creationBytes } from "../../crypto/wire/signed-records.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Account } from "../device/account.ts";
import { ownerOf, type Arrived, type Claim } from "../device/owner.ts";
import type { Trust } from "../device/trust.ts";

interface CreationDeps {
  readonly suite: Suite;
  readonly trust: Trust;
  readonly account: Account;
  /** Ed25519 public key of this device. */
  readonly deviceKey: Uint8Array;
}

/** Returns the claim of a creation record: its device says whose it is. */
export const claimOfCreation = ({
  device,
  creator: proof,
}: NonNullable<Control["creation"]>): Claim => ({ device, proof, of: "creation" });

/** Returns whether the creating device signed this conversation with this suite and these users (R12). */
export async function isCreationValid(
  deps: CreationDeps,
  transaction: StoreTransaction,
  { event, control }: { readonly event: Deliver; readonly control: Control },
  arrived: Arrived,
): Promise<boolean> {
  const { suite, account } = deps;
  const { creation } = control;
  if (creation === undefined || creation.suite !== suite.name) return false;
  const signer = await ownerOf(deps, transaction, claimOfCreation(creation), arrived);
  const creator = event.kind === "created" ? control.actor : creation.creator?.user;
  if (signer === undefined || signer.user !== creator) return false;
  const { device, signature, users } = creation;
  const { conversation } = event;
  const { tenant } = account;
  const bytes = creationBytes({ tenant, conversation, suite: suite.name, device, users });
  return verifySignature(bytes, signature, signer.deviceKey);
}

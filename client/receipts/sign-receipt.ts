import { encodeReceipt, receiptBytes, type Receipt } from "../../crypto/wire/receipt.ts";
import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import { loadIdentityKey } from "../../crypto/device/identity.ts";
import { sign } from "../../crypto/device/sodium.ts";
import type { ReadTransaction } from "../../crypto/device/store.ts";

/** Signs a receipt with this device's receipt key. */
export async function signReceipt(
  transaction: Pick<ReadTransaction, "get">,
  receipt: Receipt,
): Promise<SignedReceipt> {
  const text = encodeReceipt(receipt);
  const { privateKey } = await loadIdentityKey(transaction, "receipt");
  return { text, signature: sign(receiptBytes(text), privateKey) };
}

/** Receipts that devices sign, in the bodies of requests. */
import { maxReceiptBytes } from "../crypto/wire/receipt.ts";
import * as z from "zod/mini";
import { bytes } from "./values.ts";

/** The canonical text of a receipt and the signature by the device's receipt key. */
export const signedReceipt = { receipt: bytes(maxReceiptBytes, "at most"), signature: bytes(64) };

/** A receipt of type `membership`, which has a fixed length but for its numbers. */
export const signedAct = {
  receipt: bytes(1024, "at most"),
  signature: signedReceipt.signature,
};

export const newAct = z.strictObject(signedAct);

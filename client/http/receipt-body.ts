import type { SignedReceipt } from "../../crypto/wire/frame.ts";

/** Returns the members of a request's body that hold a signed receipt. */
export const receiptBody = ({ text, signature }: SignedReceipt) => ({ receipt: text, signature });

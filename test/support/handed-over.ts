import { sign } from "../../crypto/device/sodium.ts";
import {
  handoverBytes,
  type Handover,
  type HandoverSignatures,
} from "../../crypto/wire/authority-entry.ts";

interface Key {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

/**
 * Returns the signatures with which one key of an authority hands over to the next.
 * @param signers who signs, if others do than the two keys
 */
export function handedOver(
  place: Pick<Handover, "tenant" | "version" | "atMs">,
  { former, next }: { readonly former: Key; readonly next: Key },
  signers: { readonly former?: Key | undefined; readonly next?: Key | undefined } = {},
): HandoverSignatures {
  const statement = handoverBytes({ ...place, from: former.publicKey, to: next.publicKey });
  return {
    former: sign(statement, (signers.former ?? former).privateKey),
    next: sign(statement, (signers.next ?? next).privateKey),
  };
}

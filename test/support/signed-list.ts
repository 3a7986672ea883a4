import { createHash, sign, type KeyObject } from "node:crypto";
import {
  deviceListBytes,
  listedDevice,
  listValidityMs,
  type DeviceList,
  type ListSignature,
} from "../../crypto/wire/device-list.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { DeviceRecord } from "../../crypto/wire/signed-records.ts";

interface Account extends Pick<DeviceList, "tenant" | "user"> {
  readonly accountKey: { readonly publicKey: Uint8Array };
}

/** A device that signs a list. */
interface Signer {
  readonly device: DeviceId;
  readonly key: { readonly privateKey: KeyObject };
}

/** A list of an account's devices, signed by one of them: not by the library under test. */
export function signedList(
  { tenant, user, accountKey: { publicKey } }: Account,
  { device: signedBy, key }: Signer,
  records: readonly DeviceRecord[],
  times: Partial<Pick<ListSignature, "version" | "issuedAtMs" | "validUntilMs">> = {},
): ListSignature {
  const { version = 1, issuedAtMs = Date.now() } = times;
  const { validUntilMs = issuedAtMs + listValidityMs } = times;
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  const devices = records.map((record) => listedDevice(sha256, record));
  const list = { tenant, user, accountKey: publicKey, version, issuedAtMs, validUntilMs, devices };
  const signature = new Uint8Array(sign(null, deviceListBytes(list), key.privateKey));
  return { version, issuedAtMs, validUntilMs, signedBy, signature };
}

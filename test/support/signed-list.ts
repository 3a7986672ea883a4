import { createHash, sign, type KeyObject } from "node:crypto";
import {
  deviceListBytes,
  listedDevice,
  listValidityMs,
  type DeviceList,
  type ListSignature,
} from "../../crypto/wire/device-list.ts";
import type { DeviceRecord } from "../../crypto/wire/signed-records.ts";

interface Account extends Pick<DeviceList, "tenant" | "user"> {
  readonly accountKey: { readonly privateKey: KeyObject; readonly publicKey: Uint8Array };
}

/** A list of an account's devices, signed with its key: not by the library under test. */
export function signedList(
  { tenant, user, accountKey: { privateKey, publicKey } }: Account,
  records: readonly DeviceRecord[],
  times: Partial<Omit<ListSignature, "signature">> = {},
): ListSignature {
  const { version = 1, issuedAtMs = Date.now() } = times;
  const { validUntilMs = issuedAtMs + listValidityMs } = times;
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  const devices = records.map((record) => listedDevice(sha256, record));
  const list = { tenant, user, accountKey: publicKey, version, issuedAtMs, validUntilMs, devices };
  const signature = new Uint8Array(sign(null, deviceListBytes(list), privateKey));
  return { version, issuedAtMs, validUntilMs, signature };
}

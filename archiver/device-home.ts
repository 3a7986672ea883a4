import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { fromBase64Url, toBase64Url, utf8 } from "../crypto/wire/bytes.ts";
import type { DeviceStore } from "../crypto/device/store.ts";
import { openStore } from "../client/index.node.ts";
import type { Kms } from "../keys/kms/kms.ts";
import { archiveKey } from "./records/archive.ts";
import { damaged } from "./records/record.ts";
import { folderStore } from "./store/folder-store.ts";

const wrapped = z.strictObject({ version: z.int().positive(), bytes: z.string() });
const context = utf8("sealdesk/archiver-device/v1");

/**
 * Opens the store of the archiver's device. Its key is wrapped by the deployer's key service.
 * @param home the folder of the archiver, which exists
 * @throws KeysError; ArchiverError record_damaged; SealdeskError store_in_use: another archiver runs there
 */
export async function openDeviceStore(home: string, kms: Kms): Promise<DeviceStore> {
  await kms.ensureKey(archiveKey, "wrapping");
  const files = folderStore(home);
  if ((await files.read("device-key.json")) === undefined) {
    const { version, bytes } = await kms.wrap(archiveKey, randomBytes(32), context);
    await files.create("device-key.json", JSON.stringify({ version, bytes: toBase64Url(bytes) }));
  }
  const text = (await files.read("device-key.json")) ?? "";
  const { data } = wrapped.safeParse(JSON.parse(text));
  if (data === undefined) throw damaged("device-key.json");
  const key = { version: data.version, bytes: fromBase64Url(data.bytes) };
  return openStore(join(home, "device"), await kms.unwrap(archiveKey, key, context));
}

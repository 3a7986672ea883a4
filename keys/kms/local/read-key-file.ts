import { KeysError } from "../../keys-error.ts";
import { readPrivateFile } from "../../private-file.ts";
import { Secret } from "../../secret.ts";

/**
 * Reads the file that `SEALDESK_KEYRING_KEY_FILE` names. Its key seals the keyring.
 * @throws KeysError keyring_unreachable; key_file_open; keyring_damaged, if it is too short
 */
export async function readKeyFile(path: string): Promise<Secret<Uint8Array>> {
  const bytes = await readPrivateFile(path).catch((cause: unknown) => {
    if (cause instanceof KeysError) throw cause;
    throw new KeysError(
      "keyring_unreachable",
      "SEALDESK_KEYRING_KEY_FILE names a file that cannot be read.",
      { cause },
    );
  });
  if (bytes.length < 32)
    throw new KeysError(
      "keyring_damaged",
      "SEALDESK_KEYRING_KEY_FILE names a file of less than 32 bytes.",
    );
  return new Secret(new Uint8Array(bytes));
}

import type { Certificate } from "../../audit/verify/certificate/certificate.ts";
import { verifyCertificate as verify } from "../../audit/verify/certificate/verify-certificate.ts";
import { LogError } from "../../audit/verify/log-error.ts";
import type { NoteKey } from "../../audit/verify/note.ts";
import { ready } from "../../crypto/device/sodium.ts";
import { invalidArgument, listOf, object, optional, text } from "../arguments.ts";
import { SealdeskError } from "../errors.ts";
import { deviceChecks } from "../key-log/checks.ts";
import { logKeyOf } from "../key-log/kept-head.ts";

const longestKey = 1_024;
const mostKeys = 32;

/**
 * Verifies a certificate of erasure. It asks no server, and needs no account.
 * @param file the bytes of the certificate's JSON file
 * @param options.keys the verifier keys of the organisation's audit log that you trust, as
 *   `sealdesk audit vkey` prints them
 * @param options.revoked verifier keys that you trusted once; what only they signed is refused
 * @throws SealdeskError invalid_argument; certificate_invalid, whose message names the field that
 *   is wrong and whose `problem` is the reason, such as `mismatch` or `revoked_key`
 */
export async function verifyCertificate(
  file: Uint8Array,
  options: { readonly keys: readonly string[]; readonly revoked?: readonly string[] },
): Promise<Certificate> {
  if (!(file instanceof Uint8Array)) throw invalidArgument("file", "a Uint8Array");
  const keyList = listOf(text(longestKey), mostKeys);
  object({ keys: keyList, revoked: optional(keyList) })(options, "options");
  await ready;
  const keys = {
    trusted: options.keys.map((key, at) => parsed(key, `options.keys[${at}]`)),
    revoked: options.revoked?.map((key, at) => parsed(key, `options.revoked[${at}]`)) ?? [],
  };
  try {
    return verify(deviceChecks, file, keys).certificate;
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    const { code: problem, message } = cause;
    throw new SealdeskError("certificate_invalid", message, { cause, problem });
  }
}

function parsed(vkey: string, name: string): NoteKey {
  try {
    return logKeyOf(vkey);
  } catch (cause) {
    throw invalidArgument(name, "a verifier key, of the form name+id+key", cause);
  }
}

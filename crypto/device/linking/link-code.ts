import { concat, equalBytes, utf8 } from "../../wire/bytes.ts";
import { uuidFromBytes, uuidToBytes, type Uuid } from "../../wire/uuid.ts";
import { DeviceError } from "../device-error.ts";
import { sha256 } from "../sodium.ts";

/**
 * The code that a new device shows and an existing device reads, as a QR code or as copied text.
 */
export interface LinkCode {
  /** Id of the request on the server. */
  readonly request: Uuid;
  /** The whole X25519 key, 32 bytes, so that the server is not trusted to supply it. */
  readonly ephemeralKey: Uint8Array;
  /** 16 random bytes that the server never sees. They prove that the approver has read the code. */
  readonly secret: Uint8Array;
}

export const linkSecretBytes = 16;
const version = 1;
const checkBytes = 4;
const codeBytes = 1 + 16 + 32 + linkSecretBytes + checkBytes;
/**
 * Crockford's base32. Its letters cannot be confused, and QR codes encode it in their compact mode.
 */
const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const characters = Math.ceil((codeBytes * 8) / 5);

/** Returns the code as 111 capital letters and digits. */
export function encodeLinkCode({ request, ephemeralKey, secret }: LinkCode): string {
  const content = concat(Uint8Array.of(version), uuidToBytes(request), ephemeralKey, secret);
  return toBase32(concat(content, checkOf(content)));
}

/**
 * Reads a code. Accepts lower case, white space and hyphens, and O, I and L in place of digits.
 * @throws DeviceError invalid_link_code: mistyped, cut short, or from another release
 */
export function decodeLinkCode(text: string): LinkCode {
  const bytes = fromBase32(text.replaceAll(/[\s-]/g, "").toUpperCase());
  const content = bytes?.subarray(0, codeBytes - checkBytes);
  if (
    bytes === undefined ||
    content?.[0] !== version ||
    !equalBytes(checkOf(content), bytes.subarray(codeBytes - checkBytes))
  )
    throw new DeviceError("invalid_link_code", "This is not the code of a new device.");
  return {
    request: uuidFromBytes(content, 1),
    ephemeralKey: content.slice(17, 49),
    secret: content.slice(49),
  };
}

/** Detects reading errors only. Anyone who makes a code can compute its check digits. */
const checkOf = (content: Uint8Array): Uint8Array =>
  sha256(concat(utf8("sealdesk/link-code/v1"), content)).subarray(0, checkBytes);

function toBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += digits[(held >> bits) & 31];
    }
  }
  return bits === 0 ? text : text + digits[(held << (5 - bits)) & 31];
}

/** Returns undefined for another length or alphabet, or for unused bits that are not zero. */
function fromBase32(text: string): Uint8Array | undefined {
  if (text.length !== characters) return undefined;
  const bytes = new Uint8Array(codeBytes);
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const character of text.replaceAll("O", "0").replaceAll(/[IL]/g, "1")) {
    const digit = digits.indexOf(character);
    if (digit < 0) return undefined;
    held = ((held << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

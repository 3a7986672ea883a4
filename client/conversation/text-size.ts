import { utf8 } from "../../crypto/wire/bytes.ts";
import { SealdeskError } from "../errors.ts";

/**
 * The longest text that fits into one message, in bytes of UTF-8. It holds 16,000 characters of any
 * script. A message is padded to at most 63 KiB. The franking key, the length, the largest context
 * of the payload and the text's tags take their part of it.
 */
export const maxTextBytes = 64_101;

/** The same for a correction or an edit, which also names an earlier message. */
export const maxRevisionBytes = maxTextBytes - 64;

/** @throws SealdeskError message_too_large */
export function assertTextSize(text: string, most: number = maxTextBytes): void {
  // A character has at least as many bytes as code units. So a text that is far too long need not
  // be encoded.
  if (text.length > most || utf8(text).length > most)
    throw new SealdeskError(
      "message_too_large",
      `The text does not fit into one message, which holds ${most} bytes of UTF-8. Send it in parts, or as a file.`,
    );
}

import { utf8 } from "../../crypto/wire/bytes.ts";
import { SealdeskError } from "../errors.ts";

/**
 * The longest text that one message holds, in bytes of UTF-8: 16,000 characters of any
 * script. A message is padded to at most 63 KiB, from which go the franking key, the length, the
 * payload's context at its largest, and the tags of the text.
 */
export const maxTextBytes = 64_249;

/** @throws SealdeskError message_too_large */
export function checkTextSize(text: string): void {
  // No character has fewer bytes than code units: what is far too long is not even encoded.
  if (text.length > maxTextBytes || utf8(text).length > maxTextBytes)
    throw new SealdeskError(
      "message_too_large",
      `The text does not fit one message, which holds ${maxTextBytes} bytes of UTF-8. Send it in parts, or as a file.`,
    );
}

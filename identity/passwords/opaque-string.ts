/**
 * Returns a password in the form that is hashed and compared, so that one password typed on two systems is the
 * same. It is the OpaqueString profile of RFC 8265 section 4.2.1: every other space becomes U+0020, and the text is
 * normalised to NFC. Case and width stay as they are.
 */
export const opaqueString = (text: string): string =>
  text.replaceAll(/\p{Zs}/gu, " ").normalize("NFC");

// The categories that the FreeformClass disallows, RFC 8264 section 4.3.3. Joiners are among them: the rules
// that allow some of them in some scripts (RFC 5892 appendix A) are not applied.
const DISALLOWED =
  /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\u1100-\u11FF\uA960-\uA97F\uD7B0-\uD7FF]/u;

/** Returns whether a text has only characters of the FreeformClass of RFC 8264, as RFC 8265 asks of passwords. */
export const isFreeform = (text: string): boolean => !DISALLOWED.test(text);

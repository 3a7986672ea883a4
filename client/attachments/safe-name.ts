import sanitize from "sanitize-filename";
import { utf8 } from "../../crypto/wire/bytes.ts";

/** Bytes of UTF-8. File systems take 255; what an application adds, such as " (2)", has to fit too. */
const maxBytes = 200;
const maxExtensionBytes = 20;

// Names of devices in Windows, whatever the extension. Blanks before the dot do not count there.
const reserved = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i;

// Direction overrides make "exe.txt" of "txt.exe" on a screen, other format characters are not seen at
// all. The two joiners stay: scripts and emoji are written with them.
const unseen = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Noncharacter_Code_Point}]/gu;

/**
 * A name that can be written to any file system and shown in a list: one part of a path, without
 * characters that are reserved or not seen, at most 200 bytes, and of the same extension. Two names
 * can become one: it is for the application to keep files apart.
 */
export function safeFileName(name: string): string {
  const seen = name
    .toWellFormed()
    .replaceAll(/[^\S\ufeff]+/gu, " ")
    .replaceAll(unseen, "")
    .normalize("NFC");
  const named = trimmed(seen);
  const short = shortened(reserved.test(named) ? `_${named}` : named);
  return sanitize(short, { replacement: "_" }) || "file";
}

/** Windows drops dots and blanks at the end; a dot at the beginning hides a file. */
const trimmed = (name: string): string => name.replace(/^[\s.]+/u, "").replace(/[\s.]+$/u, "");

function shortened(name: string): string {
  if (utf8(name).length <= maxBytes) return name;
  const dot = name.lastIndexOf(".");
  const extension = dot === -1 ? "" : name.slice(dot);
  const kept = utf8(extension).length <= maxExtensionBytes ? extension : "";
  const base = kept === "" ? name : name.slice(0, dot);
  let left = maxBytes - utf8(kept).length;
  let cut = "";
  for (const character of base) {
    left -= utf8(character).length;
    if (left < 0) break;
    cut += character;
  }
  return trimmed(cut) + kept;
}

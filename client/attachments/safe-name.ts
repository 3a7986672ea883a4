import sanitize from "sanitize-filename";
import { utf8 } from "../../crypto/wire/bytes.ts";

/**
 * Longest name in bytes of UTF-8. File systems allow 255, and an application may add text such as "
 * (2)".
 */
const maxBytes = 200;
const maxExtensionBytes = 20;

// Names of devices in Windows, with any extension. Windows ignores blanks before the dot.
const reserved = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i;

// A direction override shows "txt.exe" as "exe.txt", and other format characters are invisible. The
// two joiners stay, because scripts and emoji need them.
const unseen = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Noncharacter_Code_Point}]/gu;

/**
 * Returns a name that you can write to any file system and show in a list: one part of a path,
 * without reserved or invisible characters, at most 200 bytes, with the same extension. Two names
 * can become the same one; your application must keep such files apart.
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

/** Windows drops dots and blanks at the end. A dot at the beginning hides a file. */
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

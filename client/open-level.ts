import { Level as LevelDb } from "level";
import { encodings, type Level } from "../crypto/device/level.ts";

/**
 * Opens the database of a store: a LevelDB in the directory with that name. Browsers use
 * `open-level.browser.ts` instead.
 */
export const levelAt = (location: string): Level =>
  new LevelDb<string, Uint8Array>(location, encodings);

import { Level as LevelDb } from "level";
import { encodings, type Level } from "../crypto/device/level.ts";

/** The database of a store: a LevelDB in the directory of that name. Browsers get `open-level.browser.ts`. */
export const levelAt = (location: string): Level =>
  new LevelDb<string, Uint8Array>(location, encodings);

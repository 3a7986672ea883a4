import type { Level } from "../crypto/device/level.ts";
import { IndexedDbLevel } from "./indexed-db-level.ts";

/** The database of a store: an IndexedDB of that name. */
export const levelAt = (location: string): Level => new IndexedDbLevel(location);

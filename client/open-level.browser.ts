import type { Level } from "../crypto/device/level.ts";
import { IndexedDbLevel } from "./indexed-db-level.ts";

/** Opens the database of a store: an IndexedDB with that name. */
export const levelAt = (location: string): Level => new IndexedDbLevel(location);

import { uuidv7 } from "uuidv7";
import { idGenerator, type AnyId } from "../../crypto/wire/ids.ts";

/** Returns a new id of the kind that you name or that its place has. */
export const newId = idGenerator(uuidv7);

/** Lets a short name stand for an id, in code that does not look at the id's form. */
export const idOf = <I extends AnyId>(name: string): I => name as I;

import { decodePayload, type Body } from "../../crypto/wire/payload.ts";
import { decodeControl, type Control } from "../../crypto/wire/frame.ts";
import type { ArchivedEvent } from "./archived-event.ts";

/** Returns what a message says; undefined if the archive does not have it, or it does not decode. */
export const bodyOf = ({ content }: ArchivedEvent): Body | undefined =>
  content && decoded(() => decodePayload(content.payload).body);

/** Returns the members and the act of an event that is not a message; undefined if there are none, or they do not decode. */
export const controlOf = ({ control }: ArchivedEvent): Control | undefined =>
  control && decoded(() => decodeControl(control));

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

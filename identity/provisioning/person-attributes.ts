import { z } from "zod";
import { lineOf } from "../providers/person.ts";
import { changesIn, singleValue, type PatchOperation } from "./patch.ts";
import { invalidValue } from "./scim-refusals.ts";

/** What is kept of a SCIM User (RFC 7643 section 4.1). Everything else that a provider sends is dropped. */
export interface PersonAttributes {
  readonly userName: string;
  /** The name that others see. Without it, the user name. */
  readonly displayName: string | undefined;
  /** The provider's id of the person: what its ID tokens have as the subject claim. */
  readonly externalId: string | undefined;
  readonly active: boolean;
}

/** A SCIM User as it was sent. */
export interface SentPerson {
  readonly userName: string;
  readonly displayName?: string | null | undefined;
  readonly name?:
    | {
        readonly formatted?: string | null | undefined;
        readonly givenName?: string | null | undefined;
        readonly familyName?: string | null | undefined;
      }
    | null
    | undefined;
  readonly externalId?: string | null | undefined;
  readonly active?: boolean | string | null | undefined;
}

const nameLine = lineOf(128);
const displayLine = lineOf(256);
const externalId = z
  .string()
  .min(1)
  .max(255)
  .refine((text) => !text.includes("\u0000"));

/**
 * Returns what is kept of a person.
 * @throws IdentityError invalid_scim_value
 */
export function personOf({ userName, displayName, name, ...sent }: SentPerson): PersonAttributes {
  const parts = [name?.givenName, name?.familyName].filter((part) => typeof part === "string");
  const shown = displayName ?? name?.formatted ?? parts.join(" ");
  return {
    userName: userNameIn(userName),
    displayName: displayLine.parse(shown),
    externalId: orAbsent(sent.externalId, externalIdIn),
    active: orAbsent(sent.active, booleanIn) ?? true,
  };
}

/**
 * Returns the person after a PATCH. Attributes that are not kept are not changed either.
 * @throws IdentityError invalid_scim_path, invalid_scim_value, invalid_scim_filter
 */
export function patchedPerson(
  person: PersonAttributes,
  operations: readonly PatchOperation[],
): PersonAttributes {
  let patched = person;
  for (const { op, attribute, value } of changesIn(operations)) {
    const isRemoval = op === "remove";
    switch (attribute) {
      case "active":
        if (isRemoval) throw invalidValue("A person is active or not.");
        patched = { ...patched, active: booleanIn(value) };
        break;
      case "username":
        if (isRemoval) throw invalidValue("A person has a userName.");
        patched = { ...patched, userName: userNameIn(value) };
        break;
      case "displayname":
        patched = {
          ...patched,
          displayName: isRemoval ? undefined : displayLine.parse(singleValue(value)),
        };
        break;
      case "externalid":
        patched = { ...patched, externalId: isRemoval ? undefined : externalIdIn(value) };
        break;
    }
  }
  return patched;
}

/** An attribute that is null is absent (RFC 7643 section 2.5). */
export const orAbsent = <T, R>(
  value: T | null | undefined,
  read: (value: T) => R,
): R | undefined => (value === null || value === undefined ? undefined : read(value));

/** Microsoft Entra ID writes booleans as "True" and "False". */
function booleanIn(value: unknown): boolean {
  const single = singleValue(value);
  const text = typeof single === "string" ? single.toLowerCase() : single;
  if (text === true || text === "true") return true;
  if (text === false || text === "false") return false;
  throw invalidValue("active is true or false.");
}

function userNameIn(value: unknown): string {
  const name = nameLine.parse(singleValue(value));
  if (name === undefined) throw invalidValue("userName is a line of 1 to 128 characters.");
  return name;
}

function externalIdIn(value: unknown): string {
  const { data } = externalId.safeParse(singleValue(value));
  if (data === undefined) throw invalidValue("externalId has 1 to 255 characters.");
  return data;
}

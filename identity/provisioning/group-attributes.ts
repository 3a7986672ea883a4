import { z } from "zod";
import { isId, type UserId } from "../../crypto/wire/ids.ts";
import { changesIn, singleValue, type AttributeChange, type PatchOperation } from "./patch.ts";
import { orAbsent } from "./person-attributes.ts";
import { invalidPath, invalidValue } from "./scim-refusals.ts";

/** What is kept of a SCIM Group (RFC 7643 section 4.2). */
export interface GroupAttributes {
  readonly displayName: string;
  readonly externalId: string | undefined;
  readonly members: ReadonlySet<UserId>;
}

/** A SCIM Group as it was sent. */
export interface SentGroup {
  readonly displayName: string;
  readonly externalId?: string | null | undefined;
  readonly members?: readonly { readonly value: string }[] | null | undefined;
}

const line = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => !text.includes("\u0000"));
const memberList = z
  .union([z.array(z.looseObject({ value: z.string() })), z.looseObject({ value: z.string() })])
  .transform((sent) => [sent].flat().map(({ value }) => value));

/**
 * Returns what is kept of a group.
 * @param before the members that it has, which stay if none are sent. An empty list removes them
 * @throws IdentityError invalid_scim_value
 */
export const groupOf = (
  { displayName, externalId, members }: SentGroup,
  before: ReadonlySet<UserId> = new Set(),
): GroupAttributes => ({
  displayName: lineIn("displayName", displayName),
  externalId: orAbsent(externalId, (text) => lineIn("externalId", text)),
  members: orAbsent(members, (sent) => new Set(sent.map(({ value }) => memberIn(value)))) ?? before,
});

/**
 * Returns the group after a PATCH. Attributes that are not kept are not changed either.
 * @throws IdentityError invalid_scim_path, invalid_scim_value, invalid_scim_filter
 */
export function patchedGroup(
  group: GroupAttributes,
  operations: readonly PatchOperation[],
): GroupAttributes {
  let patched = group;
  for (const change of changesIn(operations)) {
    const isRemoval = change.op === "remove";
    switch (change.attribute) {
      case "displayname":
        if (isRemoval) throw invalidValue("A group has a displayName.");
        patched = { ...patched, displayName: lineIn("displayName", singleValue(change.value)) };
        break;
      case "externalid":
        patched = {
          ...patched,
          externalId: isRemoval ? undefined : lineIn("externalId", singleValue(change.value)),
        };
        break;
      case "members":
        patched = { ...patched, members: patchedMembers(patched.members, change) };
        break;
    }
  }
  return patched;
}

function patchedMembers(
  members: ReadonlySet<UserId>,
  { op, selected, value }: AttributeChange,
): ReadonlySet<UserId> {
  if (op !== "remove") {
    if (selected !== undefined) throw invalidPath("Only a removal selects a member.");
    const named = membersIn(value);
    return new Set(op === "add" ? [...members, ...named] : named);
  }
  if (selected !== undefined) return without(members, [selected]);
  // Microsoft Entra ID names the members to remove in the value. Without any, all are removed.
  return orAbsent(value, (sent) => without(members, listed(sent))) ?? new Set();
}

function without(members: ReadonlySet<UserId>, removed: readonly string[]): ReadonlySet<UserId> {
  const ids: ReadonlySet<string> = new Set(removed.map((id) => id.toLowerCase()));
  return new Set([...members].filter((each) => !ids.has(each)));
}

const membersIn = (value: unknown): readonly UserId[] => listed(value).map(memberIn);

function listed(value: unknown): readonly string[] {
  const { data } = memberList.safeParse(value);
  if (data === undefined) throw invalidValue("Each member is an object with the id as value.");
  return data;
}

function memberIn(text: string): UserId {
  const id: string = text.toLowerCase();
  if (!isId<UserId>(id)) throw noSuchMember();
  return id;
}

/** The refusal of a member whom the provider has not written. */
export const noSuchMember = () =>
  invalidValue("A member is not a User that this provider has written. Create the User first.");

function lineIn(attribute: string, value: unknown): string {
  const { data } = line.safeParse(value);
  if (data === undefined) throw invalidValue(`${attribute} has 1 to 256 characters.`);
  return data;
}

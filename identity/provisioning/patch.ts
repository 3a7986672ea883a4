import { parseFilter } from "./filter.ts";
import { invalidPath, invalidValue } from "./scim-refusals.ts";

/** An operation of a PATCH (RFC 7644 section 3.5.2), as it was sent. */
export interface PatchOperation {
  readonly op: string;
  readonly path?: string | undefined;
  readonly value?: unknown;
}

/** A change of one attribute. */
export interface AttributeChange {
  readonly op: "add" | "replace" | "remove";
  /** In lower case, without the URN of the core schema. Sub-attributes follow a dot. */
  readonly attribute: string;
  /** The value that `[value eq "..."]` of the path selects. */
  readonly selected: string | undefined;
  readonly value: unknown;
}

const OPERATIONS = ["add", "replace", "remove"] as const;
const CORE = /^urn:ietf:params:scim:schemas:core:2\.0:(?:user|group):/;
const PATH = /^(urn:[\w.:-]{1,200}:)?([a-z_$][\w$-]*)(\[[^[\]]{1,300}\])?(\.[a-z_$][\w$-]*)?$/i;

/**
 * Returns the changes that the operations ask for, in order. It takes what identity providers send: operations in any
 * case (Microsoft Entra ID), and operations without a path, whose value has attributes as members.
 * @throws IdentityError invalid_scim_path, invalid_scim_value, invalid_scim_filter
 */
export const changesIn = (operations: readonly PatchOperation[]): readonly AttributeChange[] =>
  operations.flatMap(changesOf);

function changesOf({ op: sent, path, value }: PatchOperation): readonly AttributeChange[] {
  const op = OPERATIONS.find((each) => each === sent.toLowerCase());
  if (op === undefined) throw invalidValue("An operation is add, replace or remove.");
  if (path !== undefined) return [{ op, ...parsePath(path), value }];
  if (op === "remove") throw invalidPath("A removal needs a path.");
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidValue("The value of an operation without a path is an object of attributes.");
  return Object.entries(value).map(([name, each]) => ({
    op,
    attribute: plain(name),
    selected: undefined,
    value: each as unknown,
  }));
}

function parsePath(path: string): Pick<AttributeChange, "attribute" | "selected"> {
  const [whole, urn = "", name = "", brackets, rest = ""] = PATH.exec(path) ?? [];
  if (whole === undefined) throw invalidPath("The path of an operation cannot be read.");
  const attribute = plain(`${urn}${name}`);
  if (attribute !== "members") {
    // An attribute of which one value is selected, such as an e-mail address. None of them is kept.
    const isWhole = brackets === undefined;
    return {
      attribute: `${attribute}${isWhole ? "" : "[]"}${rest.toLowerCase()}`,
      selected: undefined,
    };
  }
  if (rest !== "") throw invalidPath("Members are added and removed as a whole.");
  if (brackets === undefined) return { attribute, selected: undefined };
  const [{ value }, ...others] = parseFilter(brackets.slice(1, -1), ["value"]);
  if (others.length > 0 || typeof value !== "string")
    throw invalidPath("A path selects one value.");
  return { attribute, selected: value };
}

const plain = (name: string): string => name.toLowerCase().replace(CORE, "");

/** Returns the first value of a list, and what a member `value` has: some send lists for single values. */
export function singleValue(value: unknown): unknown {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "object" && first !== null && Object.hasOwn(first, "value")
    ? (first as { readonly value: unknown }).value
    : first;
}

import { invalidFilter } from "./scim-refusals.ts";

/** A comparison with `eq`, such as `userName eq "mira"`. */
export interface Comparison {
  /** The attribute in lower case, without the URN of its schema. */
  readonly attribute: string;
  readonly value: string | boolean;
}

const LONGEST = 1_024;
const MOST_COMPARISONS = 4;
const COMPARISON =
  /\s*(?:urn:ietf:params:scim:schemas:core:2\.0:(?:User|Group):)?([a-z]\w*(?:\.value)?)\s+eq\s+("(?:[^"\\]|\\.)*"|true|false)\s*(\sand(?=\s)|$)/iy;

/**
 * Parses a filter (RFC 7644 section 3.4.2.2): comparisons with `eq`, with `and` between them. Identity providers
 * send no others. Names and operators are not case-sensitive.
 * @param attributes that the resource can be found by, in lower case
 * @throws IdentityError invalid_scim_filter, also for `or`, `not`, brackets and other attributes
 */
export function parseFilter(
  text: string,
  attributes: readonly string[],
): readonly [Comparison, ...Comparison[]] {
  const found: Comparison[] = [];
  const comparison = new RegExp(COMPARISON);
  const read = text.length <= LONGEST ? text : "";
  while (found.length < MOST_COMPARISONS) {
    const [whole, name = "", value = "", and] = comparison.exec(read) ?? [];
    const attribute = name.toLowerCase();
    if (whole === undefined || !attributes.includes(attribute)) break;
    found.push({ attribute, value: valueOf(value) });
    const [first, ...others] = found;
    if (and === "" && first !== undefined) return [first, ...others];
  }
  throw invalidFilter(
    `The filter must be ATTRIBUTE eq VALUE, at most ${MOST_COMPARISONS} of them with "and" between. The attributes are ${attributes.join(", ")}.`,
  );
}

function valueOf(literal: string): string | boolean {
  if (!literal.startsWith('"')) return literal.toLowerCase() === "true";
  try {
    const text = JSON.parse(literal) as string;
    if (!text.includes("\u0000")) return text;
  } catch {
    // Not a JSON string.
  }
  throw invalidFilter("A value of the filter is not a JSON string.");
}

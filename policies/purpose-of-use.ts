import { allow, deny, type Decision } from "./decision.ts";
import { isStaff, type Role } from "./roles.ts";

/**
 * The general purposes of use of health information: value set GeneralPurposeOfUse of HL7 Version 3, code system
 * http://terminology.hl7.org/CodeSystem/v3-ActReason.
 */
export const generalPurposes = {
  TREAT: "treatment",
  ETREAT: "emergency treatment",
  HPAYMT: "healthcare payment",
  COVERAGE: "coverage under a policy or program",
  HOPERAT: "healthcare operations",
  HMARKT: "healthcare marketing",
  HRESCH: "healthcare research",
  PATRQT: "patient requested",
  PUBHLTH: "public health",
} as const;

/** The system of the codes of `generalPurposes`. */
export const ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

export const isGeneralPurpose = (code: string): code is keyof typeof generalPurposes =>
  Object.hasOwn(generalPurposes, code);

/** The value of the fact `purpose` if a request states none. */
export const NO_PURPOSE = "none";

/** The form of a code of purpose of use: one of `generalPurposes`, or one of the tenant's own list. */
export const purposePattern = /^[A-Z][A-Z0-9_]{1,31}$/;

/** The number of codes of a tenant's own list. */
export const MOST_PURPOSES = 100;

/** The reads for which a tenant can demand a purpose. */
export const purposeReads = {
  conversations:
    "lists of conversations, their members and state, attachments, and hashes of granted history",
  break_glass: "requests for access in an emergency",
  names: "names of accounts",
  audit_log: "the audit log, and the accounting of disclosures",
  exports: "exports and archives of the audit log",
} as const;

export type PurposeRead = keyof typeof purposeReads;

/** What a tenant demands. */
export interface PurposeSetting {
  /** The reads by staff for which a purpose must be stated. */
  readonly reads: readonly PurposeRead[];
  /** The codes that the tenant accepts beside `generalPurposes`. */
  readonly codes: readonly string[];
}

/** Who reads, and what they say that it is for. */
export interface PurposeFacts {
  /** Undefined for the operator. */
  readonly role?: Role | undefined;
  /** A code; undefined if none was stated. */
  readonly purpose?: string | undefined;
  /** Undefined if nothing is demanded. */
  readonly purposeSetting?: PurposeSetting | undefined;
}

/**
 * Returns the purpose that an audit entry has: the code that was stated, if a member of staff stated one of
 * `generalPurposes` or of the tenant's own list. So the log holds no text that the sender of a request has chosen. Pure.
 */
export function recordedPurpose(facts: PurposeFacts): string | undefined {
  const { role, purpose } = facts;
  if (purpose === undefined || (role !== undefined && !isStaff(role))) return undefined;
  return isListed(purpose, facts) ? purpose : undefined;
}

const isListed = (code: string, { purposeSetting }: PurposeFacts): boolean =>
  isGeneralPurpose(code) || (purposeSetting?.codes.includes(code) ?? false);

/**
 * Decides whether a read may be done with the purpose that is stated for it, if there is one. Customers never state
 * one. A code that is on no list is refused, also where none is needed. Pure.
 */
export function decidePurpose(facts: PurposeFacts, read: PurposeRead): Decision {
  const { role, purpose, purposeSetting } = facts;
  if (role !== undefined && !isStaff(role)) return allow("own_data");
  if (purpose === undefined)
    return purposeSetting?.reads.includes(read) === true
      ? deny("purpose_not_stated")
      : allow("no_purpose_needed");
  return isListed(purpose, facts) ? allow("purpose_stated") : deny("purpose_not_listed");
}

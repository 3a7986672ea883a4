import type { CanonicalValue } from "../../crypto/wire/canonical-json.ts";

/** Create, read, update, delete, execute: as in FHIR R4 AuditEvent.action. */
export type ActionClass = "C" | "R" | "U" | "D" | "E";

/** The values that a detail of each kind has. `text` is a word or a code, never content. */
export interface DetailKinds {
  readonly id: string;
  readonly ids: readonly string[];
  readonly text: string;
  readonly number: number;
  readonly boolean: boolean;
  readonly list: readonly CanonicalValue[];
  readonly record: { readonly [name: string]: CanonicalValue };
}

/** The promises of the audit log about the entries of one action. */
export interface ActionSpec {
  readonly class: ActionClass;
  /** The kinds of resource that the action is done to. */
  readonly resources: readonly string[];
  /** The names and kinds of the details. An entry may lack some, for example of a refusal. */
  readonly details: Readonly<Record<string, keyof DetailKinds>>;
  /** The occasion on which the entry is written, in Markdown, for docs/audited-actions.md. */
  readonly description: string;
}

/** Actions by name. A name is a noun and a verb, such as "session.create". */
export type ActionSpecs = Readonly<Record<`${string}.${string}`, ActionSpec>>;

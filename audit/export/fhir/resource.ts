/** The parts of FHIR R4 AuditEvent that we write. */
export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

export interface Reference {
  readonly type?: string;
  readonly identifier: { readonly system: string; readonly value: string };
}

export interface Agent {
  readonly type: { readonly coding: readonly Coding[] };
  readonly role?: readonly { readonly text: string }[];
  readonly who: Reference;
  readonly requestor: boolean;
  readonly network?: { readonly address: string; readonly type: "5" };
}

export interface Entity {
  readonly what?: Reference;
  readonly type: Coding;
  readonly role?: Coding;
  readonly description?: string;
  /** Base64. */
  readonly query?: string;
  readonly detail?: readonly { readonly type: string; readonly valueString: string }[];
}

export interface AuditEvent {
  readonly resourceType: "AuditEvent";
  readonly id: string;
  readonly meta: { readonly profile?: readonly string[]; readonly tag: readonly Coding[] };
  readonly type: Coding;
  readonly subtype: readonly Coding[];
  readonly action: "C" | "R" | "U" | "D" | "E";
  readonly recorded: string;
  readonly outcome: "0" | "4" | "8" | "12";
  readonly outcomeDesc?: string;
  readonly purposeOfEvent?: readonly (
    { readonly text: string } | { readonly coding: readonly Coding[] }
  )[];
  readonly agent: readonly Agent[];
  readonly source: {
    readonly site: string;
    readonly observer: Reference;
    readonly type: readonly Coding[];
  };
  readonly entity: readonly Entity[];
}

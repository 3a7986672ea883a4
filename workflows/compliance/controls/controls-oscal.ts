import { createHash } from "node:crypto";
import type { Control, MappedRequirement } from "./map-controls.ts";
import { frameworks, type Framework } from "./requirements.ts";

/** Names the properties that are ours (OSCAL, "extending with props"). */
const NAMESPACE = "urn:sealdesk:oscal";

const OSCAL_VERSION = "1.0.6";

/** About whom and when the mapping was made. */
interface About {
  readonly organisation: string;
  readonly checkedAtMs: number;
  /** The version of Sealdesk. */
  readonly version: string;
}

/**
 * Returns the mapping as an OSCAL component definition (NIST, version 1.0.6): Sealdesk is the component, each set of
 * requirements a control implementation, and each requirement an implemented requirement. Identifiers are made from
 * names, so the same requirement keeps its identifier in later documents. Pure.
 */
export const controlsOscal = (mapped: readonly MappedRequirement[], about: About) => ({
  "component-definition": {
    uuid: uuidOf(`document ${about.organisation} ${about.checkedAtMs}`),
    metadata: {
      title: `Controls of ${about.organisation}`,
      "last-modified": new Date(about.checkedAtMs).toISOString(),
      version: about.version,
      "oscal-version": OSCAL_VERSION,
    },
    components: [
      {
        uuid: uuidOf("component"),
        type: "software",
        title: "Sealdesk",
        description: "End-to-end encrypted customer-support messaging.",
        "control-implementations": (Object.keys(frameworks) as Framework[]).map((framework) => ({
          uuid: uuidOf(framework),
          source: frameworks[framework].source,
          description: frameworks[framework].title,
          "implemented-requirements": mapped
            .filter((each) => each.framework === framework)
            .map(requirementOf),
        })),
      },
    ],
  },
});

const requirementOf = ({ framework, id, asks, controls }: MappedRequirement) => ({
  uuid: uuidOf(`${framework} ${id}`),
  "control-id": tokenOf(framework, id),
  description: `${id}: ${asks}. ${controls.map(({ does }) => does).join(" ")}`,
  props: controls.flatMap(propsOf),
});

const propsOf = ({ measure, setting, code, tests, evidence, result, checks }: Control) => {
  const prop = (name: string, value: string) => ({
    name,
    ns: NAMESPACE,
    value,
    class: measure,
  });
  return [
    prop("setting", setting),
    ...code.map((path) => prop("code", path)),
    ...tests.map((path) => prop("test", path)),
    prop("evidence", evidence),
    prop("result", result),
    ...checks.map(({ name, state, found }) => prop(`check-${name}`, `${state}: ${found}`)),
  ];
};

/** Returns a requirement as a token of OSCAL: it begins with a letter and has letters, digits, `.`, `-` and `_`. */
const tokenOf = (framework: Framework, id: string): string =>
  `${framework}-${id
    .toLowerCase()
    .replaceAll(/[()]+/g, "-")
    .replaceAll(/[^a-z0-9.-]/g, "-")
    .replaceAll(/^-|-$/g, "")}`;

/** Returns a UUID of version 5 (RFC 9562, section 5.5): the same for the same name. */
function uuidOf(name: string): string {
  const hash = createHash("sha1").update(`${NAMESPACE}#${name}`).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

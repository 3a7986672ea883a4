import { z } from "zod";

/**
 * The parts of NIST's OSCAL 1.0.6 that a control mapping uses, with the patterns of its JSON schema: an unknown member is
 * refused, as `additionalProperties: false` does.
 * https://github.com/usnistgov/OSCAL/releases/download/v1.0.6/oscal_component_schema.json
 */
const uuid = z
  .string()
  .regex(
    /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$/,
  );
const token = z.string().regex(/^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$/u);
const text = z.string().regex(/^\S(.*\S)?$/u);
const uri = z.string().regex(/^[a-zA-Z][a-zA-Z0-9+\-.]+:.+$/);
const moment = z.iso.datetime({ offset: true });

const property = z.strictObject({ name: token, ns: uri, value: text, class: token });

const implementedRequirement = z.strictObject({
  uuid,
  "control-id": token,
  description: z.string().min(1),
  props: z.array(property).min(1),
});

const controlImplementation = z.strictObject({
  uuid,
  source: uri,
  description: z.string().min(1),
  "implemented-requirements": z.array(implementedRequirement).min(1),
});

const component = z.strictObject({
  uuid,
  type: text,
  title: z.string().min(1),
  description: z.string().min(1),
  "control-implementations": z.array(controlImplementation).min(1),
});

export const componentDefinition = z.strictObject({
  "component-definition": z.strictObject({
    uuid,
    metadata: z.strictObject({
      title: z.string().min(1),
      "last-modified": moment,
      version: text,
      "oscal-version": text,
    }),
    components: z.array(component).min(1),
  }),
});

import { actions } from "../../audit/actions.ts";
import type { ActionSpec, DetailKinds } from "../../audit/actions/action-spec.ts";

const isOfKind: Readonly<Record<keyof DetailKinds, (value: unknown) => boolean>> = {
  id: (value) => typeof value === "string",
  ids: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
  text: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  record: (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value),
  list: (value) => Array.isArray(value),
};

/**
 * Lists what an entry has that the table of actions does not allow. The sum of
 * repeated acts has details of its own.
 */
export function outsideActionTable(entry: Readonly<Record<string, unknown>>): readonly string[] {
  const action = String(entry["action"]);
  const specs: Readonly<Record<string, ActionSpec>> = actions;
  const spec = specs[action];
  if (spec === undefined) return [action];
  const { type } = entry["resource"] as { readonly type: string };
  const details = Object.entries(entry["details"] ?? {});
  if (details.some(([name]) => name === "repeated")) return [];
  const has = (name: string, value: unknown) => {
    const kind = spec.details[name];
    return kind !== undefined && isOfKind[kind](value);
  };
  return [
    ...(entry["class"] === spec.class ? [] : [`${action}: class`]),
    ...(spec.resources.includes(type) ? [] : [`${action}: resource ${type}`]),
    ...details.filter((each) => !has(...each)).map(([name]) => `${action}: detail ${name}`),
  ];
}

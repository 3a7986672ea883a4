import type { Control, MappedRequirement } from "./map-controls.ts";
import { frameworks, type Framework } from "./requirements.ts";

/** Returns the mapping as Markdown: one table for each set of requirements. Pure. */
export const controlsMarkdown = (
  mapped: readonly MappedRequirement[],
  { organisation, checkedAtMs }: { readonly organisation: string; readonly checkedAtMs: number },
): string =>
  [
    `# Controls of ${organisation}`,
    "",
    `Generated from the live configuration at ${new Date(checkedAtMs).toISOString()}.`,
    "",
    ...(Object.keys(frameworks) as Framework[]).flatMap((framework) => [
      `## ${frameworks[framework].title}`,
      "",
      "| requirement | measure | setting | code | test | evidence | result |",
      "| --- | --- | --- | --- | --- | --- | --- |",
      ...mapped
        .filter((each) => each.framework === framework)
        .flatMap((requirement) => requirement.controls.map((each) => row(requirement, each))),
      "",
    ]),
  ].join("\n");

const row = ({ id, asks }: MappedRequirement, control: Control): string => {
  const { does, setting, code, tests, evidence, result, checks } = control;
  const cells = [
    `${id}: ${asks}`,
    does,
    setting,
    code.join(", "),
    tests.join(", "),
    `\`${evidence}\``,
    `${result}: ${checks.map(({ found }) => found).join(" ")}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
};

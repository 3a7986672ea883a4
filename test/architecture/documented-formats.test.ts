import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { maxMediaTypeBytes, maxNameBytes } from "../../crypto/wire/attachment.ts";
import { mostRestores, mostUnopened } from "../../crypto/wire/payload.ts";
import { eventKinds, wireLimits } from "../../crypto/wire/frame.ts";
import { maxReceiptBytes } from "../../crypto/wire/receipt.ts";

const protocol = readFileSync("docs/protocol.md", "utf8");

/** The rows of the table under a heading, without its head. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = protocol.split(`\n### ${heading}\n`)[1]?.split(/\n##/)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test("docs/protocol.md has the longest form of each field", () => {
  const count = (value: number) => value.toLocaleString("en-US");
  const bytes = (value: number) =>
    value % 1024 === 0 ? `${count(value / 1024)} KiB` : `${count(value)} bytes`;
  const limit = wireLimits;
  expect(rowsUnder("Protobuf")).toEqual([
    ["a frame", bytes(limit.frame)],
    ["hello.access_token, hello.device_proof", `${bytes(limit.token)} each`],
    ["send.packets, and the bytes of each", `${count(limit.packets)}, ${bytes(limit.packet)}`],
    ["heads.heads, ack.cursors", `${count(limit.heads)}, ${count(limit.cursors)}`],
    ["refused.code, fault.code, gap.reason", bytes(limit.code)],
    ["refused.message, fault.message", bytes(limit.sentence)],
    ["refused.devices, missing, extra, stale", `${count(limit.refusedDevices)} each`],
    ["a Control", bytes(limit.control)],
    [
      "Control.members, and the devices of each",
      `${count(limit.members)}, ${count(limit.memberDevices)}`,
    ],
    ["Creation.users", count(limit.members)],
    ["Member.role, Creation.suite", bytes(limit.role)],
    ["SignedReceipt.text", bytes(maxReceiptBytes)],
    ["Payload.unopened", count(mostUnopened)],
    [
      "Attachment.name, Attachment.media_type",
      `${bytes(maxNameBytes)}, ${bytes(maxMediaTypeBytes)}`,
    ],
    ["KeyLogHead.restores", count(mostRestores)],
  ]);
  expect(limit.suite).toBe(limit.role);
});

test("docs/protocol.md has the number of each kind of event", () => {
  const documented = rowsUnder("Kinds of events").map(([number, kind]) => [kind, Number(number)]);
  expect(Object.fromEntries(documented)).toEqual(eventKinds);
});

test("docs/protocol.md has every label that devices use, and no other", () => {
  const used = ["crypto", "client"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((path) => join(folder, path))
      .filter((path) => path.endsWith(".ts") && !/(^|\/)(dist|node_modules)\//.test(path))
      .flatMap((path) => readFileSync(path, "utf8").match(/\bsealdesk\/[a-z-]+\/v\d\b/g) ?? []),
  );
  const documented = rowsUnder("Labels").map(([label = ""]) => label);
  expect(documented.toSorted()).toEqual([...new Set(used)].toSorted());
});

test("no label is the beginning of another, so what a key signs for one purpose serves no other", () => {
  const labels = [...rowsUnder("Labels").map(([label = ""]) => label), "eyJ"];
  expect(new Set(labels).size).toBe(labels.length);
  for (const one of labels)
    expect(labels.filter((other) => other !== one && other.startsWith(one))).toEqual([]);
});

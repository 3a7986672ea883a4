import { parseCsv } from "../../../moderation/evaluate/csv.ts";

test("fields with commas, quotation marks and lines, as RFC 4180 has them", () => {
  const file = '\ufefftext,urgent\r\n"a, ""b""\nc",1\r\n,0\r\nplain,1';
  expect(parseCsv(file, ["text", "urgent"])).toEqual([
    { text: 'a, "b"\nc', urgent: "1" },
    { text: "", urgent: "0" },
    { text: "plain", urgent: "1" },
  ]);
});

test.each([
  ["a column is missing", "text\nx"],
  ["a row is too long", "text,urgent\na,b,c"],
  ["a quotation mark is open", 'text,urgent\n"a,1'],
  ["something follows a quotation mark", 'text,urgent\n"a"b,1'],
])("refused: %s", (_, file) => {
  expect(() => parseCsv(file, ["text", "urgent"])).toThrow(
    expect.objectContaining({ code: "invalid_examples" }),
  );
});

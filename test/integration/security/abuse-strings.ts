/** Is in each of the strings, so that it can be found where it must not be. */
export const MARK = "mark-5d1e7c0f9a2b";

/** Texts that have broken servers, for a path, a query, a header or a member of a body. */
export const abuseTexts: readonly string[] = [
  `' or '1'='1' -- ${MARK}`,
  `"; drop table sealdesk.users cascade; -- ${MARK}`,
  `$1::uuid) or true --${MARK}`,
  `${MARK}\0${MARK}`,
  `%00${MARK}`,
  `${MARK}\ud800`,
  `\u202e${MARK}\u2066\u{e0041}`,
  `../../../../etc/passwd/${MARK}`,
  `..%2f..%2f..%2f${MARK}`,
  `${MARK}\r\nset-cookie: a=${MARK}`,
  `\${jndi:ldap://${MARK}}{{7*7}}<script>${MARK}</script>`,
  MARK.repeat(300),
  "__proto__",
  "constructor",
  "toString",
  "1e308",
  "-1",
  "9007199254740993",
];

/** JSON that is no text, for a member of a body. */
export const abuseJson: readonly string[] = [
  ...abuseTexts.map((text) => JSON.stringify(text)),
  "1e308",
  "-1e400",
  "9007199254740993",
  "null",
  "[]",
  `${"[".repeat(500)}${"]".repeat(500)}`,
  `${'{"a":'.repeat(500)}1${"}".repeat(500)}`,
  `{"__proto__":{"role":"admin","${MARK}":true}}`,
  `{"constructor":{"prototype":{"role":"admin","${MARK}":true}}}`,
  `{"$ne":"${MARK}"}`,
];

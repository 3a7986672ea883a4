import { findPersonalData } from "../../../moderation/detect/personal/find-personal-data.ts";

const foundIn = (text: string) =>
  findPersonalData(text).map(({ type, start, end }) => [type, text.slice(start, end)]);

test.each([
  ["Please block 4111 1111 1111 1111 now", "card_number", "4111 1111 1111 1111"],
  ["amex 3782-822463-10005", "card_number", "3782-822463-10005"],
  ["my maestro card 6304 0000 0000 0000", "card_number", "6304 0000 0000 0000"],
  ["the cvv is 123", "card_code", "123"],
  ["Prüfziffer: 4321", "card_code", "4321"],
  ["IBAN DE89 3704 0044 0532 0130 00.", "iban", "DE89 3704 0044 0532 0130 00"],
  ["gb82west12345698765432", "iban", "gb82west12345698765432"],
  ["my ssn is 123-45-6789", "us_ssn", "123-45-6789"],
  ["Social Security number: 123456789", "us_ssn", "123456789"],
  ["write to jo.ann+x@mail.example.org.", "email", "jo.ann+x@mail.example.org"],
  ["I log in from 203.0.113.77.", "ip", "203.0.113.77"],
  ["host 2001:db8::8a2e:370:7334 is down", "ip", "2001:db8::8a2e:370:7334"],
  ["::1 is me", "ip", "::1"],
  ["call +49 (0)30 123 45 67", "phone", "+49 (0)30 123 45 67"],
  ["(212) 555-0187 ext. 12", "phone", "(212) 555-0187 ext. 12"],
  ["My number is 0171 2345678", "phone", "0171 2345678"],
  ["see https://www.example.org/a/b?c=1.", "domain", "https://www.example.org/a/b?c=1"],
  ["My name is Renate Holzmann.", "person", "Renate Holzmann"],
  ["I live at 221 Baker Street", "address", "221 Baker Street"],
  ["Ich wohne in der Hauptstraße 5", "address", "Hauptstraße 5"],
  ["We are moving to Slovenia", "place", "Slovenia"],
])("%s", (text, type, value) => {
  expect(foundIn(text)).toContainEqual([type, value]);
});

test.each([
  "order 4111 1111 1111 1112",
  "IBAN DE89 3704 0044 0532 0130 01",
  "ssn 000-12-3456",
  "version 1.2.3.4 is out",
  "it costs 1,299.99 and ends on 2026-12-01 at 12:30",
  "a@b is no address",
  "room 123 on floor 4",
  "from 12 to 15 people came",
])("nothing personal: %s", (text) => {
  expect(foundIn(text)).toEqual([]);
});

import { parseSinks } from "../../../audit/sinks/parse-sinks.ts";

test("a list of sinks is read", () => {
  const list =
    "disk=file:///var/log/audit%20log.jsonl, siem=syslog+tcp://[::1]:601 local=syslog+unix:///run/log.sock tls=syslog+tls://siem.example far=syslog+tls://[::1]:7000 worm=s3://audit-copies deep=s3://audit-copies/desk/one";
  expect(parseSinks(list)).toEqual([
    { name: "disk", place: { kind: "file", path: "/var/log/audit log.jsonl" } },
    { name: "siem", place: { kind: "tcp", host: "::1", port: 601 } },
    { name: "local", place: { kind: "unix", path: "/run/log.sock" } },
    { name: "tls", place: { kind: "tls", host: "siem.example", port: 6514 } },
    { name: "far", place: { kind: "tls", host: "::1", port: 7000 } },
    { name: "worm", place: { kind: "s3", bucket: "audit-copies", prefix: "" } },
    { name: "deep", place: { kind: "s3", bucket: "audit-copies", prefix: "desk/one/" } },
  ]);
  expect(parseSinks("")).toEqual([]);
});

test.each([
  "file:///a",
  "Disk=file:///a",
  "disk=/a",
  "disk=file://host/a",
  "disk=file:///",
  "disk=file:///a?b",
  "disk=file:///%00",
  "disk=file:///%ff",
  "siem=syslog+tcp://host",
  "siem=syslog+tcp://host:601/path",
  "siem=syslog+tcp://user@host:601",
  "siem=syslog+udp://host:601",
  "siem=syslog+tls://",
  "siem=syslog+tls://host/path",
  "siem=syslog+tls://user@host",
  "siem=https://host:601",
  "worm=s3:///prefix",
  "worm=s3://Bucket_1",
  "worm=s3://bucket:80/a",
  "worm=s3://key@bucket",
  "worm=s3://bucket//a",
  "worm=s3://bucket/a%20b",
  "local=syslog+unix://host/run",
  "disk=file:///a disk=file:///b",
  "a=file:///a b=file:///a c=file:///a d=file:///a e=file:///a f=file:///a g=file:///a h=file:///a i=file:///a",
])("%s is refused", (list) => {
  expect(parseSinks(list)).toBeUndefined();
});

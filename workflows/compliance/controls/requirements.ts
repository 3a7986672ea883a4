import type { MeasureName } from "./measures.ts";

/** The sets of requirements that are mapped. */
export const frameworks = {
  hipaa: {
    title: "HIPAA Security Rule, 45 CFR 164.308 and 164.312",
    source: "https://www.ecfr.gov/current/title-45/subtitle-A/subchapter-C/part-164/subpart-C",
  },
  gdpr: {
    title: "GDPR, Articles 5, 6, 17, 30, 32 and 33",
    source: "https://eur-lex.europa.eu/eli/reg/2016/679/oj",
  },
  soc2: {
    title: "SOC 2, Trust Services Criteria, common criteria",
    source:
      "https://www.aicpa-cima.com/resources/download/2017-trust-services-criteria-with-revised-points-of-focus-2022",
  },
  sec17a4: {
    title: "SEC Rule 17a-4(f), 17 CFR 240.17a-4(f)",
    source: "https://www.ecfr.gov/current/title-17/section-240.17a-4",
  },
  pci: {
    title: "PCI DSS 4.0.1, requirement 10",
    source: "https://www.pcisecuritystandards.org/document_library/",
  },
  iso27001: {
    title: "ISO/IEC 27001:2022, Annex A.8",
    source: "https://www.iso.org/standard/27001",
  },
} as const;
export type Framework = keyof typeof frameworks;

/** A requirement, and what answers it. */
export interface Requirement {
  readonly framework: Framework;
  /** As the text numbers it. */
  readonly id: string;
  /** What it asks for, in a few words. */
  readonly asks: string;
  readonly measures: readonly [MeasureName, ...MeasureName[]];
}

type Row = readonly [id: string, asks: string, ...names: [MeasureName, ...MeasureName[]]];

const rowsOf = (framework: Framework, rows: readonly Row[]): readonly Requirement[] =>
  rows.map(([id, asks, ...names]) => ({ framework, id, asks, measures: names }));

/**
 * The requirements that software answers, in the order of their texts. What only an organisation can do, such as training or
 * contracts, is not among them.
 */
export const requirements: readonly Requirement[] = [
  ...rowsOf("hipaa", [
    ["164.308(a)(1)(ii)(D)", "review of system activity", "audit_review", "audit_log"],
    ["164.308(a)(3)(ii)(C)", "termination procedures", "staff_lifecycle"],
    ["164.308(a)(4)(ii)(B)", "access authorization", "access_control", "dual_control"],
    ["164.308(a)(4)(ii)(C)", "access establishment and modification", "access_control"],
    ["164.308(a)(5)(ii)(C)", "log-in monitoring", "audit_log", "audit_review"],
    ["164.308(a)(5)(ii)(D)", "password management", "authentication"],
    ["164.308(a)(6)(ii)", "response to and report of security incidents", "breach"],
    ["164.308(a)(7)(ii)(A)", "data backup plan", "recovery"],
    ["164.308(a)(7)(ii)(B)", "disaster recovery plan", "recovery"],
    ["164.308(a)(8)", "periodic evaluation", "self_check"],
    ["164.312(a)(1)", "access control", "access_control", "end_to_end"],
    ["164.312(a)(2)(i)", "unique user identification", "unique_users"],
    ["164.312(a)(2)(ii)", "emergency access procedure", "break_glass"],
    ["164.312(a)(2)(iii)", "automatic logoff", "idle_log_off"],
    ["164.312(a)(2)(iv)", "encryption and decryption", "end_to_end", "at_rest"],
    ["164.312(b)", "audit controls", "audit_log", "audit_copies"],
    ["164.312(c)(1)", "integrity", "completeness", "audit_log"],
    ["164.312(c)(2)", "mechanism to authenticate records", "completeness"],
    ["164.312(d)", "person or entity authentication", "authentication", "unique_users"],
    ["164.312(e)(1)", "transmission security", "transport", "end_to_end"],
    ["164.312(e)(2)(ii)", "encryption in transmission", "transport", "end_to_end"],
  ]),
  ...rowsOf("gdpr", [
    ["5(1)(a)", "lawfulness, fairness and transparency", "notices_and_consents"],
    ["5(1)(b)", "purpose limitation", "purpose_of_use", "notices_and_consents"],
    ["5(1)(c)", "data minimisation", "end_to_end", "pseudonyms"],
    ["5(1)(d)", "accuracy", "rights_requests"],
    ["5(1)(e)", "storage limitation", "retention"],
    ["5(1)(f)", "integrity and confidentiality", "end_to_end", "completeness", "access_control"],
    ["5(2)", "accountability", "audit_log"],
    ["6(1)", "lawfulness of processing", "notices_and_consents"],
    ["17(1)", "right to erasure", "erasure", "rights_requests"],
    ["17(3)", "exceptions from erasure", "legal_hold", "retention_lock"],
    ["30(1)", "records of processing activities", "processing_records"],
    ["32(1)(a)", "pseudonymisation and encryption", "pseudonyms", "end_to_end", "at_rest"],
    ["32(1)(b)", "ongoing confidentiality, integrity, resilience", "access_control", "transport"],
    ["32(1)(c)", "restoring after an incident", "recovery"],
    ["32(1)(d)", "regular testing and evaluation", "self_check"],
    ["33(1)", "notification of the authority within 72 hours", "breach"],
    ["33(5)", "documentation of breaches", "breach", "audit_log"],
  ]),
  ...rowsOf("soc2", [
    ["CC4.1", "ongoing evaluations", "self_check"],
    ["CC6.1", "logical access security", "access_control", "authentication", "at_rest"],
    ["CC6.2", "registration and removal of users", "staff_lifecycle", "unique_users"],
    ["CC6.3", "access by role and least privilege", "access_control", "dual_control"],
    ["CC6.5", "disposal of data", "erasure", "retention"],
    ["CC6.6", "protection against outside threats", "transport", "authentication"],
    ["CC6.7", "protection of data in transmission", "transport", "end_to_end"],
    ["CC7.1", "detection of changes of the configuration", "change_control", "self_check"],
    ["CC7.2", "monitoring for anomalies", "audit_review"],
    ["CC7.3", "evaluation of security events", "breach", "audit_review"],
    ["CC7.4", "response to incidents", "breach"],
    ["CC7.5", "recovery from incidents", "recovery"],
    ["CC8.1", "change management", "change_control", "dual_control"],
  ]),
  ...rowsOf("sec17a4", [
    ["(f)(2)(i)(A)", "complete time-stamped audit trail", "audit_log", "completeness"],
    ["(f)(2)(i)(B)", "non-rewriteable, non-erasable records", "retention_lock", "audit_copies"],
    ["(f)(2)(ii)", "automatic verification of completeness", "completeness", "self_check"],
    ["(f)(2)(iii)", "serialised and time-dated units", "completeness", "time"],
    ["(f)(2)(iv)", "download of records and their audit trail", "audit_copies"],
    ["(f)(2)(v)", "backup or redundancy", "recovery", "audit_copies"],
  ]),
  ...rowsOf("pci", [
    ["10.2.1", "audit logs are enabled and active", "audit_log"],
    ["10.2.2", "entries record user, event, time, outcome, origin", "audit_log", "unique_users"],
    ["10.3.1", "read access to logs by need", "access_control"],
    ["10.3.2", "logs are protected from modification", "audit_log"],
    ["10.3.3", "logs are backed up to another place", "audit_copies"],
    ["10.3.4", "changes of logs are detected", "audit_log", "self_check"],
    ["10.4.1", "logs are reviewed", "audit_review"],
    ["10.5.1", "logs are retained for 12 months", "audit_copies"],
    ["10.6.1", "clocks are synchronised", "time"],
    ["10.7.2", "failures of critical controls are detected", "self_check", "audit_review"],
  ]),
  ...rowsOf("iso27001", [
    ["A.8.2", "privileged access rights", "dual_control", "access_control"],
    ["A.8.3", "information access restriction", "access_control", "end_to_end"],
    ["A.8.5", "secure authentication", "authentication", "idle_log_off"],
    ["A.8.10", "information deletion", "erasure", "retention"],
    ["A.8.11", "data masking", "pseudonyms"],
    ["A.8.13", "information backup", "recovery"],
    ["A.8.15", "logging", "audit_log", "audit_copies"],
    ["A.8.16", "monitoring activities", "audit_review", "self_check"],
    ["A.8.17", "clock synchronization", "time"],
    ["A.8.20", "networks security", "transport"],
    ["A.8.24", "use of cryptography", "end_to_end", "at_rest"],
    ["A.8.32", "change management", "change_control"],
  ]),
];

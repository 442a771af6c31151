import { parseCertificate, type Certificate } from '../../../src/core/certificate.ts';
import { distinguishedNameText } from '../../../src/core/distinguished-name.ts';
import { durationText } from '../../../src/core/duration.ts';
import { generalNameText } from '../../../src/core/general-name.ts';
import { OID } from '../../../src/core/oid.ts';
import { decodeCertificates } from '../../../src/core/pem.ts';
import { usageNames } from '../../../src/core/usage.ts';
import type { Csr, SeenEvent } from '../issuer-requests.ts';

/** What became of a request, as far as two signers can be compared: nothing of time but the length of a life, nothing of chance. */
export type Outcome = {
  /** `issued`, `Failed, REASON`, `waits, REASON`, `left alone`. */
  readonly result: string;
  /** Types of the conditions. */
  readonly conditions: readonly string[];
  /** `TYPE REASON`, sorted. */
  readonly events: readonly string[];
  /** null: no certificate. */
  readonly certificate: Readonly<Record<string, string>> | null;
};

/** `requested` is when the request was made: lives are measured from then, as begins are set back by one signer and not by the other. */
export function outcomeOf({ status }: Csr, events: readonly SeenEvent[], requested: Date): Outcome {
  const conditions = (status?.conditions ?? []).map(({ type, reason = '' }) => ({ type, reason }));
  const seen = [...new Set(events.map(({ type, reason }) => `${type} ${reason}`))].sort();
  const failed = conditions.find(({ type }) => type === 'Failed');
  const judged = conditions.some(({ type }) => type === 'Approved' || type === 'Denied');
  const waits = events.find(({ reason }) => !judged || reason !== 'WaitingApproval');
  const result = status?.certificate !== undefined ? 'issued' : failed !== undefined ? `Failed, ${failed.reason}` : waits !== undefined ? `waits, ${waits.reason}` : 'left alone';
  return {
    result,
    conditions: conditions.map(({ type }) => type).sort(),
    // Whether its controller was quicker than who approves or denies is chance.
    events: judged ? seen.filter((each) => each !== 'Normal WaitingApproval') : seen,
    certificate: status?.certificate === undefined ? null : factsOf(Buffer.from(status.certificate, 'base64').toString(), requested),
  };
}

/** Where two outcomes differ, in words; empty: nowhere. */
export function differences(a: Outcome, b: Outcome): string[] {
  const facts = (outcome: Outcome): Record<string, string> => ({ result: outcome.result, conditions: outcome.conditions.join(', '), events: outcome.events.join(', '), ...outcome.certificate });
  const [left, right] = [facts(a), facts(b)];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) => (left[key] === right[key] ? [] : [`${key}: ${left[key] ?? 'none'} / ${right[key] ?? 'none'}`]));
}

function factsOf(pem: string, requested: Date): Record<string, string> {
  const decoded = decodeCertificates(pem);
  if (!decoded.ok) return { 'cannot be read': decoded.problem };
  const chain: Certificate[] = [];
  for (const der of decoded.ders) {
    const parsed = parseCertificate(der);
    if (!parsed.ok) return { 'cannot be read': parsed.problem };
    chain.push(parsed.certificate);
  }
  const [leaf] = chain;
  if (leaf === undefined) throw new Error('status.certificate is empty');
  const extension = (oid: string): string => leaf.extensions.filter((each) => each.oid === oid).map(({ critical, value }) => `${critical ? 'critical ' : ''}${Buffer.from(value).toString('hex')}`).join();
  return {
    'subject': Buffer.from(leaf.subject.der).toString('hex'),
    'names': leaf.names.map(generalNameText).join(', '),
    'names as written': extension(OID.subjectAltName),
    'key usage': usageNames(leaf.keyUsage ?? [], []).join(', '),
    'extended key usage': usageNames([], [...leaf.extendedKeyUsage].sort()).join(', '),
    'CA': `${leaf.basicConstraints?.ca}, path length ${leaf.basicConstraints?.pathLength}`,
    'CRLs': extension(OID.crlDistributionPoints),
    'authority information': extension(OID.authorityInfoAccess),
    'name constraints': extension(OID.nameConstraints),
    // Minutes are the API server's and ours.
    'life': durationText(Math.round((leaf.notAfter.getTime() - requested.getTime()) / 300_000) * 300),
    'chain': chain.slice(1).map(({ subject }) => distinguishedNameText(subject)).join(' < '),
  };
}

import { requestState } from '../../adapters/kubernetes/observe.ts';
import type { WireRequest } from '../../adapters/kubernetes/wire.ts';
import { parseCertificate, type Certificate } from '../../core/certificate.ts';
import { distinguishedNameText } from '../../core/distinguished-name.ts';
import { keySha256 } from '../../core/explain-request.ts';
import type { Explanation } from '../../core/explain.ts';
import { generalNameText } from '../../core/general-name.ts';
import { decodeCertificates } from '../../core/pem.ts';
import { quoted } from '../../core/violation.ts';

/** What has become of a request so far. */
export type RequestStatus = {
  readonly outcome: 'pending' | 'approved' | 'denied' | 'failed' | 'issued' | 'deleted';
  readonly conditions: readonly { readonly type: string; readonly reason: string; readonly message: string; /** RFC 3339. */ readonly since: string | null }[];
  readonly certificate: IssuedCertificate | null;
  /** Those of Signet, without the prefix: serial, ca-sha256, policy, decision. */
  readonly signet: Readonly<Record<string, string>>;
  /** How the present configuration would decide otherwise than it was decided; null: it would not. */
  readonly changed: string | null;
};

/** The first certificate of status.certificate; `problem` where it is none. */
export type IssuedCertificate =
  | { readonly problem: string }
  | {
      readonly problem: null;
      /** Hex in lower case. */
      readonly serial: string;
      readonly subject: string;
      readonly names: readonly string[];
      readonly issuer: string;
      /** RFC 3339. */
      readonly notBefore: string;
      readonly notAfter: string;
      readonly ended: boolean;
      /** It is for the key of the request; null: that cannot be read. */
      readonly sameKey: boolean | null;
      /** Signet has noted this very serial on the request. */
      readonly bySignet: boolean;
    };

const PREFIX = 'signet.dev/';

export function requestStatus(wire: WireRequest, explanation: Explanation, now: Date): RequestStatus {
  const { metadata, status } = wire;
  const signet = Object.fromEntries(Object.entries(metadata.annotations ?? {}).flatMap(([key, value]) => (key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), value]] : [])));
  const conditions = (status?.conditions ?? []).map(({ type, reason = '', message = '', lastTransitionTime, lastUpdateTime }) => ({ type, reason, message, since: lastTransitionTime ?? lastUpdateTime ?? null }));
  const outcome = outcomeOf(wire);
  const certificate = (status?.certificate ?? '') === '' ? null : issued(status?.certificate ?? '', { signet, explanation, now });
  return { outcome, conditions, certificate, signet, changed: changedSince({ outcome, conditions, certificate, signet }, explanation) };
}

function outcomeOf({ metadata, status }: WireRequest): RequestStatus['outcome'] {
  const has = (type: string): boolean => status?.conditions?.some((each) => each.type === type) === true;
  if ((status?.certificate ?? '') !== '') return 'issued';
  if (has('Failed')) return 'failed';
  if (has('Denied')) return 'denied';
  if (metadata.deletionTimestamp !== undefined) return 'deleted';
  return requestState({ metadata, ...(status === undefined ? {} : { status }) }) === 'approved' ? 'approved' : 'pending';
}

function issued(base64: string, { signet, explanation, now }: { signet: Readonly<Record<string, string>>; explanation: Explanation; now: Date }): IssuedCertificate {
  const decoded = decodeCertificates(Buffer.from(base64, 'base64').toString('latin1'));
  const [der] = decoded.ok ? decoded.ders : [];
  const parsed = der === undefined ? null : parseCertificate(der);
  if (parsed === null || !parsed.ok) return { problem: parsed === null ? (decoded.ok ? 'nothing' : decoded.problem) : parsed.problem };
  const { certificate } = parsed;
  const serial = Buffer.from(certificate.serial).toString('hex');
  return {
    problem: null,
    serial,
    subject: distinguishedNameText(certificate.subject),
    names: certificate.names.map(generalNameText),
    issuer: distinguishedNameText(certificate.issuer),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    ended: certificate.notAfter <= now,
    sameKey: sameKey(certificate, explanation),
    bySignet: signet['serial'] === serial,
  };
}

function sameKey({ publicKey }: Certificate, { request }: Explanation): boolean | null {
  return request.keySha256 === null ? null : request.keySha256 === keySha256(publicKey);
}

/** Reasons for which Signet refuses: what others have denied says nothing of this configuration. */
const REFUSALS = ['PolicyViolation', 'InvalidRequest'];

function changedSince({ outcome, conditions, certificate, signet }: Omit<RequestStatus, 'changed'>, { verdict, alternatives }: Explanation): string | null {
  if (outcome === 'issued') {
    const bySignet = certificate?.problem === null && certificate.bySignet;
    if (verdict === 'refused') return 'it was issued, and would be refused now';
    if (verdict === 'unserved' && bySignet) return 'Signet issued it, and serves no signer of this name now';
    const now = alternatives.find(({ fits }) => fits === true)?.id;
    return bySignet && now !== undefined && signet['policy'] !== now ? `${signet['policy'] === undefined ? 'something' : quoted(signet['policy'])} allowed it then, ${now} allows it now` : null;
  }
  if (outcome === 'approved') return verdict === 'refused' ? 'it is approved, and would be refused all the same: the policy decides again before anything is signed' : null;
  const refused = conditions.some(({ type, reason }) => (type === 'Denied' || type === 'Failed') && REFUSALS.includes(reason));
  return refused && (verdict === 'allowed' || verdict === 'waits') ? 'it was refused, and would be allowed now; a decision is final, so it takes a new request' : null;
}

import { X509Certificate } from 'node:crypto';
import { duplicate, forbiddenField, invalid, notSupported, required, type Cause } from '../cause.ts';
import { isRecord, listAt, recordAt, sameJson, textAt, type Draft, type KubeObject } from '../objects/object.ts';
import { pemBlocks } from './pem-block.ts';
import { problemOfRequest } from './pkcs10.ts';
import { signerNameCauses } from './signer-name.ts';

const USAGES = [
  'signing', 'digital signature', 'content commitment', 'key encipherment', 'key agreement', 'data encipherment', 'cert sign', 'crl sign',
  'encipher only', 'decipher only', 'any', 'server auth', 'client auth', 'code signing', 'email protection', 's/mime', 'ipsec end system',
  'ipsec tunnel', 'ipsec user', 'timestamping', 'ocsp signing', 'microsoft sgc', 'netscape sgc',
];
const APPROVALS = ['Approved', 'Denied'];
/** Conditions that once set stay, and are only ever True. */
const FINAL = ['Approved', 'Denied', 'Failed'];
const CONDITIONS = 'status.conditions';

/** The whole validation of a certificate request; `subresource` decides what may have changed since `old`. */
export function certificateRequestCauses(draft: Draft, old: KubeObject | undefined, subresource: string): readonly Cause[] {
  // The spec cannot change: its signature is verified once.
  const always = [...(old === undefined ? specCauses(recordAt(draft, 'spec')) : []), ...conditionCauses(conditionsOf(draft), old), ...certificateCauses(draft, old)];
  return old === undefined ? always : [...always, ...changeCauses(draft, old, subresource)];
}

export function conditionsOf(object: Draft | KubeObject): readonly Record<string, unknown>[] {
  return listAt(recordAt(object, 'status'), 'conditions').filter(isRecord);
}

function specCauses(spec: Record<string, unknown>): readonly Cause[] {
  const usages = listAt(spec, 'usages');
  const causes = [...requestCauses(textAt(spec, 'request')), ...(usages.length === 0 ? [required('spec.usages')] : [])];
  usages.forEach((usage, index) => {
    if (!USAGES.includes(String(usage))) causes.push(notSupported(`spec.usages[${index}]`, usage, USAGES));
    if (usages.indexOf(usage) < index) causes.push(duplicate(`spec.usages[${index}]`, usage));
  });
  const signerName = textAt(spec, 'signerName');
  if (signerName === 'kubernetes.io/legacy-unknown') causes.push(invalid('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version'));
  else causes.push(...signerNameCauses('spec.signerName', signerName));
  const seconds = spec.expirationSeconds;
  if (typeof seconds === 'number' && seconds < 600) causes.push(invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  return causes;
}

function requestCauses(request: string): readonly Cause[] {
  const first = pemBlocks(Buffer.from(request, 'base64').toString('latin1'))[0];
  const problem = first?.label === 'CERTIFICATE REQUEST' ? problemOfRequest(first.bytes) : 'PEM block type must be CERTIFICATE REQUEST';
  return problem === undefined ? [] : [invalid('spec.request', request, problem)];
}

function conditionCauses(conditions: readonly Record<string, unknown>[], old: KubeObject | undefined): readonly Cause[] {
  const causes: Cause[] = [];
  const types = conditions.map((condition) => textAt(condition, 'type'));
  const before = old === undefined ? [] : conditionsOf(old).map((condition) => textAt(condition, 'type'));
  conditions.forEach((condition, index) => {
    const type = types[index] ?? '';
    const status = textAt(condition, 'status');
    const allowed = FINAL.includes(type) ? ['True'] : ['True', 'False', 'Unknown'];
    if (type === '' && !before.includes('')) causes.push(required(`${CONDITIONS}[${index}].type`));
    if (status === '') causes.push(required(`${CONDITIONS}[${index}].status`));
    else if (!allowed.includes(status)) causes.push(notSupported(`${CONDITIONS}[${index}].status`, status, allowed));
    if (types.indexOf(type) < index) causes.push(duplicate(`${CONDITIONS}[${index}].type`, type));
  });
  if (APPROVALS.every((type) => types.includes(type))) {
    const both = APPROVALS.map((type) => `conditions[{"type": "${type}"}]`);
    causes.push(invalid(CONDITIONS, `{${both.join(', ')}}`, `must specify at most one of: ${both.map((each) => `\`${each}\``).join(', ')}`));
  }
  return causes;
}

/** Certificates are looked at only when they change: whatever is stored already is tolerated. */
function certificateCauses(draft: Draft, old: KubeObject | undefined): readonly Cause[] {
  const certificate = textAt(draft, 'status', 'certificate');
  if (certificate === '' || certificate === textAt(old, 'status', 'certificate')) return [];
  const problem = problemOfCertificates(Buffer.from(certificate, 'base64').toString('latin1'));
  return problem === undefined ? [] : [invalid('status.certificate', '<certificate data>', problem)];
}

function problemOfCertificates(text: string): string | undefined {
  const blocks = pemBlocks(text);
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { label, headers, bytes } of blocks) {
    if (label !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${label}"`;
    if (headers) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(bytes);
    } catch (error) {
      return `x509: malformed certificate: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return undefined;
}

function changeCauses(draft: Draft, old: KubeObject, subresource: string): readonly Cause[] {
  const causes = FINAL.filter((type) => ofType(draft, type).length < ofType(old, type).length)
    .map((type) => forbiddenField(CONDITIONS, `updates may not remove a condition of type "${type}"`));
  if (subresource !== 'approval') causes.push(...APPROVALS.flatMap((type) => approvalCauses(ofType(draft, type), ofType(old, type), type)));
  const before = textAt(old, 'status', 'certificate');
  if (textAt(draft, 'status', 'certificate') !== before) {
    if (subresource !== 'status') causes.push(forbiddenField('status.certificate', 'updates may not set certificate content'));
    else if (before !== '') causes.push(forbiddenField('status.certificate', 'updates may not modify existing certificate content'));
  }
  return causes;
}

function approvalCauses(now: readonly unknown[], before: readonly unknown[], type: string): readonly Cause[] {
  if (now.length > before.length) return [forbiddenField(CONDITIONS, `updates may not add a condition of type "${type}"`)];
  if (now.length === before.length && !sameJson(now, before)) return [forbiddenField(CONDITIONS, `updates may not modify a condition of type "${type}"`)];
  return [];
}

function ofType(object: Draft | KubeObject, type: string): readonly unknown[] {
  return conditionsOf(object).filter((condition) => condition.type === type);
}

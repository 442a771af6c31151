import { secretFiles, testIntermediate, testRoot, type TestAuthority } from '../authority.ts';
import { testKey } from '../keys.ts';
import { mayReference } from '../issuer-requests.ts';
import type { KubernetesObject } from '../rig/api.ts';
import { caIssuer } from '../rig/cert-manager.ts';

export const TEAM = 'team-a';

const DAY = 86_400_000;
const now = Date.now();
const validity = { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + 3650 * DAY) };

const root = ca('behaviour root', {});
const upper = testIntermediate(root, { name: 'upper', key: testKey('P-256', 'upper'), ...validity });
const lower = testIntermediate(upper, { name: 'lower', key: testKey('P-256', 'lower'), ...validity });

/** Issuers that are Ready, each with the CA it has. */
const CAS: Readonly<Record<string, TestAuthority>> = {
  'plain': root,
  'dots.in.it': ca('dots', {}),
  'two-levels': lower,
  'no-root': testIntermediate(root, { name: 'bare', key: testKey('P-256', 'bare'), ...validity }),
  'stray-root': testIntermediate(root, { name: 'strayed', key: testKey('P-256', 'strayed'), ...validity }),
  'rsa': testRoot({ name: 'rsa root', key: 'RSA-2048', ...validity }),
  'month': ca('month', { notAfter: new Date(now + 30 * DAY) }),
  'over': ca('over', { notBefore: new Date(now - 2 * DAY), notAfter: new Date(now - DAY) }),
  'tomorrow': ca('tomorrow', { notBefore: new Date(now + DAY) }),
  'no-more-cas': ca('no more', { pathLength: 0 }),
  'urls': ca('urls', {}),
  'gone': ca('gone', {}),
  'damaged': ca('damaged', {}),
};

/** The names of those that become Ready. */
export const READY: readonly string[] = [...Object.keys(CAS), `${TEAM}/ca`, `${TEAM}/with.dots`];

/** Issuers of every kind that cert-manager's own controllers are to look at first. */
export function issuers(): KubernetesObject[] {
  const urls = { crlDistributionPoints: ['http://crl.test/a.crl', 'http://crl.test/b.crl'], ocspServers: ['http://ocsp.test'], issuingCertificateURLs: ['http://ca.test/ca.crt'] };
  return [
    ...Object.entries(CAS).flatMap(([name, authority]) => caIssuer({ name, ...pems(authority) }).map((object) => (name === 'urls' && object.kind === 'ClusterIssuer' ? { ...object, spec: { ca: { secretName: 'urls', ...urls } } } : object)).map((object) => withRoot(name, object))),
    ...['ca', 'with.dots'].flatMap((name) => caIssuer({ name, namespace: TEAM, ...pems(ca(`team ${name}`, {})) })),
    { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: 'other-type' }, spec: { selfSigned: {} } },
    { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: 'no-type' }, spec: {} },
    { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: 'not-ready' }, spec: { ca: { secretName: 'there-is-none' } } },
    ...mayReference('alice', TEAM),
    ...mayReference('carol', TEAM, 'ca'),
  ];
}

function ca(name: string, shape: { notBefore?: Date; notAfter?: Date; pathLength?: number }): TestAuthority {
  return testRoot({ name, key: testKey('P-256', name), ...validity, ...shape });
}

function pems(authority: TestAuthority): { certificatePem: string; keyPem: string } {
  const all = secretFiles(authority);
  return { certificatePem: all['tls.crt'].toString(), keyPem: all['tls.key'].toString() };
}

/** ca.crt as the case has it; caIssuer repeats tls.crt there. */
function withRoot(name: string, object: KubernetesObject): KubernetesObject {
  const authority = CAS[name];
  if (object.kind !== 'Secret' || authority === undefined) return object;
  const data = { ...(object['data'] as Record<string, string>) };
  if (name === 'no-root') {
    delete data['ca.crt'];
    return { ...object, data };
  }
  const { 'ca.crt': above } = secretFiles(name === 'stray-root' ? ca('somebody else', {}) : authority);
  return { ...object, data: { ...data, 'ca.crt': above.toString('base64') } };
}

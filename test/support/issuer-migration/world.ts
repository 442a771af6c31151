import { secretFiles, testRoot, type TestAuthority } from '../authority.ts';
import { validNow } from '../clock.ts';
import { mayReference } from '../issuer-requests.ts';
import { testKey } from '../keys.ts';
import type { KubernetesObject } from '../rig/api.ts';
import { caIssuer } from '../rig/cert-manager.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** Service accounts: whoever needs certificates, and whoever looks at what is asked for. */
export const REQUESTER = 'team-a/app';
export const APPROVER = 'default/approver';

/** Two ClusterIssuers and an Issuer by the name of their signer, each with its CA. */
export const ISSUERS: Readonly<Record<string, { readonly name: string; readonly namespace?: string; readonly ca: TestAuthority }>> = {
  'clusterissuers.cert-manager.io/corp': { name: 'corp', ca: ca('corp') },
  'clusterissuers.cert-manager.io/edge.v2': { name: 'edge.v2', ca: ca('edge') },
  'issuers.cert-manager.io/team-a.ca': { name: 'ca', namespace: 'team-a', ca: ca('team') },
};

export const SIGNERS = Object.keys(ISSUERS);

/** The issuers with their Secrets. */
export function issuers(): KubernetesObject[] {
  return Object.values(ISSUERS).flatMap(({ ca: authority, ...where }) => {
    const { 'tls.crt': certificate, 'tls.key': key } = secretFiles(authority);
    return caIssuer({ ...where, certificatePem: certificate.toString(), keyPem: key.toString() });
  });
}

/** What users of cert-manager's controllers have granted: to ask, to use the Issuer, to approve. None of it is Signet's. */
export function rights(): KubernetesObject[] {
  const apiGroups = ['certificates.k8s.io'];
  return [
    ...bound('requester', REQUESTER, [{ apiGroups, resources: ['certificatesigningrequests'], verbs: ['create'] }]),
    ...bound('approver', APPROVER, [
      { apiGroups, resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
      { apiGroups, resources: ['signers'], resourceNames: ['clusterissuers.cert-manager.io/*', 'issuers.cert-manager.io/*'], verbs: ['approve'] },
    ]),
    ...mayReference(`system:serviceaccount:${REQUESTER.replace('/', ':')}`, 'team-a', 'ca'),
  ];
}

function bound(name: string, account: string, rules: readonly object[]): KubernetesObject[] {
  const [namespace, accountName] = account.split('/');
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name }, subjects: [{ kind: 'ServiceAccount', namespace, name: accountName }] },
  ];
}

function ca(name: string): TestAuthority {
  return testRoot({ name, key: testKey('P-256', name), ...validNow() });
}

import { X509Certificate } from 'node:crypto';
import type { Api, KubernetesObject } from './rig/api.ts';
import { apiClient } from './rig/api.ts';
import type { ControlPlane } from './rig/apiserver.ts';
import { until } from './rig/until.ts';
import { csrPem, type RequestShape } from './requests.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const RBAC = 'rbac.authorization.k8s.io';

/** A request as it is made; everything left out is as a server's tool would have it. */
export type Asked = {
  readonly signer: string;
  readonly shape?: RequestShape;
  /** PEM text instead of the shape's. */
  readonly pem?: string;
  readonly usages?: readonly string[];
  readonly expirationSeconds?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** A user that the control plane was started with; default: the administrator. */
  readonly as?: string | undefined;
};

export type Csr = {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[]; readonly certificate?: string };
};

export type SeenEvent = { readonly type: string; readonly reason: string; readonly message: string };

/** Makes requests as users would, and looks at what becomes of them. */
export interface IssuerRequests {
  make(asked: Asked): Promise<Csr>;
  /** By the administrator; `type`: Denied instead. */
  approve(csr: Csr, type?: 'Approved' | 'Denied'): Promise<void>;
  read(csr: Csr): Promise<Csr>;
  /** Once it has a certificate, or is Failed or Denied. */
  decided(csr: Csr, seconds?: number): Promise<Csr>;
  /** The certificates of status.certificate, the leaf first. */
  chain(csr: Csr): X509Certificate[];
  events(csr: Csr): Promise<SeenEvent[]>;
  /** Once there is an Event of that reason. */
  told(csr: Csr, reason: string, seconds?: number): Promise<SeenEvent>;
}

/** `users` may create requests, and nothing else. */
export async function openRequests(controlPlane: ControlPlane, users: readonly string[] = []): Promise<IssuerRequests> {
  const { api } = controlPlane;
  const clients = new Map<string, Api>(users.map((user) => [user, apiClient({ url: controlPlane.url, caPem: controlPlane.caPem, token: controlPlane.userToken(user) })]));
  if (users.length > 0) await api.apply(...requesterRole(users));
  let made = 0;

  async function events({ metadata }: Csr): Promise<SeenEvent[]> {
    return api.list<SeenEvent>(`/api/v1/namespaces/default/events?fieldSelector=involvedObject.uid%3D${metadata.uid}`);
  }

  async function read({ metadata }: Csr): Promise<Csr> {
    return api.get<Csr>(`${CSRS}/${metadata.name}`);
  }

  return {
    async make({ signer, shape = {}, pem = csrPem(shape), usages = ['digital signature', 'key encipherment', 'server auth', 'client auth'], expirationSeconds, annotations = {}, as }) {
      made += 1;
      const spec = { signerName: signer, usages, request: Buffer.from(pem).toString('base64'), ...(expirationSeconds === undefined ? {} : { expirationSeconds }) };
      const client = as === undefined ? api : clients.get(as);
      if (client === undefined) throw new Error(`no user "${as}" was opened`);
      return client.create<Csr>({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: `issuer-request-${made}-${Date.now()}`, annotations }, spec });
    },
    async approve(csr, type = 'Approved') {
      const object = await api.get<Record<string, unknown>>(`${CSRS}/${csr.metadata.name}`);
      await api.call('PUT', `${CSRS}/${csr.metadata.name}/approval`, { ...object, status: { conditions: [{ type, status: 'True', reason: 'Test', message: 'by the test' }] } });
    },
    read,
    async decided(csr, seconds = 30) {
      const final = async (): Promise<Csr | false> => {
        const now = await read(csr);
        return (now.status?.certificate !== undefined || now.status?.conditions?.some(({ type }) => type === 'Failed' || type === 'Denied') === true) && now;
      };
      let last: Csr = csr;
      return until(async () => final().finally(async () => (last = await read(csr))), { what: `${csr.metadata.name} to be decided`, seconds, otherwise: () => last.status });
    },
    chain({ status }) {
      const pem = Buffer.from(status?.certificate ?? '', 'base64').toString();
      return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((each) => new X509Certificate(each));
    },
    events,
    told: (csr, reason, seconds = 20) => until(async () => (await events(csr)).find((each) => each.reason === reason), { what: `an Event ${reason} about ${csr.metadata.name}`, seconds }),
  };
}

function requesterRole(users: readonly string[]): KubernetesObject[] {
  const metadata = { name: 'issuer-requesters' };
  const rules = [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] }];
  const subjects = users.map((name) => ({ kind: 'User', apiGroup: RBAC, name }));
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata, rules },
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: metadata.name }, subjects },
  ];
}

/** The right to use every Issuer of a namespace, as cert-manager asks for it. */
export function mayReference(user: string, namespace: string, issuer = '*'): KubernetesObject[] {
  const metadata = { name: `reference-${user}`, namespace };
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules: [{ apiGroups: ['cert-manager.io'], resources: ['signers'], resourceNames: [issuer], verbs: ['reference'] }] },
    { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, roleRef: { apiGroup: RBAC, kind: 'Role', name: metadata.name }, subjects: [{ kind: 'User', apiGroup: RBAC, name: user }] },
  ];
}

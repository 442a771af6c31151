import { X509Certificate } from 'node:crypto';
import { testKey, type TestKey } from './keys.ts';
import { csrPem, spiffe } from './requests.ts';
import { apiClient, type Api } from './rig/api.ts';
import type { ControlPlane } from './rig/apiserver.ts';
import { istiodRbac } from './rig/istiod-rbac.ts';
import { until } from './rig/until.ts';

export type Csr = {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly signerName: string };
  readonly status?: { readonly certificate?: string; readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[] };
};

/** A certificate as the workload got it. */
export type Issued = {
  readonly signer: string;
  /** PEM, the leaf first. */
  readonly chain: string;
  readonly leaf: X509Certificate;
  /** `signet.dev/ca-sha256`: the CA certificate that it was made under. */
  readonly ca: string;
};

/** What istiod does for workloads, call for call, without istiod: it makes their requests, approves them, and takes them away once they are answered. */
export interface Workloads {
  /** Creates a request for a workload of the namespace and approves it. Returns its name. */
  ask(signer: string, namespace: string): Promise<string>;
  /** Waits for the certificate of a request and deletes the request. Rejects when it is refused. */
  answer(name: string, options?: { seconds?: number }): Promise<Issued>;
  find(name: string): Promise<Csr | undefined>;
  /** Begins to ask for each of these signers (with the namespace of its workloads), so often a second in all, until it is disposed of. */
  flow(signers: Readonly<Record<string, string>>, perSecond: number): Flow;
}

export interface Flow extends AsyncDisposable {
  /** All answers so far, in the order in which they came. */
  readonly issued: readonly Issued[];
  /** What went wrong; empty: nothing. */
  readonly troubles: readonly string[];
  /** Waits until `count` requests for the signer that were made from now on are answered, and returns those answers. */
  next(signer: string, count: number): Promise<Issued[]>;
}

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

/** With istiod's service account and its chart's rights, and the right to approve for these signers. */
export async function startWorkloads(controlPlane: ControlPlane, { signers }: { signers: readonly string[] }): Promise<Workloads & Disposable> {
  await controlPlane.namespaces('istio-system');
  await controlPlane.serviceAccounts('istio-system/istiod');
  await controlPlane.api.apply(...istiodRbac({ certSigners: signers }));
  const token = await controlPlane.serviceAccountToken('istio-system', 'istiod');
  const api = apiClient({ url: controlPlane.url, caPem: controlPlane.caPem, token });
  // One key for all: making keys is not what is looked at.
  const key = testKey('P-256');
  const workloads: Workloads = {
    ask: (signer, namespace) => ask(api, key, signer, namespace),
    answer: (name, { seconds = 60 } = {}) => answer(api, name, seconds),
    find: (name) => api.find<Csr>(`${CSRS}/${name}`),
    flow: (of, perSecond) => flow(workloads, of, perSecond),
  };
  return { ...workloads, [Symbol.dispose]: () => api.close() };
}

async function ask(api: Api, key: TestKey, signerName: string, namespace: string): Promise<string> {
  const request = Buffer.from(csrPem({ key, names: [spiffe(namespace)] })).toString('base64');
  const spec = { request, signerName, usages: USAGES, expirationSeconds: 24 * 3600 };
  const created = await api.call<Csr>('POST', CSRS, { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-workload-' }, spec });
  const conditions = [{ type: 'Approved', status: 'True', reason: 'RunByIstio', message: 'as istiod would' }];
  await api.call('PUT', `${CSRS}/${created.metadata.name}/approval`, { ...created, status: { conditions } });
  return created.metadata.name;
}

async function answer(api: Api, name: string, seconds: number): Promise<Issued> {
  const path = `${CSRS}/${name}`;
  const isFinal = ({ status }: Csr): boolean => status?.certificate !== undefined || status?.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed') === true;
  const { metadata, spec, status } = await until(async () => api.get<Csr>(path).then((csr) => isFinal(csr) && csr), { what: `${name} to be answered`, seconds });
  await api.delete(path);
  if (status?.certificate === undefined) throw new Error(`${name} for ${spec.signerName} was refused: ${status?.conditions?.at(-1)?.message}`);
  const chain = Buffer.from(status.certificate, 'base64').toString();
  return { signer: spec.signerName, chain, leaf: new X509Certificate(chain), ca: metadata.annotations?.['signet.dev/ca-sha256'] ?? '' };
}

function flow(workloads: Workloads, signers: Readonly<Record<string, string>>, perSecond: number): Flow {
  const turns = Object.entries(signers);
  const [issued, troubles, underWay] = [[] as Issued[], [] as string[], new Set<Promise<void>>()];
  /** The number of each answer's request; requests are numbered as they are made. */
  const numbers = new Map<Issued, number>();
  let made = 0;

  async function one(number: number): Promise<void> {
    const [signer = '', namespace = ''] = turns[number % turns.length] ?? [];
    try {
      const answered = await workloads.answer(await workloads.ask(signer, namespace));
      numbers.set(answered, number);
      issued.push(answered);
    } catch (error) {
      troubles.push(String(error));
    }
  }

  const timer = setInterval(() => {
    made += 1;
    const request = one(made).finally(() => underWay.delete(request));
    underWay.add(request);
  }, 1000 / perSecond);

  return {
    issued,
    troubles,
    next: async (signer, count) => {
      const before = made;
      const found = (): Issued[] => issued.filter((each) => each.signer === signer && (numbers.get(each) ?? 0) > before);
      const what = `${count} certificates of ${signer}`;
      await until(() => troubles.length > 0 || found().length >= count, { what, seconds: 60, otherwise: () => `${found().length}` });
      if (troubles.length > 0) throw new Error(`waited for ${what}, but ${troubles.join('; ')}`);
      return found();
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

import type { Connection } from '../../adapters/kubernetes/connection.ts';
import { reflect } from '../../adapters/kubernetes/reflector.ts';
import type { WireRequest } from '../../adapters/kubernetes/wire.ts';
import type { Log } from '../../control/ports.ts';
import { workloadRequest } from './workload.ts';

const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** Milliseconds after which a demo without an answer has failed; an answer takes tens of them. */
const DEADLINE_MS = 10_000;

export type Asked = {
  readonly connection: Connection;
  readonly spiffeId: string;
  readonly signer: string;
  /** Whether the requester approves its own request, as istiod does. */
  readonly approve: boolean;
  readonly log: Log;
};

/** What became of a request: the certificate as the very text of status.certificate, or the condition that says no. */
export type Answer =
  | { readonly issued: true; readonly key: string; readonly certificate: string; readonly approved: string }
  | { readonly issued: false; readonly condition: string; readonly reason: string; readonly message: string };

/**
 * Asks for a certificate as istiod does for a workload (istio: security/pkg/k8s/chiron/utils.go): create, approve, wait for
 * status.certificate, delete. Unlike istiod it reads the conditions too, and so learns why not.
 */
export async function askForCertificate({ connection, spiffeId, signer, approve, log }: Asked): Promise<Answer> {
  const { key, request } = workloadRequest(spiffeId);
  const usages = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
  const spec = { signerName: signer, request: Buffer.from(request).toString('base64'), usages, expirationSeconds: 86_400 };
  const created = await send(connection, 'POST', COLLECTION, { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-workload-' }, spec });
  const path = `${COLLECTION}/${created.metadata.name}`;
  if (approve) {
    const message = `CSR (${created.metadata.name}) for the certificate () is approved`;
    await send(connection, 'PUT', `${path}/approval`, { ...created, status: { conditions: [{ type: 'Approved', status: 'True', reason: message, message }] } });
  }
  const decided = await waitForDecision(connection, created.metadata.name, log);
  if (approve) await connection.transport.call({ method: 'DELETE', path });
  const { conditions = [], certificate } = decided.status ?? {};
  if (certificate !== undefined) return { issued: true, key, certificate: Buffer.from(certificate, 'base64').toString('utf8'), approved: conditions.find(({ type }) => type === 'Approved')?.reason ?? '' };
  const no = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
  return { issued: false, condition: no?.type ?? 'no decision', reason: no?.reason ?? '', message: no?.message ?? `nothing happened within ${DEADLINE_MS / 1000} s` };
}

/** Watches this one request until it is decided, or the deadline has passed. */
async function waitForDecision({ transport }: Connection, name: string, log: Log): Promise<WireRequest> {
  const over = new AbortController();
  const deadline = setTimeout(() => over.abort(), DEADLINE_MS);
  let last: WireRequest | undefined;
  const onObject = (object: WireRequest): boolean => {
    last = object;
    if (object.status?.certificate !== undefined || object.status?.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed')) over.abort();
    return true;
  };
  try {
    await reflect<WireRequest>({ transport, path: COLLECTION, fieldSelector: `metadata.name=${name}`, handlers: { onObject, onGone: () => over.abort(), onSynced: () => undefined }, log, signal: over.signal });
  } finally {
    clearTimeout(deadline);
  }
  if (last === undefined) throw new Error(`The request ${name} was never seen`);
  return last;
}

async function send({ transport }: Connection, method: 'POST' | 'PUT', path: string, body: object): Promise<WireRequest> {
  return JSON.parse(await transport.call({ method, path, body: JSON.stringify(body), contentType: 'application/json' })) as WireRequest;
}

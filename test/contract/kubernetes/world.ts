import assert from 'node:assert/strict';
import { csrPem, type RequestShape } from '../../support/requests.ts';
import type { Answer, Client, User } from '../client.ts';
import { textOf } from '../holds.ts';

export const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
export const RBAC = '/apis/rbac.authorization.k8s.io/v1';
export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';

/** Makes an object and gives its answer's body; fails with the whole answer if it is not made. */
export async function create(client: Client, path: string, body: unknown): Promise<unknown> {
  return ok(await client.call('POST', path, { body }), 201);
}

export function ok(answer: Answer, status = 200): unknown {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body;
}

/** A namespace of its own for a test. */
export async function namespace(client: Client): Promise<string> {
  const name = client.unique('ns');
  await create(client, '/api/v1/namespaces', { metadata: { name } });
  return name;
}

export type CsrOptions = {
  readonly name?: string;
  readonly signerName?: string;
  readonly shape?: RequestShape;
  /** Further fields of the spec, or others in place of the usual ones. */
  readonly spec?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
};

/** A certificate request that any API server accepts, but for what is asked to be otherwise. */
export function csrBody({ name, signerName = 'example.com/signer', shape = {}, spec = {}, metadata = {} }: CsrOptions = {}): Record<string, unknown> {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { ...(name === undefined ? { generateName: 'csr-' } : { name }), ...metadata },
    spec: { request: base64(csrPem(shape)), signerName, usages: ['digital signature', 'client auth'], ...spec },
  };
}

/** Creates a certificate request; gives its path. */
export async function csr(client: Client, options: CsrOptions = {}): Promise<string> {
  const made = await create(client, CSRS, csrBody({ name: client.unique('csr'), ...options }));
  return `${CSRS}/${textOf(made, 'metadata.name')}`;
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

export type Rule = { readonly apiGroups?: readonly string[]; readonly resources?: readonly string[]; readonly resourceNames?: readonly string[]; readonly verbs: readonly string[] };

/** A user with exactly these rights: everywhere, or in one namespace. Waits until the server knows them. */
export async function userWith(client: Client, rules: readonly Rule[], { namespace: within = '' }: { namespace?: string } = {}): Promise<User> {
  const name = client.unique('user');
  const scope = within === '' ? RBAC : `${RBAC}/namespaces/${within}`;
  const [roles, bindings, kind] = within === '' ? ['clusterroles', 'clusterrolebindings', 'ClusterRole'] : ['roles', 'rolebindings', 'Role'];
  // The server reads roles through a cache: the last rule, a marker, shows that all of it has arrived.
  const marker = { apiGroups: ['marker.example'], resources: ['markers'], verbs: ['get'] };
  await create(client, `${scope}/${roles}`, { metadata: { name }, rules: [...rules, marker] });
  await create(client, `${scope}/${bindings}`, {
    metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
  });
  await eventually(async () => {
    const question = { resourceAttributes: { group: 'marker.example', resource: 'markers', verb: 'get', namespace: within } };
    const answer = await client.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body: { spec: question }, as: { user: name } });
    return JSON.stringify(answer.body).includes('"allowed":true');
  });
  return { user: name };
}

/** Asks again until it is so; fails after ten seconds. */
export async function eventually(condition: () => Promise<boolean>, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `this did not come true within ${seconds} s: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import { invalid } from '../cause.ts';
import { invalidObject } from '../failure.ts';
import { listAt, recordAt, type Draft, type JsonRecord, type KubeObject } from '../objects/object.ts';
import { AGE, NAME } from './column.ts';
import { STORED_VERBS, type Kind, type Writer } from './kind.ts';

export const SERVICE_ACCOUNT: Kind = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  kind: 'ServiceAccount',
  shortNames: ['sa'],
  namespaced: true,
  verbs: STORED_VERBS,
  subresources: [],
  nameForm: 'subdomain',
  selectable: { 'metadata.name': 'metadata.name', 'metadata.namespace': 'metadata.namespace' },
  shape: { secrets: { list: 'any' }, imagePullSecrets: { list: 'any' }, automountServiceAccountToken: 'boolean' },
  columns: [NAME, AGE],
  rules: {},
  deletionShows: true,
  actions: {
    token: {
      group: 'authentication.k8s.io',
      kind: 'TokenRequest',
      // Number 2 was never given out.
      shape: { spec: { fields: { audiences: { list: 'text' }, _2: 'any', boundObjectRef: 'any', expirationSeconds: 'int64' } }, status: 'any' },
      act: requestToken,
    },
  },
};

/** The audience of tokens for the API server itself, asked for when none is named. */
export const API_AUDIENCE = 'https://kubernetes.default.svc';

/** The TokenRequest subresource: a bearer token for this service account, for these audiences, until then. */
function requestToken(account: KubeObject, draft: Draft, { now, mint }: Writer): JsonRecord {
  const spec = recordAt(draft, 'spec');
  const seconds = typeof spec.expirationSeconds === 'number' ? spec.expirationSeconds : 3600;
  if (seconds < 600) {
    throw invalidObject({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes')]);
  }
  const asked = listAt(spec, 'audiences').map(String);
  const audiences = asked.length === 0 ? [API_AUDIENCE] : asked;
  const expires = new Date(now.getTime() + seconds * 1000);
  const { name, namespace = '', uid } = account.metadata;
  const token = mint({ namespace, name, uid, audiences, expires });
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: `${now.toISOString().slice(0, 19)}Z` },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp: `${expires.toISOString().slice(0, 19)}Z` },
  };
}

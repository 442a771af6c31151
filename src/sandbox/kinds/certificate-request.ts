import { humanDuration } from '../age.ts';
import { recordAt, textAt, without, type Draft, type KubeObject } from '../objects/object.ts';
import { admitCertificateRequest } from './certificate-request-admission.ts';
import { certificateRequestCauses, conditionsOf } from './certificate-request-rules.ts';
import { AGE, NAME } from './column.ts';
import { STORED_VERBS, type Kind, type Writer } from './kind.ts';

/** certificates.k8s.io/v1 CertificateSigningRequest with the API server's real rules. */
export const CERTIFICATE_REQUEST: Kind = {
  group: 'certificates.k8s.io',
  version: 'v1',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  kind: 'CertificateSigningRequest',
  shortNames: ['csr'],
  namespaced: false,
  verbs: STORED_VERBS,
  subresources: ['approval', 'status'],
  nameForm: 'path-segment',
  selectable: { 'metadata.name': 'metadata.name', 'spec.signerName': 'spec.signerName' },
  shape: {
    spec: {
      fields: {
        request: 'bytes', username: 'text', uid: 'text', groups: { list: 'text' }, usages: { list: 'text' }, extra: { map: { list: 'text' } },
        signerName: 'text', expirationSeconds: 'int32',
      },
    },
    status: {
      fields: {
        conditions: { list: { fields: { type: 'text', reason: 'text', message: 'text', lastUpdateTime: 'time', lastTransitionTime: 'time', status: 'text' } } },
        certificate: 'bytes',
      },
    },
  },
  columns: [
    NAME,
    AGE,
    { name: 'SignerName', type: 'string', cell: (request) => textAt(request, 'spec', 'signerName') || '<none>' },
    { name: 'Requestor', type: 'string', cell: (request) => textAt(request, 'spec', 'username') },
    { name: 'RequestedDuration', type: 'string', cell: requestedDuration },
    { name: 'Condition', type: 'string', cell: conditionText },
  ],
  rules: { prepareCreate, prepareUpdate, validate: certificateRequestCauses, admit: admitCertificateRequest },
};

/** The user is whoever is logged in, whatever the client wrote, and nothing comes approved. */
function prepareCreate(draft: Draft, { identity }: Writer): void {
  draft.spec = {
    ...without(recordAt(draft, 'spec'), ['username', 'uid', 'groups', 'extra']),
    username: identity.username,
    ...(identity.uid === '' ? {} : { uid: identity.uid }),
    ...(identity.groups.length === 0 ? {} : { groups: [...identity.groups] }),
    ...(Object.keys(identity.extra).length === 0 ? {} : { extra: identity.extra }),
  };
  draft.status = {};
}

/** The spec never changes; each door opens its own part of the status. An edit elsewhere is dropped without a word. */
function prepareUpdate(draft: Draft, old: KubeObject, subresource: string, { now }: Writer): void {
  draft.spec = old.spec;
  const conditions = () => withTimes(conditionsOf(draft), conditionsOf(old), now);
  if (subresource === 'status') draft.status = { ...recordAt(draft, 'status'), ...listed(conditionsKept(conditions(), conditionsOf(old))) };
  else if (subresource === 'approval') draft.status = { ...without(recordAt(old, 'status'), ['conditions']), ...listed(conditions()) };
  else draft.status = old.status;
}

type Condition = Record<string, unknown>;

/** Approved and Denied keep their stored wording through /status; added or removed ones are left for the validation. */
function conditionsKept(conditions: readonly Condition[], old: readonly Condition[]): readonly Condition[] {
  return ['Approved', 'Denied'].reduce((kept, type) => {
    const before = old.filter((condition) => condition.type === type);
    if (before.length !== kept.filter((condition) => condition.type === type).length) return kept;
    const next = before.values();
    return kept.map((condition) => (condition.type === type ? (next.next().value ?? condition) : condition));
  }, conditions);
}

function withTimes(conditions: readonly Condition[], old: readonly Condition[], now: Date): readonly Condition[] {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  return conditions.map((condition) => {
    const same = old.find((before) => before.type === condition.type && before.status === condition.status);
    const transition = textAt(condition, 'lastTransitionTime') || textAt(same, 'lastTransitionTime') || time;
    return { ...condition, lastUpdateTime: textAt(condition, 'lastUpdateTime') || time, lastTransitionTime: transition };
  });
}

function listed(conditions: readonly Condition[]): { conditions?: readonly Condition[] } {
  return conditions.length === 0 ? {} : { conditions };
}

function requestedDuration(request: KubeObject): string {
  const seconds = recordAt(request, 'spec').expirationSeconds;
  return typeof seconds === 'number' ? humanDuration(seconds) : '<none>';
}

function conditionText(request: KubeObject): string {
  const types = conditionsOf(request).map((condition) => condition.type);
  const decided = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
  return [decided, ...(types.includes('Failed') ? ['Failed'] : []), ...(textAt(request, 'status', 'certificate') === '' ? [] : ['Issued'])].join(',');
}

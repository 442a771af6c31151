import type { Attributes } from '../access/attributes.ts';
import type { Identity } from '../access/identity.ts';
import { invalid } from '../cause.ts';
import { invalidObject } from '../failure.ts';
import { isRecord, listAt, recordAt, textAt, type Draft, type JsonRecord } from '../objects/object.ts';
import type { Shape } from '../objects/shape.ts';
import type { Kind, Writer } from './kind.ts';

const AUTHORIZATION = 'authorization.k8s.io';
const ATTRIBUTES: Readonly<Record<string, Shape>> = {
  resourceAttributes: {
    fields: {
      namespace: 'text', verb: 'text', group: 'text', version: 'text', resource: 'text', subresource: 'text', name: 'text', fieldSelector: 'any', labelSelector: 'any',
    },
  },
  nonResourceAttributes: { fields: { path: 'text', verb: 'text' } },
};

/** Questions to the authoriser: answered, never stored. `kubectl auth can-i` and `whoami` ask them. */
export const REVIEW_KINDS: readonly Kind[] = [
  reviewKind(AUTHORIZATION, 'SelfSubjectAccessReview', ATTRIBUTES, (draft, writer) => accessReview(draft, writer, writer.identity)),
  reviewKind(
    AUTHORIZATION,
    'SubjectAccessReview',
    { ...ATTRIBUTES, user: 'text', groups: { list: 'text' }, extra: { map: { list: 'text' } }, uid: 'text' },
    (draft, writer) => accessReview(draft, writer, subjectOf(recordAt(draft, 'spec'))),
  ),
  reviewKind('authentication.k8s.io', 'SelfSubjectReview', undefined, (draft, { identity }) => ({ ...draft, status: { userInfo: userInfo(identity) } })),
];

function reviewKind(group: string, kind: string, spec: Readonly<Record<string, Shape>> | undefined, review: (draft: Draft, writer: Writer) => JsonRecord): Kind {
  return {
    group, version: 'v1', plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase(), kind, shortNames: [], namespaced: false, verbs: ['create'],
    subresources: [], nameForm: 'subdomain', selectable: {}, columns: [], rules: {}, shape: { ...(spec === undefined ? {} : { spec: { fields: spec } }), status: 'any' }, review,
  };
}

function accessReview(draft: Draft, writer: Writer, identity: Identity): JsonRecord {
  const allowed = writer.couldBe(identity, attributesOf(draft));
  return { ...draft, status: allowed ? { allowed, reason: 'RBAC: allowed' } : { allowed } };
}

function attributesOf(draft: Draft): Attributes {
  const spec = recordAt(draft, 'spec');
  const [resource, path] = [spec.resourceAttributes, spec.nonResourceAttributes];
  if (isRecord(resource) === isRecord(path)) {
    throw invalidObject({ group: AUTHORIZATION, kind: draft.kind }, '', [invalid('spec.resourceAttributes', resource ?? null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')]);
  }
  if (isRecord(path)) return { kind: 'path', verb: textAt(path, 'verb'), path: textAt(path, 'path') };
  return {
    kind: 'resource', verb: textAt(resource, 'verb'), group: textAt(resource, 'group'), resource: textAt(resource, 'resource'),
    subresource: textAt(resource, 'subresource'), namespace: textAt(resource, 'namespace'), name: textAt(resource, 'name'),
  };
}

function subjectOf(spec: JsonRecord): Identity {
  return { username: textAt(spec, 'user'), uid: textAt(spec, 'uid'), groups: listAt(spec, 'groups').map(String), extra: {} };
}

function userInfo(identity: Identity): JsonRecord {
  return {
    username: identity.username, ...(identity.uid === '' ? {} : { uid: identity.uid }), groups: identity.groups,
    ...(Object.keys(identity.extra).length === 0 ? {} : { extra: identity.extra }),
  };
}

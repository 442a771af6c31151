import type { Identity } from './access/identity.ts';
import type { ApiOptions } from './api.ts';
import { writerFor } from './access/writer.ts';
import { badRequest } from './failure.ts';
import { kindNamed } from './kinds/index.ts';
import { isRecord, textAt, type KubeObject } from './objects/object.ts';
import { incoming } from './verbs/incoming.ts';
import { createObject } from './verbs/write.ts';

/** Creates one object as a request by `identity` would, minus the request and its authorisation. Throws Failure. */
export function loadObject(object: unknown, identity: Identity, options: ApiOptions): KubeObject {
  const [apiVersion, name] = [textAt(object, 'apiVersion'), textAt(object, 'kind')];
  const kind = kindNamed(apiVersion, name);
  if (kind === undefined || !isRecord(object)) throw badRequest(`no matches for kind "${name}" in version "${apiVersion}"`);
  const namespace = kind.namespaced ? textAt(object, 'metadata', 'namespace') || 'default' : '';
  const query = new URLSearchParams({ fieldValidation: 'Strict' });
  const route = {
    kind: 'resource', path: '', query, verb: 'create', group: kind.group, version: kind.version, resource: kind.plural, subresource: '', namespace, name: '', named: false,
  } as const;
  const { store, randomBytes, randomUuid } = options;
  return createObject(incoming(object, kind, query).draft, { kind, route, store, writer: writerFor(identity, options), randomBytes, randomUuid });
}

import { ageSince } from '../age.ts';
import { invalid, required, type Cause } from '../cause.ts';
import { recordAt, textAt, type Draft, type KubeObject } from '../objects/object.ts';
import { STORED_VERBS, type Column, type Kind } from './kind.ts';

/** core/v1 Event. The API server keeps events for an hour; the sandbox keeps them until it stops. */
export const EVENT: Kind = {
  group: '',
  version: 'v1',
  plural: 'events',
  singular: 'event',
  kind: 'Event',
  shortNames: ['ev'],
  namespaced: true,
  verbs: STORED_VERBS,
  subresources: [],
  nameForm: 'subdomain',
  selectable: {
    'metadata.name': 'metadata.name', 'metadata.namespace': 'metadata.namespace', reason: 'reason', type: 'type', source: 'source.component',
    reportingComponent: 'reportingComponent', 'involvedObject.kind': 'involvedObject.kind', 'involvedObject.namespace': 'involvedObject.namespace',
    'involvedObject.name': 'involvedObject.name', 'involvedObject.uid': 'involvedObject.uid', 'involvedObject.apiVersion': 'involvedObject.apiVersion',
    'involvedObject.resourceVersion': 'involvedObject.resourceVersion', 'involvedObject.fieldPath': 'involvedObject.fieldPath',
  },
  shape: {
    involvedObject: { fields: { kind: 'text', namespace: 'text', name: 'text', uid: 'text', apiVersion: 'text', resourceVersion: 'text', fieldPath: 'text' } },
    reason: 'text', message: 'text', source: { fields: { component: 'text', host: 'text' } }, firstTimestamp: 'time', lastTimestamp: 'time', count: 'int32',
    type: 'text', eventTime: 'time', series: { fields: { count: 'int32', lastObservedTime: 'time' } }, action: 'text', related: 'any',
    reportingComponent: 'text', reportingInstance: 'text',
  },
  columns: [
    { name: 'Last Seen', type: 'string', cell: (event, now) => ageSince(lastSeen(event), now) },
    text('Type', 'type'),
    text('Reason', 'reason'),
    { name: 'Object', type: 'string', cell: target },
    { ...text('Subobject', 'involvedObject', 'fieldPath'), priority: 1 },
    { name: 'Source', type: 'string', priority: 1, cell: source },
    { name: 'Message', type: 'string', cell: (event) => textAt(event, 'message').trim() },
    { name: 'First Seen', type: 'string', priority: 1, cell: (event, now) => ageSince(firstSeen(event), now) },
    { name: 'Count', type: 'string', priority: 1, cell: (event) => Number(recordAt(event, 'series').count ?? event.count ?? 1) },
    { ...text('Name', 'metadata', 'name'), priority: 1 },
  ],
  rules: { validate },
  createdByUpdate: true,
};

/** Old events agree with their object's namespace; an event with eventTime has the fields of the newer API instead. */
function validate(draft: Draft): readonly Cause[] {
  const about = textAt(draft, 'involvedObject', 'namespace');
  const namespace = textAt(draft, 'metadata', 'namespace');
  const modern = textAt(draft, 'eventTime') !== '';
  const homes = modern ? ['default', 'kube-system'] : ['default'];
  const misplaced = about === '' ? !homes.includes(namespace) : !modern && about !== namespace;
  const causes = misplaced ? [invalid('involvedObject.namespace', about, 'does not match event.namespace')] : [];
  return modern ? [...causes, ...modernCauses(draft)] : causes;
}

function modernCauses(draft: Draft): readonly Cause[] {
  const missing = ['reportingComponent', 'reportingInstance', 'action', 'reason'].filter((field) => textAt(draft, field) === '').map((field) => required(field));
  const limits: readonly [string, number][] = [['reportingInstance', 128], ['action', 128], ['reason', 128], ['message', 1024]];
  return [...missing, ...limits.flatMap(([field, limit]) => (textAt(draft, field).length > limit ? [invalid(field, '', `can have at most ${limit} characters`)] : []))];
}

function text(name: string, ...path: readonly string[]): Column {
  return { name, type: 'string', cell: (event) => textAt(event, ...path) };
}

function firstSeen(event: KubeObject): string {
  return textAt(event, 'firstTimestamp') || textAt(event, 'eventTime');
}

function lastSeen(event: KubeObject): string {
  return textAt(event, 'series', 'lastObservedTime') || textAt(event, 'lastTimestamp') || firstSeen(event);
}

function target(event: KubeObject): string {
  const [kind, name] = [textAt(event, 'involvedObject', 'kind').toLowerCase(), textAt(event, 'involvedObject', 'name')];
  return name === '' ? kind : `${kind}/${name}`;
}

function source(event: KubeObject): string {
  const component = textAt(event, 'source', 'component') || textAt(event, 'reportingComponent');
  const instance = textAt(event, 'source', 'host') || textAt(event, 'reportingInstance');
  return instance === '' ? component : `${component}, ${instance}`;
}

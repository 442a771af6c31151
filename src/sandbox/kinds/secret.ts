import { invalid, required, type Cause } from '../cause.ts';
import { recordAt, textAt, type Draft, type KubeObject } from '../objects/object.ts';
import { AGE, NAME } from './column.ts';
import { immutableCauses, keyCauses, sizeCauses } from './data-rules.ts';
import { STORED_VERBS, type Kind } from './kind.ts';

export const SECRET: Kind = {
  group: '',
  version: 'v1',
  plural: 'secrets',
  singular: 'secret',
  kind: 'Secret',
  shortNames: [],
  namespaced: true,
  verbs: STORED_VERBS,
  subresources: [],
  nameForm: 'subdomain',
  selectable: { 'metadata.name': 'metadata.name', 'metadata.namespace': 'metadata.namespace', type: 'type' },
  shape: { data: { map: 'bytes' }, type: 'text', stringData: { map: 'text' }, immutable: 'boolean' },
  columns: [
    NAME,
    { name: 'Type', type: 'string', cell: (secret) => textAt(secret, 'type') },
    { name: 'Data', type: 'integer', cell: (secret) => Object.keys(recordAt(secret, 'data')).length },
    AGE,
  ],
  rules: { fill, validate },
};

/** Keys that a type of Secret must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

function fill(draft: Draft): void {
  draft.type ??= 'Opaque';
  const texts = Object.entries(recordAt(draft, 'stringData')).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]);
  delete draft.stringData;
  if (texts.length > 0) draft.data = { ...recordAt(draft, 'data'), ...(Object.fromEntries(texts) as Record<string, string>) };
}

function validate(draft: Draft, old: KubeObject | undefined): readonly Cause[] {
  const data = recordAt(draft, 'data');
  const bytes = Object.values(data).reduce<number>((sum, value) => sum + Buffer.byteLength(String(value), 'base64'), 0);
  const missing = (REQUIRED_KEYS[textAt(draft, 'type')] ?? []).filter((key) => !Object.hasOwn(data, key));
  return [
    ...keyCauses('data', data),
    ...sizeCauses('data', bytes),
    ...missing.map((key) => required(`data[${key}]`)),
    ...(old !== undefined && old.type !== draft.type ? [invalid('type', draft.type, 'field is immutable')] : []),
    ...immutableCauses(draft, old, ['data']),
  ];
}

import { invalid, type Cause } from '../cause.ts';
import { recordAt, type Draft, type KubeObject } from '../objects/object.ts';
import { AGE, NAME } from './column.ts';
import { immutableCauses, keyCauses, sizeCauses } from './data-rules.ts';
import { STORED_VERBS, type Kind } from './kind.ts';

export const CONFIG_MAP: Kind = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  singular: 'configmap',
  kind: 'ConfigMap',
  shortNames: ['cm'],
  namespaced: true,
  verbs: STORED_VERBS,
  subresources: [],
  nameForm: 'subdomain',
  selectable: { 'metadata.name': 'metadata.name', 'metadata.namespace': 'metadata.namespace' },
  shape: { data: { map: 'text' }, binaryData: { map: 'bytes' }, immutable: 'boolean' },
  columns: [
    NAME,
    { name: 'Data', type: 'integer', cell: (map) => Object.keys(recordAt(map, 'data')).length + Object.keys(recordAt(map, 'binaryData')).length },
    AGE,
  ],
  rules: { validate },
};

function validate(draft: Draft, old: KubeObject | undefined): readonly Cause[] {
  const [data, binary] = [recordAt(draft, 'data'), recordAt(draft, 'binaryData')];
  const bytes = [...Object.values(data), ...Object.values(binary)].reduce<number>((sum, value) => sum + Buffer.byteLength(String(value)), 0);
  return [
    ...keyCauses('data', data),
    ...keyCauses('binaryData', binary),
    ...Object.keys(data).filter((key) => Object.hasOwn(binary, key)).map((key) => invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    ...sizeCauses('', bytes),
    ...immutableCauses(draft, old, ['data', 'binaryData']),
  ];
}

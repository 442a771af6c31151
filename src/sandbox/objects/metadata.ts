import { invalid, required, tooLong, type Cause } from '../cause.ts';
import { problemOfLabelValue, problemOfName, problemOfQualifiedName, type NameForm } from './name.ts';
import { listAt, recordAt, textAt, without, type Draft, type KubeObject } from './object.ts';

/** What all annotations of an object may hold together. */
const MOST_ANNOTATION_BYTES = 256 * 1024;

/** Neither vowels nor digits that look like letters, so that no generated name spells anything. */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Longest prefix that is kept: five letters are added, and 63 characters fit a label. */
const LONGEST_PREFIX = 58;

/** A name for metadata.generateName; `randomBytes` decides it. */
export function generatedName(prefix: string, randomBytes: (size: number) => Uint8Array): string {
  const letters = [...randomBytes(5)].map((byte) => NAME_LETTERS[byte % NAME_LETTERS.length]);
  return `${prefix.slice(0, LONGEST_PREFIX)}${letters.join('')}`;
}

/** Fields that a client may send and that never come from it. Field ownership is not tracked, so managedFields go too. */
const SERVER_FIELDS = ['managedFields', 'selfLink', 'generation', 'deletionTimestamp', 'deletionGracePeriodSeconds'];

/** The metadata of a new object: what the server alone decides is decided here. */
export function newMetadata(draft: Draft, made: { readonly uid: string; readonly now: Date }): Record<string, unknown> {
  return { ...without(draft.metadata, [...SERVER_FIELDS, 'resourceVersion']), uid: made.uid, creationTimestamp: `${made.now.toISOString().slice(0, 19)}Z` };
}

/** What an update cannot change is put back; a uid that is there stays, to be judged by `metadataCauses`. */
export function keptMetadata(draft: Draft, old: KubeObject): Record<string, unknown> {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generateName } = old.metadata;
  return {
    ...without(draft.metadata, SERVER_FIELDS),
    uid: textAt(draft.metadata, 'uid') || uid,
    creationTimestamp,
    ...(generateName === undefined ? {} : { generateName }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp, deletionGracePeriodSeconds }),
  };
}

export function metadataCauses(draft: Draft, old: KubeObject | undefined, form: NameForm): readonly Cause[] {
  const name = textAt(draft.metadata, 'name');
  if (name === '') return [required('metadata.name', 'name or generateName is required')];
  const problem = problemOfName(name, form);
  return [
    ...(problem === undefined ? [] : [invalid('metadata.name', name, problem)]),
    ...(old === undefined ? [] : changeCauses(draft, old)),
    ...mapCauses(draft),
    ...listAt(draft.metadata, 'finalizers').flatMap((finalizer, index) => qualified(`metadata.finalizers[${index}]`, String(finalizer))),
  ];
}

function changeCauses(draft: Draft, old: KubeObject): readonly Cause[] {
  return (['name', 'namespace', 'uid'] as const)
    .filter((field) => (draft.metadata[field] ?? '') !== (old.metadata[field] ?? ''))
    .map((field) => invalid(`metadata.${field}`, draft.metadata[field] ?? '', 'field is immutable'));
}

function mapCauses(draft: Draft): readonly Cause[] {
  const annotations = recordAt(draft.metadata, 'annotations');
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(String(value)), 0);
  return [
    ...Object.entries(recordAt(draft.metadata, 'labels')).flatMap(([key, value]) => {
      const problem = problemOfLabelValue(String(value));
      return [...qualified('metadata.labels', key), ...(problem === undefined ? [] : [invalid('metadata.labels', value, problem)])];
    }),
    ...Object.keys(annotations).flatMap((key) => qualified('metadata.annotations', key.toLowerCase(), key)),
    ...(size > MOST_ANNOTATION_BYTES ? [tooLong('metadata.annotations', MOST_ANNOTATION_BYTES)] : []),
  ];
}

function qualified(field: string, name: string, shown = name): readonly Cause[] {
  const problem = problemOfQualifiedName(name);
  return problem === undefined ? [] : [invalid(field, shown, problem)];
}

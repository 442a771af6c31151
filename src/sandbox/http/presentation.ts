import { apiVersionOf } from '../kinds/index.ts';
import type { Column, Kind } from '../kinds/kind.ts';
import { without, type JsonRecord, type KubeObject } from '../objects/object.ts';
import type { Format } from './media-type.ts';

/** A list as it leaves the server. */
export type List = { readonly resourceVersion: string; readonly items: readonly KubeObject[]; readonly continue?: string; readonly remaining?: number };

export function presentList(kind: Kind, list: List, format: Format, query: URLSearchParams, now: Date): JsonRecord {
  const metadata = {
    resourceVersion: list.resourceVersion,
    ...(list.continue === undefined ? {} : { continue: list.continue }),
    ...(list.remaining === undefined ? {} : { remainingItemCount: list.remaining }),
  };
  switch (format.presentation) {
    case 'object':
      // The items of a typed list do not say what they are: the list does.
      return { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items: list.items.map((item) => without(item, ['kind', 'apiVersion'])) };
    case 'table':
      return table(kind, list.items, { metadata, query, now, header: true });
    case 'metadata':
      return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: list.items.map(metadataOnly) };
  }
}

/** One object; `header: false` leaves a table's column definitions out, as a watch does after its first event. */
export function presentObject(kind: Kind, object: KubeObject, format: Format, query: URLSearchParams, now: Date, header = true): JsonRecord {
  switch (format.presentation) {
    case 'object':
      return object;
    case 'table':
      return table(kind, [object], { metadata: { resourceVersion: object.metadata.resourceVersion }, query, now, header });
    case 'metadata':
      return metadataOnly(object);
  }
}

type TableOptions = { readonly metadata: JsonRecord; readonly query: URLSearchParams; readonly now: Date; readonly header: boolean };

function table(kind: Kind, items: readonly KubeObject[], { metadata, query, now, header }: TableOptions): JsonRecord {
  const include = query.get('includeObject') ?? 'Metadata';
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: header ? kind.columns.map(definition) : null,
    rows: items.map((item) => ({
      cells: kind.columns.map((column) => column.cell(item, now)),
      object: include === 'None' ? null : include === 'Object' ? item : metadataOnly(item),
    })),
  };
}

function definition({ name, type, priority = 0 }: Column): JsonRecord {
  return { name, type, format: name === 'Name' ? 'name' : '', description: '', priority };
}

function metadataOnly(object: KubeObject): JsonRecord {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

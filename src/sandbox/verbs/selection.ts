import type { ResourceRoute } from '../http/route.ts';
import type { Kind } from '../kinds/kind.ts';
import type { KubeObject } from '../objects/object.ts';
import { exactly, matchesFields, matchesLabels, parseFieldSelector, parseLabelSelector, type Requirement } from '../objects/selector.ts';
import { badRequest } from '../failure.ts';

/** What a list, watch or deletecollection is about. */
export type Selection = {
  readonly namespace: string;
  readonly labels: readonly Requirement[];
  readonly fields: readonly Requirement[];
};

/** Reads namespace and selectors off a request. Throws 400. */
export function selectionOf(kind: Kind, route: ResourceRoute): Selection {
  const labels = parseLabelSelector(route.query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(route.query.get('fieldSelector') ?? '', kind.selectable);
  // A watch on one object by its path is one on its name.
  if (!route.named) return { namespace: route.namespace, labels, fields };
  const asked = exactly(fields, 'metadata.name');
  if (asked !== undefined && asked !== route.name) throw badRequest("fieldSelector metadata.name doesn't match requested name");
  return { namespace: route.namespace, labels, fields: [...fields, { key: 'metadata.name', operator: 'in', values: [route.name] }] };
}

export function selects({ namespace, labels, fields }: Selection, object: KubeObject): boolean {
  return (namespace === '' || object.metadata.namespace === namespace) && matchesLabels(object, labels) && matchesFields(object, fields);
}

import type { DerNode } from './der-reader.ts';
import { TAG, expectEnd, expectNode, oidValue } from './der-value.ts';

/** AlgorithmIdentifier of RFC 5280 §4.1.1.2. `parameters` is null when the field is absent, which is not the same as NULL. */
export type AlgorithmIdentifier = { readonly oid: string; readonly parameters: DerNode | null; readonly node: DerNode };

/** Reads an AlgorithmIdentifier; `what` names it for the message. Throws DerError. */
export function readAlgorithmIdentifier(field: DerNode | undefined, what: string, parent: DerNode): AlgorithmIdentifier {
  const node = expectNode(field, TAG.sequence, what, parent);
  const oid = oidValue(expectNode(node.children[0], TAG.oid, `the object identifier of ${what}`, node));
  expectEnd(node, 2, what);
  return { oid, parameters: node.children[1] ?? null, node };
}

/** Whether the parameters are what the algorithm's RFC demands: left out, or an explicit NULL. */
export function hasParameters({ parameters }: AlgorithmIdentifier, expected: 'absent' | 'NULL'): boolean {
  return expected === 'absent' ? parameters === null : parameters?.identifier === TAG.null;
}

import { DerError } from './der-error.ts';
import type { DerNode } from './der-reader.ts';
import { TAG, booleanValue, expectEnd, expectNode, oidValue } from './der-value.ts';

/** Extension of RFC 5280 §4.1. `value` is the content of its OCTET STRING, not looked into. */
export type Extension = { readonly oid: string; readonly critical: boolean; readonly value: Uint8Array };

/**
 * Reads Extensions: at least one, no object identifier twice (RFC 5280 §4.2: two readers may each believe a
 * different one). `explicitFalse` lets `critical FALSE` pass, which DER leaves out but old CA software writes.
 * Throws DerError.
 */
export function readExtensions(field: DerNode | undefined, { parent, explicitFalse }: { parent: DerNode; explicitFalse: boolean }): Extension[] {
  const node = expectNode(field, TAG.sequence, 'the extensions', parent);
  if (node.children.length === 0) throw new DerError({ found: 'an empty list of extensions', allowed: 'at least one extension', offset: node.offset });
  const extensions = node.children.map((child) => readExtension(child, node, explicitFalse));
  const seen = new Set<string>();
  for (const { oid } of extensions) {
    if (seen.has(oid)) throw new DerError({ found: `the extension ${oid} twice`, allowed: 'each extension once', offset: node.offset });
    seen.add(oid);
  }
  return extensions;
}

function readExtension(field: DerNode, parent: DerNode, explicitFalse: boolean): Extension {
  const node = expectNode(field, TAG.sequence, 'an extension', parent);
  const oid = oidValue(expectNode(node.children[0], TAG.oid, 'the object identifier of an extension', node));
  const flag = node.children[1]?.identifier === TAG.boolean ? node.children[1] : null;
  const critical = flag !== null && booleanValue(flag);
  if (flag !== null && !critical && !explicitFalse) {
    throw new DerError({ found: `critical FALSE written out in the extension ${oid}`, allowed: 'the default left out (X.690 §11.5)', offset: flag.offset });
  }
  const position = flag === null ? 1 : 2;
  const value = expectNode(node.children[position], TAG.octetString, `the value of the extension ${oid}`, node);
  expectEnd(node, position + 1, `the extension ${oid}`);
  return { oid, critical, value: value.content };
}

import { DerError } from './der-error.ts';
import type { DerNode } from './der-reader.ts';
import { TAG, expectEnd, expectNode, oidValue } from './der-value.ts';
import { type Extension, readExtensions } from './extension.ts';
import { OID } from './oid.ts';

/** Microsoft's own extensionRequest: OpenSSL reads it like the standard one, Go does not. */
const MICROSOFT_EXTENSION_REQUEST = '1.3.6.1.4.1.311.2.1.14';

/**
 * The extensions that the attributes of a request ask for (RFC 2985 §5.4.2): at most one extensionRequest with exactly
 * one value. Each other attribute may be there once and is left alone. `attributes` is the [0] IMPLICIT SET OF
 * Attribute (RFC 2986 §4.1), whose order the reader cannot have checked. Throws DerError.
 */
export function readRequestedExtensions(attributes: DerNode): Extension[] {
  const seen = new Map<string, DerNode>();
  attributes.children.forEach((child, i) => {
    const { type, values } = readAttribute(child, attributes);
    if (seen.has(type)) throw new DerError({ found: `the attribute ${type} twice`, allowed: 'each attribute once', offset: child.offset });
    seen.set(type, values);
    const before = attributes.children[i - 1];
    if (before !== undefined && Buffer.compare(before.der, child.der) > 0) {
      throw new DerError({ found: 'attributes that are not in ascending order', allowed: 'the order of X.690 §11.6', offset: child.offset });
    }
  });
  if (seen.has(MICROSOFT_EXTENSION_REQUEST)) {
    throw new DerError({ found: `the attribute ${MICROSOFT_EXTENSION_REQUEST}`, allowed: `extensions in the attribute ${OID.extensionRequest}`, offset: attributes.offset });
  }
  const values = seen.get(OID.extensionRequest);
  if (values === undefined) return [];
  if (values.children.length !== 1) {
    throw new DerError({ found: `an extensionRequest with ${values.children.length} values`, allowed: 'exactly one', offset: values.offset });
  }
  return readExtensions(values.children[0], { parent: values, explicitFalse: false });
}

function readAttribute(field: DerNode, parent: DerNode): { type: string; values: DerNode } {
  const node = expectNode(field, TAG.sequence, 'an attribute', parent);
  const type = oidValue(expectNode(node.children[0], TAG.oid, 'the type of an attribute', node));
  const values = expectNode(node.children[1], TAG.set, `the values of the attribute ${type}`, node);
  expectEnd(node, 2, `the attribute ${type}`);
  if (values.children.length === 0) throw new DerError({ found: `the attribute ${type} without a value`, allowed: 'at least one value', offset: values.offset });
  return { type, values };
}

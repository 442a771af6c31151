/**
 * A DER encoding taken apart so that it can be changed and put together again. Shares nothing with the reader under
 * test. OCTET STRINGs that hold DER, as the values of extensions do, are taken apart too.
 */
export type Tree = {
  identifier: number;
  /** Content of a leaf. */
  content: Uint8Array;
  /** Elements inside; for a leaf empty. */
  children: Tree[];
  /** How the length is written: as DER wants it, with a leading zero, not at all, or as this number. */
  length: 'minimal' | 'long' | 'indefinite' | number;
};

/** Takes a good encoding apart. Throws RangeError when it is none. */
export function toTree(der: Uint8Array): Tree {
  const [tree, ...rest] = elements(der);
  if (tree === undefined || rest.length > 0) throw new RangeError('not one element');
  return tree;
}

/** Puts a tree together, with the faults it was given. */
export function fromTree({ identifier, content, children, length }: Tree): Uint8Array {
  const body = children.length > 0 ? Buffer.concat(children.map(fromTree)) : content;
  if (length === 'indefinite') return Buffer.concat([Uint8Array.of(identifier, 0x80), body, Uint8Array.of(0, 0)]);
  return Buffer.concat([Uint8Array.of(identifier, ...lengthOctets(length, body.length)), body]);
}

/** Every node with its parent (null for the root), outermost first. */
export function nodesOf(root: Tree): { node: Tree; parent: Tree | null }[] {
  const walk = (node: Tree, parent: Tree | null): { node: Tree; parent: Tree | null }[] => [{ node, parent }, ...node.children.flatMap((child) => walk(child, node))];
  return walk(root, null);
}

export function leaf(identifier: number, content: Uint8Array): Tree {
  return { identifier, content, children: [], length: 'minimal' };
}

function elements(der: Uint8Array): Tree[] {
  const found: Tree[] = [];
  for (let at = 0; at < der.length; ) {
    const [identifier = 0, first = 0] = der.subarray(at);
    const octets = first < 0x80 ? 0 : first & 0x7f;
    const length = first < 0x80 ? first : der.subarray(at + 2, at + 2 + octets).reduce((sum, octet) => sum * 256 + octet, 0);
    const start = at + 2 + octets;
    if (octets > 3 || start + length > der.length) throw new RangeError('an element that does not fit');
    const content = der.subarray(start, start + length);
    found.push({ ...leaf(identifier, content), children: childrenOf(identifier, content) });
    at = start + length;
  }
  return found;
}

function childrenOf(identifier: number, content: Uint8Array): Tree[] {
  if (identifier & 0x20) return elements(content);
  if (identifier !== 0x04) return [];
  try {
    return elements(content);
  } catch {
    // An OCTET STRING of plain octets.
    return [];
  }
}

function lengthOctets(written: Tree['length'], actual: number): number[] {
  if (typeof written === 'number') return lengthOctets('minimal', written);
  const big = [actual >> 16, (actual >> 8) & 0xff, actual & 0xff];
  const minimal = actual < 0x100 ? big.slice(2) : actual < 0x10000 ? big.slice(1) : big;
  if (written === 'long') return [0x80 | (minimal.length + 1), 0, ...minimal];
  return actual < 0x80 ? minimal : [0x80 | minimal.length, ...minimal];
}

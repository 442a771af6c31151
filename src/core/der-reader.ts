import { DerError } from './der-error.ts';
import { checkPrimitive } from './der-primitive.ts';

/**
 * One element of a DER encoding. `content` and `der` are views into the input: nothing is copied, so what was
 * read is byte for byte what gets hashed, verified and compared.
 */
export type DerNode = {
  /** Identifier octet: class, constructed bit and tag number together, e.g. 0x30 for a SEQUENCE. */
  readonly identifier: number;
  /** The whole element: identifier, length, content. */
  readonly der: Uint8Array;
  readonly content: Uint8Array;
  /** Where the element starts, counted from the start of the outermost encoding. */
  readonly offset: number;
  /** Elements of a constructed encoding, in order; empty for a primitive one. */
  readonly children: readonly DerNode[];
};

/** A certificate or request nests eight levels; the limit keeps hostile input from exhausting the stack. */
const MAX_DEPTH = 32;

/** A request for 100 names has 250 elements; without a limit 64 KiB of NULLs become 32,000 objects. */
const MAX_NODES = 4096;

/** Three length octets are 16 MiB: more than any input that is let in. */
const MAX_LENGTH_OCTETS = 3;

type Scan = { readonly input: Uint8Array; readonly base: number; nodes: number };

/**
 * Reads exactly one DER element that fills `input` (X.690 §8-11, and §11.6 for SET OF), with all its constructed
 * elements; what an OCTET STRING or BIT STRING holds is not looked into. `offset` is the position of `input` in the
 * outermost encoding, for messages. Throws DerError on the first octet that is not strict DER: BER tolerance lets
 * two readers of one request disagree about what it says.
 */
export function readDer(input: Uint8Array, { offset = 0 }: { offset?: number } = {}): DerNode {
  const node = readElement({ input, base: offset, nodes: 0 }, 0, input.length, 0);
  if (node.end !== input.length) {
    throw new DerError({
      found: `${input.length - node.end} bytes after the end of the outermost element`,
      allowed: 'exactly one DER element',
      offset: offset + node.end,
    });
  }
  return node;
}

/** Makes its views when they are asked for: a certificate has sixty elements, of which few are looked at as bytes, and views cost more than all else here. */
class Element implements DerNode {
  readonly identifier: number;
  readonly offset: number;
  readonly children: readonly Element[];
  /** Where it ends in its input. */
  readonly end: number;
  readonly #input: Uint8Array;
  readonly #start: number;
  readonly #contentStart: number;

  constructor(identifier: number, { input, base }: Scan, [start, contentStart, end]: readonly [number, number, number], children: readonly Element[]) {
    this.identifier = identifier;
    this.offset = base + start;
    this.children = children;
    this.end = end;
    this.#input = input;
    this.#start = start;
    this.#contentStart = contentStart;
  }

  get der(): Uint8Array {
    return this.#input.subarray(this.#start, this.end);
  }

  get content(): Uint8Array {
    return this.#input.subarray(this.#contentStart, this.end);
  }
}

/** The constructed bit of an identifier octet (X.690 §8.1.2.5). */
const CONSTRUCTED = 0x20;

function readElement(scan: Scan, start: number, end: number, depth: number): Element {
  const offset = scan.base + start;
  scan.nodes += 1;
  if (scan.nodes > MAX_NODES) fail(`more than ${MAX_NODES} elements`, `at most ${MAX_NODES}`, offset);
  if (depth > MAX_DEPTH) fail(`elements nested more than ${MAX_DEPTH} deep`, `at most ${MAX_DEPTH} levels`, offset);
  const identifier = scan.input[start];
  if (start >= end || identifier === undefined) return fail('the end of the data', 'an element', offset);
  if ((identifier & 0x1f) === 0x1f) fail(`a multi-octet tag (${hex(identifier)})`, 'tag numbers up to 30', offset);
  const { length, contentStart } = readLength(scan, start + 1, end);
  const contentEnd = contentStart + length;
  if (contentEnd > end) fail(`an element of ${length} bytes where ${end - contentStart} are left`, 'a length that ends inside its parent', offset);
  const constructed = (identifier & CONSTRUCTED) !== 0;
  checkForm(identifier, offset);
  const children = constructed ? readChildren(scan, contentStart, contentEnd, depth + 1) : NONE;
  if (identifier === SET) checkSorted(children);
  const element = new Element(identifier, scan, [start, contentStart, contentEnd], children);
  if (!constructed) checkPrimitive(element);
  return element;
}

const NONE: readonly Element[] = [];

function readChildren(scan: Scan, start: number, end: number, depth: number): Element[] {
  const children: Element[] = [];
  for (let at = start; at < end; at = children.at(-1)?.end ?? end) children.push(readElement(scan, at, end, depth));
  return children;
}

const SHORTEST = 'a definite length in as few octets as possible';

/** X.690 §10.1: definite, and in as few octets as possible. */
function readLength(scan: Scan, at: number, end: number): { length: number; contentStart: number } {
  const offset = scan.base + at;
  const first = scan.input[at];
  if (at >= end || first === undefined) return fail('the end of the data instead of a length', SHORTEST, offset);
  if (first < 0x80) return { length: first, contentStart: at + 1 };
  if (first === 0x80) fail('an indefinite length', SHORTEST, offset);
  const count = first & 0x7f;
  if (count > MAX_LENGTH_OCTETS) fail(`a length of ${count} octets`, SHORTEST, offset);
  if (at + 1 + count > end) fail('the end of the data inside a length', SHORTEST, offset);
  let length = 0;
  for (let i = at + 1; i <= at + count; i++) length = length * 256 + (scan.input[i] ?? 0);
  if (length < 0x80 || length < 256 ** (count - 1)) fail(`the length ${length} written in ${count + 1} octets`, SHORTEST, offset);
  return { length, contentStart: at + 1 + count };
}

const SEQUENCE = 0x30;
const SET = 0x31;

/** Universal types have one form each in DER: SEQUENCE and SET are constructed, everything else is primitive (X.690 §10.2). */
function checkForm(identifier: number, offset: number): void {
  if (identifier >> 6 !== 0) return;
  const structured = (identifier | CONSTRUCTED) === SEQUENCE || (identifier | CONSTRUCTED) === SET;
  const constructed = (identifier & CONSTRUCTED) !== 0;
  if (structured && !constructed) fail(`a primitive SEQUENCE or SET (${hex(identifier)})`, 'the constructed form', offset);
  if (!structured && constructed) fail(`a string or simple type in pieces (${hex(identifier)})`, 'the primitive form', offset);
}

/** X.690 §11.6: the elements of a SET OF ascend by their encodings. */
function checkSorted(children: readonly DerNode[]): void {
  children.forEach((child, i) => {
    const before = children[i - 1];
    if (before !== undefined && Buffer.compare(before.der, child.der) > 0) {
      fail('a SET whose elements are not in ascending order', 'the order of X.690 §11.6', child.offset);
    }
  });
}

function fail(found: string, allowed: string, offset: number): never {
  throw new DerError({ found, allowed, offset });
}

function hex(octet: number): string {
  return `0x${octet.toString(16).padStart(2, '0')}`;
}

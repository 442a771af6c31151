import { namedBits, objectIdentifier, sequence, setOf, utf8String } from '../../../src/core/der-writer.ts';
import { OID } from '../../../src/core/oid.ts';
import type { Random } from './random.ts';
import { EMPTY_SUBJECT, ISTIO_SUBJECT, attribute, extension } from './request.ts';
import { type Tree, leaf, nodesOf, toTree } from './tree.ts';

/** Changes a certificationRequestInfo in place; what comes out is signed, so that only the change itself can be refused. */
export type Mutation = { readonly name: string; readonly apply: (info: Tree, random: Random) => void };

/** What a change of each kind looks like to whoever reads the output of a failed run. */
export const MUTATIONS: readonly Mutation[] = [
  // Changes of meaning: most of the results are well-formed and reach the policy.
  { name: 'another name', apply: (info, random) => namesIn(info).forEach((name, i) => (i === 0 ? Object.assign(name, someName(random)) : undefined)) },
  { name: 'one more name', apply: (info, random) => namesList(info)?.children.push(someName(random)) },
  { name: 'a name less', apply: (info, random) => remove(namesList(info), random) },
  { name: 'a name twice', apply: (info, random) => duplicate(namesList(info), random) },
  { name: 'a character of a name', apply: (info, random) => namesIn(info).slice(0, 1).forEach((name) => changeCharacter(name, random)) },
  { name: 'another service account', apply: (info, random) => namesIn(info).slice(0, 1).forEach((name) => Object.assign(name, workload(random))) },
  { name: 'one more extension', apply: (info, random) => extensionsList(info)?.children.push(toTree(random.pick(EXTENSIONS))) },
  { name: 'extensions in another order', apply: (info) => extensionsList(info)?.children.reverse() },
  { name: 'one more attribute', apply: (info, random) => void info.children[3]?.children.unshift(toTree(attribute(random.pick(['1.2.3', '1.2.840.113549.1.9.7', OID.extensionRequest]), sequence()))) },
  { name: 'another subject', apply: (info, random) => void info.children.splice(1, 1, toTree(random.pick(SUBJECTS))) },
  // Changes of form: most of the results are not DER any more, or not a request.
  { name: 'an element less', apply: (info, random) => remove(someParent(info, random), random) },
  { name: 'an element twice', apply: (info, random) => duplicate(someParent(info, random), random) },
  { name: 'elements swapped', apply: (info, random) => swap(someParent(info, random), random) },
  { name: 'an element moved', apply: (info, random) => move(info, random) },
  { name: 'another identifier', apply: (info, random) => void (someNode(info, random).identifier = random.pick([0x02, 0x04, 0x0c, 0x13, 0x16, 0x30, 0x31, 0x24, 0x80, 0x82, 0x86, 0xa0, 0xa6, random.below(256)])) },
  { name: 'another length', apply: (info, random) => void (someNode(info, random).length = random.pick(['long', 'indefinite', 0, 1, 127, 128, 255, 65536] as const)) },
  { name: 'a bit of a value', apply: (info, random) => flipBit(someLeaf(info, random), random) },
  { name: 'another value', apply: (info, random) => void (someLeaf(info, random).content = random.bytes(random.below(8))) },
  { name: 'no value', apply: (info, random) => void (someLeaf(info, random).content = new Uint8Array()) },
];

/** Names that a workload of foo may have, may not have, and that try to be read as another. */
const URIS = [
  'spiffe://cluster.local/ns/foo/sa/httpbin',
  'spiffe://cluster.local/ns/foo/sa/sleep',
  'spiffe://cluster.local/ns/bar/sa/httpbin',
  'spiffe://another.domain/ns/foo/sa/httpbin',
  'spiffe://cluster.local/ns/foo/sa/httpbin/',
  'spiffe://cluster.local/ns/foo/../bar/sa/httpbin',
  'spiffe://cluster.local/ns/foo%2fbar/sa/httpbin',
  'spiffe://cluster.local:443/ns/foo/sa/httpbin',
  'SPIFFE://cluster.local/ns/foo/sa/httpbin',
  'spiffe://cluster.local/ns/foo/sa/httpbin\0',
  'spiffe://cluster.local/ns/foo/sa/httpbin#x',
  'https://httpbin.foo.svc/',
];
const DNS_NAMES = ['httpbin.foo.svc', 'istiod.istio-system.svc', '*.foo.svc', '*', 'httpbin.foo.svc\0.bar.svc', '10.0.0.1', 'HTTPBIN.foo.svc'];

const EXTENSIONS = [
  extension(OID.keyUsage, namedBits([0, 2]), { critical: true }),
  extension(OID.keyUsage, namedBits([5, 6]), { critical: true }),
  extension(OID.extKeyUsage, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
  extension(OID.extKeyUsage, sequence(objectIdentifier('2.5.29.37.0'))),
  extension(OID.basicConstraints, sequence(), { critical: true }),
  extension(OID.basicConstraints, sequence(Uint8Array.of(0x01, 0x01, 0xff)), { critical: true }),
  extension(OID.nameConstraints, sequence()),
  extension(OID.subjectAltName, sequence()),
  extension('1.2.3', Uint8Array.of(0x05, 0x00)),
];

const SUBJECTS = [EMPTY_SUBJECT, ISTIO_SUBJECT, named(OID.commonName, 'foo'), named(OID.commonName, ''), named(OID.commonName, 'foo\0bar')];

function named(type: string, value: string): Uint8Array {
  return sequence(setOf(sequence(objectIdentifier(type), utf8String(value))));
}

function extensionsList(info: Tree): Tree | undefined {
  return info.children[3]?.children.find(({ children }) => isType(children[0], OID.extensionRequest))?.children[1]?.children[0];
}

function namesList(info: Tree): Tree | undefined {
  return extensionsList(info)?.children.find(({ children }) => isType(children[0], OID.subjectAltName))?.children.at(-1)?.children[0];
}

function namesIn(info: Tree): Tree[] {
  return namesList(info)?.children ?? [];
}

function isType(node: Tree | undefined, oid: string): boolean {
  return node !== undefined && Buffer.compare(objectIdentifier(oid).subarray(2), node.content) === 0;
}

function someName(random: Random): Tree {
  if (random.chance(0.7)) return leaf(0x86, Buffer.from(random.pick(URIS), 'latin1'));
  return random.chance(0.6) ? leaf(0x82, Buffer.from(random.pick(DNS_NAMES), 'latin1')) : leaf(0x87, random.bytes(random.pick([4, 4, 16, 5])));
}

function workload(random: Random): Tree {
  const account = Array.from({ length: 1 + random.below(20) }, () => random.pick([...'abcdefghijklmnopqrstuvwxyz0123456789-.'])).join('');
  return leaf(0x86, Buffer.from(`spiffe://cluster.local/ns/${random.pick(['foo', 'foo', 'bar'])}/sa/${account}`, 'latin1'));
}

function changeCharacter(name: Tree, random: Random): void {
  const copy = Uint8Array.from(name.content);
  const character = random.chance(0.8) ? random.pick([...Buffer.from('abcxyz019-._/:%*@')]) : random.below(256);
  copy[random.below(Math.max(1, copy.length))] = character;
  name.content = copy;
}

function flipBit(node: Tree, random: Random): void {
  const copy = Uint8Array.from(node.content);
  const at = random.below(Math.max(1, copy.length));
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  node.content = copy;
}

function remove(parent: Tree | undefined, random: Random): void {
  parent?.children.splice(random.below(parent.children.length), 1);
}

function duplicate(parent: Tree | undefined, random: Random): void {
  if (parent === undefined || parent.children.length === 0) return;
  const at = random.below(parent.children.length);
  parent.children.splice(at, 0, structuredClone(random.pick(parent.children.slice(at, at + 1))));
}

function swap(parent: Tree | undefined, random: Random): void {
  if (parent === undefined || parent.children.length < 2) return;
  const at = random.below(parent.children.length - 1);
  parent.children.splice(at, 2, ...parent.children.slice(at, at + 2).reverse());
}

/** A copy of one element in the place of another. */
function move(info: Tree, random: Random): void {
  const copy = structuredClone(someNode(info, random));
  Object.assign(someNode(info, random), copy);
}

function someNode(info: Tree, random: Random): Tree {
  return random.pick(nodesOf(info)).node;
}

function someLeaf(info: Tree, random: Random): Tree {
  return random.pick(nodesOf(info).filter(({ node }) => node.children.length === 0)).node;
}

function someParent(info: Tree, random: Random): Tree | undefined {
  const parents = nodesOf(info).filter(({ node }) => node.children.length > 0);
  return parents.length === 0 ? undefined : random.pick(parents).node;
}

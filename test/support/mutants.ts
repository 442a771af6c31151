import { sequence } from '../../src/core/der-writer.ts';
import { encodePem } from '../../src/core/pem.ts';
import { type TestKey, signatureOf, testKey } from './der/keys.ts';
import { MUTATIONS } from './der/mutations.ts';
import { type Random, seeded } from './der/random.ts';
import { EMPTY_SUBJECT, ISTIO_SUBJECT, altNames, dns, requestDer, uri, type RequestParts } from './der/request.ts';
import { type Tree, fromTree, toTree } from './der/tree.ts';

/** A request that grew out of a good one. `how` names every step, for whoever has to explain a failure. */
export type Mutant = { readonly text: string; readonly how: string };

/** Endless mutants, the same ones for the same seed but for the random part of ECDSA signatures. */
export function* mutants(seed: number): Generator<Mutant, never> {
  const random = seeded(seed);
  const seeds = ANCESTORS.map(ancestor);
  for (;;) {
    const kind = random.below(10);
    const one = random.pick(seeds);
    // Seven of ten are signed anew after the change: without that every change would end at the signature.
    if (kind < 7) yield resigned(one, random);
    else if (kind < 9) yield damaged(one, random.pick(seeds), random);
    else yield damagedText(one, random);
  }
}

type Ancestor = { readonly der: Uint8Array; readonly info: Tree; readonly key: TestKey };

/** Keys that sign fast; RSA is in the vectors. */
const KEYS = ['ed25519', 'p256'] as const;

const WORKLOAD = altNames(uri('spiffe://cluster.local/ns/foo/sa/httpbin'));
const ANCESTORS: readonly RequestParts[] = KEYS.flatMap((name) => [
  { key: testKey(name), subject: ISTIO_SUBJECT, extensions: [WORKLOAD] },
  { key: testKey(name), subject: EMPTY_SUBJECT, extensions: [WORKLOAD] },
  { key: testKey(name), subject: ISTIO_SUBJECT, extensions: [altNames(dns('istiod.istio-system.svc'), dns('istio-pilot.istio-system.svc'))] },
]);

function ancestor(parts: RequestParts): Ancestor {
  const der = requestDer(parts);
  const info = toTree(der).children[0];
  if (info === undefined || parts.key === undefined) throw new RangeError('an ancestor is a whole request with a key');
  return { der, info, key: parts.key };
}

/** One to three changes of the signed part, then a good signature over the result. */
function resigned({ info, key }: Ancestor, random: Random): Mutant {
  const changed = structuredClone(info);
  const steps = Array.from({ length: random.pick([1, 1, 1, 2, 2, 3]) }, () => random.pick(MUTATIONS));
  for (const { apply } of steps) apply(changed, random);
  const tbs = fromTree(changed);
  return { text: pem(sequence(tbs, key.scheme.identifier, signatureOf(tbs, key))), how: `signed anew: ${steps.map(({ name }) => name).join(', ')}` };
}

/** Octets of the whole request changed, whatever they mean. */
function damaged({ der }: Ancestor, other: Ancestor, random: Random): Mutant {
  const at = random.below(der.length);
  const copy = Buffer.from(der);
  switch (random.below(6)) {
    case 0:
      for (let i = random.below(8); i >= 0; i -= 1) flip(copy, random);
      return { text: pem(copy), how: 'bits flipped' };
    case 1:
      return { text: pem(der.subarray(0, at)), how: 'cut off' };
    case 2:
      return { text: pem(Buffer.concat([der.subarray(0, at), random.bytes(1 + random.below(16)), der.subarray(at)])), how: 'octets put in' };
    case 3:
      return { text: pem(Buffer.concat([der.subarray(0, at), der.subarray(at + 1 + random.below(16))])), how: 'octets taken out' };
    case 4:
      return { text: pem(Buffer.concat([der.subarray(0, at), other.der.subarray(Math.min(at, other.der.length))])), how: 'two requests spliced' };
    default:
      // The first octets are the lengths that everything else depends on.
      copy[1 + random.below(5)] = random.below(256);
      return { text: pem(copy), how: 'a length changed' };
  }
}

/** Characters of the PEM changed. */
function damagedText({ der }: Ancestor, random: Random): Mutant {
  const text = pem(der);
  const at = random.below(text.length);
  switch (random.below(5)) {
    case 0:
      return { text: text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1), how: 'a character of PEM changed' };
    case 1:
      return { text: text.slice(0, at), how: 'PEM cut off' };
    case 2:
      return { text: text.slice(0, at) + text.slice(random.below(text.length)), how: 'PEM spliced' };
    case 3:
      return { text: text.replaceAll('\n', random.pick(['\r\n', '\n\n', ' \n', '\t', ''])), how: 'other line ends' };
    default:
      return { text: `${random.pick(['', '\n', ' ', '# x\n', text])}${text}${random.pick(['', '\n', 'x', text])}`, how: 'something around the PEM' };
  }
}

function pem(der: Uint8Array): string {
  return encodePem('CERTIFICATE REQUEST', der);
}

function flip(octets: Uint8Array, random: Random): void {
  const at = random.below(octets.length);
  octets[at] = (octets[at] ?? 0) ^ (1 << random.below(8));
}

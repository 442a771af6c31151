import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { parseCertificate, type Certificate } from '../../core/certificate.ts';
import { buildChain, isSelfSigned, pathProblem } from '../../core/chain.ts';
import { decodeCertificates } from '../../core/pem.ts';
import { readPrivateKey } from './private-key.ts';

/** A CA's key with its certificates, checked against each other: one immutable value, replaced whole. */
export type CaPair = {
  readonly key: KeyObject;
  /** Issuing CA first, up to the anchor. */
  readonly chain: readonly Certificate[];
  readonly anchor: Certificate;
  /** All that is known of the way up: with `anchor: issuer` it goes on beyond the anchor. */
  readonly path: readonly Certificate[];
  /** The bytes it came from, to be kept as they are. */
  readonly files: PairFiles;
};

/** The keys of a kubernetes.io/tls Secret, as cert-manager fills them. */
export type PairFiles = { readonly 'tls.crt'?: Uint8Array; readonly 'tls.key'?: Uint8Array; readonly 'ca.crt'?: Uint8Array };

/** More than any path has. Who may write a Secret could otherwise have each of two thousand certificates verified with each other: minutes in which nothing is signed. */
const MAX_CERTIFICATES = 16;
/** One of an RSA-8192 key has 3 KiB. The roots of all signers share a ConfigMap of 1 MiB: a tenant could otherwise fill it with its own, and nobody else's would be published. */
const MAX_CERTIFICATE = 16_384;
/**
 * Sixteen certificates of 2 KiB. A tenant could otherwise have a megabyte of comments kept for each of its Issuers. A signer of the configuration
 * is spared: its Secret is its operator's, whose files go into a copy as they are.
 */
const MAX_DISCOVERED_PEM = 32_768;

export type LoadedPair = { readonly ok: true; readonly pair: CaPair } | { readonly ok: false; readonly problem: string };

/**
 * Reads a CA from PEM files and checks everything that would otherwise show at the first handshake: key and certificate belong
 * together, each certificate of the path is a CA that may sign, path lengths, order, and that the path ends in a root. With `anchor:
 * issuer` it ends in the issuing CA itself; with `last` wherever it ends, and of ca.crt the first certificate counts, as cert-manager does it. A problem names the file and never quotes a key. Validity is looked at when signing.
 */
export function loadPair(files: PairFiles, { anchor }: { anchor: 'root' | 'issuer' | 'last' }): LoadedPair {
  const missing = (['tls.crt', 'tls.key'] as const).filter((name) => (files[name]?.length ?? 0) === 0);
  if (missing.length > 0) return { ok: false, problem: `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing: a CA needs both halves of its pair` };
  const large = anchor === 'last' ? (['tls.crt', 'ca.crt'] as const).find((name) => (files[name]?.length ?? 0) > MAX_DISCOVERED_PEM) : undefined;
  if (large !== undefined) return { ok: false, problem: `${large} has ${files[large]?.length} bytes, more than ${MAX_DISCOVERED_PEM}: it is to hold the path of one CA` };
  const read = readPrivateKey(files['tls.key'] ?? NONE);
  if (!read.ok) return { ok: false, problem: `tls.key ${read.problem}` };
  const { key } = read;
  const own = readCertificates('tls.crt', files['tls.crt']);
  if (typeof own === 'string') return { ok: false, problem: own };
  const roots = readCertificates('ca.crt', files['ca.crt'], anchor === 'last' ? 1 : Infinity);
  if (typeof roots === 'string') return { ok: false, problem: roots };

  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  if (Buffer.compare(own[0]?.publicKey.spki ?? spki, spki) !== 0) return { ok: false, problem: 'the first certificate of tls.crt is not for the key in tls.key' };
  const built = buildChain([...own, ...roots], spki);
  if (!built.ok) return { ok: false, problem: `tls.crt and ca.crt: ${built.problem}` };
  const chain = anchor === 'issuer' ? built.chain.slice(0, 1) : built.chain;
  const problem = pathProblem(chain);
  if (problem !== null) return { ok: false, problem };
  const last = chain.at(-1);
  if (last === undefined || (anchor === 'root' && !isSelfSigned(last))) {
    return { ok: false, problem: 'the root is missing: put it into ca.crt, or set "anchor: issuer" to publish the intermediate itself' };
  }
  return { ok: true, pair: { key, chain, anchor: last, path: built.chain, files } };
}

/** SHA-256 of the files: the same bytes under the same names, and so the same pair. Of lengths too, so that no byte can go from one file to the next unseen. */
export function digestOf(files: PairFiles): string {
  const hash = createHash('sha256');
  for (const name of ['tls.crt', 'tls.key', 'ca.crt'] as const) {
    const file = files[name] ?? NONE;
    hash.update(`${file.length} `).update(file);
  }
  return hash.digest('hex');
}

const NONE = new Uint8Array();

/** `first`: so many of them count, and the rest may be anything that is a certificate's PEM. */
function readCertificates(file: 'tls.crt' | 'ca.crt', pem: Uint8Array | undefined, first = Infinity): Certificate[] | string {
  if (pem === undefined || pem.length === 0) return [];
  const decoded = decodeCertificates(Buffer.from(pem).toString('utf8'));
  if (!decoded.ok) return `${file}: ${decoded.problem}`;
  const counting = decoded.ders.slice(0, first);
  if (counting.length > MAX_CERTIFICATES) return `${file} has ${counting.length} certificates, more than ${MAX_CERTIFICATES}: it is to hold the path of one CA`;
  const certificates: Certificate[] = [];
  for (const [i, der] of counting.entries()) {
    if (der.length > MAX_CERTIFICATE) return `${file}, certificate ${i + 1}, has ${der.length} bytes, more than ${MAX_CERTIFICATE}: verifiers are to be sent it, and it is published`;
    const parsed = parseCertificate(der);
    if (!parsed.ok) return `${file}, certificate ${i + 1}: ${parsed.problem}`;
    certificates.push(parsed.certificate);
  }
  return certificates;
}

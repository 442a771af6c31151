import { parse, stringify } from 'yaml';
import { bundlePem } from './bundle.ts';
import type { Certificate } from './certificate.ts';

/** One entry of meshConfig.caCertificates (istio.io/api mesh/v1alpha1 MeshConfig.CertificateData). */
export type CaCertificatesEntry = { readonly pem: string; readonly certSigners: readonly [string] };

const HEADER = `# Written by Signet: one entry for each signer, kept up to date. Read by istiod through SHARED_MESH_CONFIG.
# A caCertificates list in the mesh configuration itself would replace this one: leave it out there.
`;

/**
 * The mesh configuration document with every signer's anchor, as SHARED_MESH_CONFIG wants it. Exactly one entry for each
 * signer and one signer in each entry, sorted by name: istiod keys its map by the joined certSigners and never forgets a key
 * (istio: security/pkg/pki/ra/k8s_ra.go), so a regrouped entry would leave two roots for one signer.
 *
 * `signers`: every configured name; `bundles`: what is known of them now. A signer whose CA is not known at the moment keeps the
 * entry it has in `current` (the document as it stands; null when there is none): a restart beside a missing Secret must not take a
 * tenant's root away.
 */
export function meshDocument(current: string | null, signers: readonly string[], bundles: ReadonlyMap<string, readonly Certificate[]>): string {
  const existing = new Map(entriesOf(current).map((entry) => [entry.certSigners[0], entry.pem]));
  const entries = [...signers].sort().flatMap((signer): CaCertificatesEntry[] => {
    const bundle = bundles.get(signer);
    const pem = bundle === undefined ? existing.get(signer) : bundlePem(bundle);
    return pem === undefined ? [] : [{ pem, certSigners: [signer] }];
  });
  return HEADER + caCertificatesText(entries);
}

/**
 * Keys of a mesh document beside caCertificates: somebody's mesh configuration, which must not be replaced by a list of roots.
 * None for a text that is no mapping.
 */
export function foreignKeys(text: string | null): string[] {
  const document = text === null ? null : tolerantParse(text);
  return typeof document === 'object' && document !== null && !Array.isArray(document) ? Object.keys(document).filter((key) => key !== 'caCertificates') : [];
}

/** `caCertificates:` with each PEM as a literal block. */
export function caCertificatesText(entries: readonly CaCertificatesEntry[]): string {
  return stringify({ caCertificates: entries }, { lineWidth: 0, blockQuote: 'literal' });
}

/** The single-signer entries of a mesh document; of one that cannot be read, none: it will be written anew. */
function entriesOf(text: string | null): CaCertificatesEntry[] {
  const list = text === null ? undefined : field(tolerantParse(text), 'caCertificates');
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown): CaCertificatesEntry[] => {
    const [pem, certSigners] = [field(entry, 'pem'), field(entry, 'certSigners')];
    if (typeof pem !== 'string' || !Array.isArray(certSigners)) return [];
    const [signer, ...others] = certSigners as unknown[];
    return typeof signer === 'string' && others.length === 0 ? [{ pem, certSigners: [signer] }] : [];
  });
}

function tolerantParse(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' }); // The default prints warnings of its own.
  } catch {
    return null; // Somebody's edit broke the document; drift is repaired, not reported line by line.
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

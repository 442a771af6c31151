import { observe } from '../../adapters/kubernetes/observe.ts';
import type { WireRequest } from '../../adapters/kubernetes/wire.ts';
import { readDocument } from '../../config/document.ts';
import type { Observed } from '../../core/observed.ts';
import { encodePem } from '../../core/pem.ts';
import { printable } from '../../core/printable.ts';
import { CommandFailure } from '../failure.ts';
import { manifestSchema, type Manifest } from './manifest.ts';

/** What is said beside the file, and wins over what the file says: it makes another request of it, about which nobody has decided yet. */
export type Told = {
  readonly signerName?: string | undefined;
  readonly username?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly usages?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly expirationSeconds?: number | undefined;
  readonly approved?: boolean | undefined;
};

/** A request that is in no cluster, as the API server would hold it. */
export type RequestFile = { readonly observed: Observed; readonly wire: WireRequest; /** What neither the file nor anybody said. */ readonly missing: readonly ('signer' | 'requester' | 'usages')[] };

/**
 * Reads PEM, DER or a CertificateSigningRequest as kubectl prints it, in YAML or JSON. It goes the way of a request from the cluster, so that it
 * is cut and refused alike; PEM is passed on as it is, with whatever is around it, for the strict reader to judge. Throws CommandFailure for a
 * manifest that is none, `name` being the file.
 */
export function requestFromFile(content: Buffer, name: string, told: Told): RequestFile {
  const { metadata = {}, spec, status }: Pick<Manifest, 'metadata' | 'spec' | 'status'> = readManifest(content, name) ?? { spec: { request: pemOf(content).toString('base64') } };
  const another = Object.values(told).some((value) => value !== undefined && value !== false);
  const merged = {
    signerName: told.signerName ?? spec.signerName,
    username: told.username ?? spec.username,
    groups: told.groups ?? spec.groups,
    usages: told.usages ?? spec.usages,
    expirationSeconds: told.expirationSeconds ?? spec.expirationSeconds,
  };
  const wire = {
    metadata: { ...(another ? { ...metadata, deletionTimestamp: undefined } : metadata), name: metadata.name || name, uid: metadata.uid || 'none', resourceVersion: metadata.resourceVersion || '0', annotations: { ...metadata.annotations, ...told.annotations } },
    // A field that is there and undefined would be none of the kinds that are looked for.
    spec: { ...Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)), signerName: merged.signerName || '-', request: spec.request },
    ...(status === undefined || another ? {} : { status }),
  } as WireRequest;
  const observed = observe(wire);
  if (typeof observed === 'string') throw new CommandFailure(`"${name}" is no CertificateSigningRequest: ${observed}`);
  const missing = [...(merged.signerName ? [] : ['signer' as const]), ...(merged.username ? [] : ['requester' as const]), ...(merged.usages === undefined ? ['usages' as const] : [])];
  return { observed: told.approved === true ? { ...observed, state: 'approved' } : observed, wire, missing };
}

/** As many problems as are of use in one line. */
const MAX_PROBLEMS = 3;

/** null: it is no manifest. */
function readManifest(content: Buffer, name: string): Manifest | null {
  const text = content.toString('utf8');
  if (isDer(content) || /^-----BEGIN /m.test(text) || !/(^|[{,\s])["']?kind["']?\s*:/.test(text)) return null;
  const read = readDocument(text, manifestSchema);
  if (read.ok) return read.value;
  const problems = read.problems.slice(0, MAX_PROBLEMS).map(({ line, path, message }) => printable(`line ${line}: ${path === '' ? '' : `${path}: `}${message}`));
  throw new CommandFailure(`"${name}" is no CertificateSigningRequest: ${problems.join('; ')}`, { hints: ['kubectl get csr NAME -o yaml'] });
}

/** The API server takes PEM alone. */
function pemOf(content: Buffer): Buffer {
  return isDer(content) ? Buffer.from(encodePem('CERTIFICATE REQUEST', content)) : content;
}

/** A SEQUENCE whose length takes further octets: no text begins so. */
function isDer(content: Buffer): boolean {
  return content[0] === 0x30 && (content[1] ?? 0) >= 0x80;
}

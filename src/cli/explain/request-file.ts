import { parse } from 'yaml';
import { observe } from '../../adapters/kubernetes/observe.ts';
import type { WireRequest } from '../../adapters/kubernetes/wire.ts';
import type { Observed } from '../../core/observed.ts';
import { encodePem } from '../../core/pem.ts';
import { CommandFailure } from '../failure.ts';

/** What is said beside the file, and wins over what the file says. */
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
  const manifest = readManifest(content, name);
  const { metadata, spec, status } = manifest ?? { metadata: {}, spec: {}, status: undefined };
  const merged = {
    signerName: told.signerName ?? spec.signerName,
    username: told.username ?? spec.username,
    groups: told.groups ?? spec.groups,
    usages: told.usages ?? spec.usages,
    expirationSeconds: told.expirationSeconds ?? spec.expirationSeconds,
    request: manifest === null ? pemOf(content).toString('base64') : spec.request,
  };
  const wire = {
    metadata: { ...metadata, name: metadata.name || name, uid: metadata.uid || 'none', resourceVersion: metadata.resourceVersion || '0', annotations: { ...metadata.annotations, ...told.annotations } },
    // A field that is there and undefined would be none of the kinds that are looked for.
    spec: { ...Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)), signerName: merged.signerName ?? '-' },
    ...(status === undefined ? {} : { status }),
  } as WireRequest;
  const observed = observe(wire);
  if (typeof observed === 'string') throw new CommandFailure(`"${name}" is no CertificateSigningRequest: ${observed}`);
  const missing = [...(merged.signerName ? [] : ['signer' as const]), ...(merged.username ? [] : ['requester' as const]), ...(merged.usages === undefined ? ['usages' as const] : [])];
  return { observed: told.approved === true ? { ...observed, state: 'approved' } : observed, wire, missing };
}

type Manifest = { readonly metadata: Partial<WireRequest['metadata']>; readonly spec: Partial<WireRequest['spec']>; readonly status: WireRequest['status'] | undefined };

/** null: it is no manifest. */
function readManifest(content: Buffer, name: string): Manifest | null {
  const text = content.toString('utf8');
  if (isDer(content) || !/(^|[{,\s])["']?kind["']?\s*:/.test(text)) return null;
  const fail = (problem: string): never => {
    throw new CommandFailure(`"${name}" is no CertificateSigningRequest: ${problem}`, { hints: ['kubectl get csr NAME -o yaml'] });
  };
  let value: unknown;
  try {
    // Aliases could make a page into gigabytes.
    value = text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text, { maxAliasCount: 0, logLevel: 'error' });
  } catch (error) {
    fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
  const { kind, metadata = {}, spec, status } = (isMapping(value) ? value : {}) as { kind?: unknown; metadata?: unknown; spec?: unknown; status?: unknown };
  if (kind !== 'CertificateSigningRequest') fail(`its kind is ${JSON.stringify(kind) ?? 'missing'}`);
  if (!isMapping(metadata) || !isMapping(spec)) fail('metadata or spec is no mapping');
  return { metadata: metadata as Manifest['metadata'], spec: spec as Manifest['spec'], status: isMapping(status) ? (status as Manifest['status']) : undefined };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The API server takes PEM alone. */
function pemOf(content: Buffer): Buffer {
  return isDer(content) ? Buffer.from(encodePem('CERTIFICATE REQUEST', content)) : content;
}

/** A SEQUENCE whose length takes further octets: no text begins so. */
function isDer(content: Buffer): boolean {
  return content[0] === 0x30 && (content[1] ?? 0) >= 0x80;
}

import { X509Certificate } from 'node:crypto';
import { loadClient } from '../../bench/load-client.ts';
import type { ControlPlane } from '../rig/apiserver.ts';

export type Signer = 'cert-manager' | 'Signet';

/** A request as it was seen from outside. Moments are on performance.now()'s clock. */
export type Followed = {
  readonly signerName: string;
  readonly seenAt: number;
  approvedAt?: number;
  answer?: { readonly at: number; readonly by: Signer; readonly certificate: string };
};

/** Watches all CertificateSigningRequests beside whoever makes and whoever answers them, and so knows of each what was written to it. */
export interface Watcher extends AsyncDisposable {
  readonly requests: ReadonlyMap<string, Followed>;
  /** What went against the rule that each request is answered once, with a certificate, and then left alone; empty: nothing. */
  readonly objections: readonly string[];
}

type Line = { readonly type: string; readonly object: Request };
type Request = {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly signerName: string };
  readonly status?: { readonly certificate?: string; readonly conditions?: readonly { readonly type: string; readonly message?: string }[] };
};

/** Signet's certificates begin two minutes back, cert-manager's now. */
const BACKDATED_MS = 60_000;

export async function startWatcher({ url, caPem, adminToken }: ControlPlane): Promise<Watcher> {
  const requests = new Map<string, Followed>();
  const objections: string[] = [];
  const end = new AbortController();
  const client = loadClient({ url, caPem, token: adminToken, adminToken });

  function onLine(line: Buffer, at: number): void {
    const { type, object } = JSON.parse(line.toString()) as Line;
    if (type === 'ERROR') objections.push(`the watch ended: ${line.toString().slice(0, 300)}`);
    else if (type === 'DELETED') objections.push(`${object.metadata.name} was deleted`);
    else if (type !== 'BOOKMARK') onRequest(object, at);
  }

  function onRequest({ metadata, spec, status }: Request, at: number): void {
    const { name } = metadata;
    const known = requests.get(name) ?? { signerName: spec.signerName, seenAt: at };
    requests.set(name, known);
    if (known.answer !== undefined) objections.push(`${name} was written to after it was answered${status?.certificate === known.answer.certificate ? '' : ', and has another certificate now'}`);
    for (const { type, message } of status?.conditions ?? []) {
      if (type === 'Approved') known.approvedAt ??= at;
      else objections.push(`${name} is ${type}: ${message ?? ''}`);
    }
    if (status?.certificate === undefined || known.answer !== undefined) return;
    const by = metadata.annotations?.['signet.dev/serial'] === undefined ? 'cert-manager' : 'Signet';
    // The annotation is Signet's word; when a certificate begins is what each of the two has its own way with.
    const { validFrom } = new X509Certificate(Buffer.from(status.certificate, 'base64'));
    const backdated = Date.now() - Date.parse(validFrom) > BACKDATED_MS;
    if (backdated !== (by === 'Signet')) objections.push(`${name} has the marks of ${by}, and its certificate begins ${validFrom}`);
    known.answer = { at, by, certificate: status.certificate };
  }

  const { ended } = await client.watch(onLine, end.signal);
  const over = ended.catch((error: unknown) => {
    objections.push(`the watch ended: ${String(error)}`);
  });
  return {
    requests,
    objections,
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await over;
      await client.close();
    },
  };
}

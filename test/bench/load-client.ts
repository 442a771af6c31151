import { Agent } from 'undici';
import type { BenchSigner } from './contender.ts';

export const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

/** Who makes the load: creates and approves requests as istiod does, each in one call, with as little work of its own as there can be. */
export interface LoadClient {
  /** Returns the resourceVersion, which the approval is bound to. */
  create(name: string, signer: BenchSigner, usages?: readonly string[]): Promise<string>;
  /** Returns the moment of the answer, on performance.now()'s clock. */
  approve(name: string, resourceVersion: string): Promise<number>;
  /** All changes of requests from now on, line by line as the API server sends them, until the signal. Returns once it runs. */
  watch(onLine: (line: Buffer, at: number) => void, signal: AbortSignal): Promise<{ readonly ended: Promise<void> }>;
  /** Deletes all requests and returns when there are none. */
  clear(): Promise<void>;
  /** The calls made so far that the API server counts as writes of requests: a bench must not take them for a contender's. */
  readonly calls: { creates: number; approvals: number };
  close(): Promise<void>;
}

export type LoadClientOptions = {
  readonly url: string;
  readonly caPem: string;
  /** Of the requester. */
  readonly token: string;
  readonly adminToken: string;
  /** Calls in flight at most. */
  readonly connections?: number;
};

/** A request lives for a day, as a workload of a mesh asks for it. */
const EXPIRATION_SECONDS = 24 * 3600;
/** As istiod asks for its workloads. */
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const CONDITIONS = [{ type: 'Approved', status: 'True', reason: 'RunByIstio', message: 'approved by the bench as istiod would' }];

export function loadClient({ url: origin, caPem, token, adminToken, connections = 32 }: LoadClientOptions): LoadClient {
  const connect = { ca: caPem };
  const pool = new Agent({ connect, connections });
  const watches = new Agent({ connect, bodyTimeout: 0 });
  const headersOf = (bearer: string): Record<string, string> => ({ 'authorization': `Bearer ${bearer}`, 'accept': 'application/json', 'content-type': 'application/json' });
  const [headers, adminHeaders] = [headersOf(token), headersOf(adminToken)];
  const counts = { creates: 0, approvals: 0 };

  async function call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body: string | null, as = headers): Promise<string> {
    const answer = await pool.request({ origin, path, method, headers: as, body });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 500)}`);
    return text;
  }

  async function remaining(): Promise<boolean> {
    const { items } = JSON.parse(await call('GET', `${CSRS}?limit=1`, null, adminHeaders)) as { items: unknown[] };
    return items.length > 0;
  }

  return {
    calls: counts,
    create: async (name, signer, usages = USAGES) => {
      counts.creates += 1;
      return resourceVersionOf(await call('POST', CSRS, createBody(name, signer, usages)));
    },
    approve: async (name, resourceVersion) => {
      counts.approvals += 1;
      await call('PUT', `${CSRS}/${name}/approval`, JSON.stringify({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name, resourceVersion }, status: { conditions: CONDITIONS } }));
      return performance.now();
    },
    watch: async (onLine, signal) => {
      const { metadata } = JSON.parse(await call('GET', `${CSRS}?limit=1`, null, adminHeaders)) as { metadata: { resourceVersion: string } };
      let from = metadata.resourceVersion;
      let lines = await open();
      async function open(): Promise<AsyncIterable<Buffer>> {
        const path = `${CSRS}?watch=1&allowWatchBookmarks=true&resourceVersion=${from}`;
        const { statusCode, body } = await watches.request({ origin, path, method: 'GET', headers: adminHeaders, signal });
        if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${await body.text()}`);
        return body as AsyncIterable<Buffer>;
      }
      /** The API server ends a watch that it cannot serve fast enough; the next one begins where that one ended. */
      async function follow(): Promise<void> {
        try {
          for (; ; lines = await open()) from = (await eachLine(lines, onLine)) ?? from;
        } catch (error) {
          if (!signal.aborted) throw error;
        }
      }
      return { ended: follow() };
    },
    clear: async () => {
      while (await remaining()) await call('DELETE', CSRS, null, adminHeaders);
    },
    close: async () => {
      await Promise.all([pool.destroy(), watches.destroy()]);
    },
  };
}

/** Returns the resourceVersion of the last line, of which a bookmark has one as well. */
async function eachLine(body: AsyncIterable<Buffer>, onLine: (line: Buffer, at: number) => void): Promise<string | undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let last: Buffer | undefined;
  for await (const chunk of body) {
    const at = performance.now();
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      last = bytes.subarray(from, end);
      onLine(last, at);
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
  return last && resourceVersionOf(last.toString());
}

const bodies = new Map<string, readonly [string, string]>();

/** Made once for each signer; only the name differs from one request to the next. */
function createBody(name: string, signer: BenchSigner, usages: readonly string[]): string {
  const key = `${signer.name} ${usages.join()}`;
  let parts = bodies.get(key);
  if (parts === undefined) {
    const spec = { request: Buffer.from(signer.requestPem).toString('base64'), signerName: signer.name, usages, expirationSeconds: EXPIRATION_SECONDS };
    const [before = '', after = ''] = JSON.stringify({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: '@' }, spec }).split('"@"');
    parts = [`${before}"`, `"${after}`];
    bodies.set(key, parts);
  }
  return parts[0] + name + parts[1];
}

function resourceVersionOf(text: string): string {
  const found = /"resourceVersion":"(\d+)"/.exec(text)?.[1];
  if (found === undefined) throw new Error(`the API server answered without a resourceVersion: ${text.slice(0, 200)}`);
  return found;
}

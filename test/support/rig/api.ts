import { Agent, request } from 'node:https';

/** A Kubernetes object as JSON; the rig looks at little more than this. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** An answer other than 2xx. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly reason: string;

  constructor(what: string, status: number, body: { message?: string; reason?: string }) {
    super(`${what}: ${status} ${body.message ?? ''}`);
    this.status = status;
    this.reason = body.reason ?? '';
  }
}

/** The Kubernetes API as a test reads and writes it: on its own, so that no bug of the product can hide in it. */
export interface Api {
  /** One call; `path` from /api or /apis on. Throws ApiError, or the network's own error. */
  call<T = KubernetesObject>(method: string, path: string, body?: unknown, contentType?: string): Promise<T>;
  get<T = KubernetesObject>(path: string): Promise<T>;
  /** As get, with undefined for "not found". */
  find<T = KubernetesObject>(path: string): Promise<T | undefined>;
  list<T = KubernetesObject>(path: string): Promise<T[]>;
  /** Creates or changes the objects so that they hold these fields (server-side apply, forced), in order. */
  apply(...objects: readonly KubernetesObject[]): Promise<KubernetesObject[]>;
  create<T = KubernetesObject>(object: KubernetesObject): Promise<T>;
  /** Not found is fine. */
  delete(path: string): Promise<void>;
  close(): void;
}

export interface ApiOptions {
  readonly url: string;
  readonly caPem: string;
  readonly token: string;
}

/** A client that authenticates with a bearer token. */
export function apiClient({ url, caPem, token }: ApiOptions): Api {
  const agent = new Agent({ ca: caPem, keepAlive: true, maxSockets: 20 });

  const call = async <T>(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<T> => {
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': contentType };
      // A frozen API server must show as an error, not as a test that hangs.
      const sent = request(new URL(path, url), { method, agent, headers, timeout: 30_000 }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path} within 30 s`)));
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
    if (status >= 200 && status < 300) return parsed(text) as T;
    const problem = parsed(text);
    throw new ApiError(`${method} ${path}`, status, typeof problem === 'object' && problem !== null ? problem : { message: text });
  };
  const find = async <T>(path: string): Promise<T | undefined> => {
    try {
      return await call<T>('GET', path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  };
  return {
    call,
    get: async (path) => call('GET', path),
    find,
    list: async <T>(path: string) => (await call<{ items: T[] }>('GET', path)).items,
    apply: async (...objects) => {
      const applied: KubernetesObject[] = [];
      for (const object of objects) {
        const path = `${pathOf(object)}/${object.metadata.name}?fieldManager=rig&force=true`;
        applied.push(await call('PATCH', path, object, 'application/apply-patch+yaml'));
      }
      return applied;
    },
    create: async (object) => call('POST', pathOf(object), object),
    delete: async (path) => {
      await call('DELETE', path).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      });
    },
    close: () => agent.destroy(),
  };
}

/** The path of an object's collection, by the plural that English would form, which the built-in kinds have. */
export function pathOf({ apiVersion, kind, metadata: { namespace } }: KubernetesObject): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const lower = kind.toLowerCase();
  const plural = lower.endsWith('y') ? `${lower.slice(0, -1)}ies` : /(?:s|x)$/.test(lower) ? `${lower}es` : `${lower}s`;
  return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

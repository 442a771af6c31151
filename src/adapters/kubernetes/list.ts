import { ApiFailure } from './api-failure.ts';
import { jsonAnswer } from './json-answer.ts';
import type { Transport } from './transport.ts';
import type { KubernetesObject, WireList } from './wire.ts';

/** As client-go does; a page that is too large in bytes is asked for again with a tenth of the objects. */
const PAGE_SIZE = 500;

export type ListOptions = {
  readonly transport: Transport;
  /** `/api/v1/namespaces/foo/secrets`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onItem: (item: KubernetesObject) => void;
};

/**
 * Reads a whole collection page by page, so that neither side holds all of it at once. Resolves to the
 * resourceVersion from which a watch goes on. Throws ApiFailure; one with status 410 (the pages took longer than etcd
 * keeps that version) means: start again from the first page.
 */
export async function listAll({ transport, path, query = {}, signal, onItem }: ListOptions): Promise<string> {
  let limit = PAGE_SIZE;
  let next = '';
  for (;;) {
    const answer = await readPage(transport, path, { ...query, limit: String(limit), ...(next === '' ? {} : { continue: next }) }, signal);
    // Anyone may create objects of 1.5 MiB each: 500 of them must not keep the list from ever being read.
    if (answer === 'too large') {
      if (limit === 1) throw new ApiFailure(`GET ${path}: one object is larger than an answer may be`, { status: 0, reason: 'TooLarge' });
      limit = Math.max(1, Math.floor(limit / 10));
      continue;
    }
    for (const item of answer.items ?? []) onItem(item);
    next = answer.metadata?.continue ?? '';
    if (next === '') return answer.metadata?.resourceVersion ?? '';
  }
}

async function readPage(transport: Transport, path: string, query: Record<string, string>, signal: AbortSignal): Promise<WireList<KubernetesObject> | 'too large'> {
  let body: string;
  try {
    body = await transport.call({ method: 'GET', path: `${path}?${new URLSearchParams(query)}`, signal });
  } catch (error) {
    if (error instanceof ApiFailure && error.reason === 'TooLarge') return 'too large';
    throw error;
  }
  return jsonAnswer<WireList<KubernetesObject>>(`GET ${path}`, body);
}

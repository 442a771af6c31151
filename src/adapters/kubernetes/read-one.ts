import { ApiFailure } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { jsonAnswer } from './json-answer.ts';
import type { KubernetesObject } from './wire.ts';

/**
 * One object by its name, null when there is none. As plain JSON: the generated models would turn times into objects
 * for nothing. Throws ApiFailure.
 * @param collection `/api/v1/namespaces/foo/secrets`.
 */
export async function readOne<T extends KubernetesObject>({ transport }: Connection, collection: string, name: string, signal: AbortSignal): Promise<T | null> {
  const path = `${collection}/${encodeURIComponent(name)}`;
  try {
    return jsonAnswer<T>(`GET ${path}`, await transport.call({ method: 'GET', path, signal }));
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return null;
    throw error;
  }
}

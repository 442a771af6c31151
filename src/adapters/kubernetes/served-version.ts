import { ApiFailure } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { jsonAnswer } from './json-answer.ts';

type Group = { readonly preferredVersion?: { readonly version?: string }; readonly versions?: readonly { readonly version?: string }[] };
type Resources = { readonly resources?: readonly { readonly name?: string }[] };

/**
 * The version in which the server has a kind now, the one that it prefers if there are several; null: it has no such kind. Every authenticated user may
 * ask (ClusterRole system:discovery). Throws ApiFailure.
 */
export async function servedVersion({ transport }: Connection, { group, plural }: { readonly group: string; readonly plural: string }, signal: AbortSignal): Promise<string | null> {
  async function read<T>(path: string): Promise<T | null> {
    try {
      return jsonAnswer<T>(`GET ${path}`, await transport.call({ method: 'GET', path, signal }));
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return null;
      throw error;
    }
  }

  const found = await read<Group>(`/apis/${group}`);
  const versions = [found?.preferredVersion?.version, ...(found?.versions ?? []).map(({ version }) => version)].filter((version) => version !== undefined);
  for (const version of new Set(versions)) {
    const resources = await read<Resources>(`/apis/${group}/${version}`);
    if (resources?.resources?.some(({ name }) => name === plural) === true) return version;
  }
  return null;
}

import type { Connection } from './connection.ts';

/** Whose change it is, in the object's managedFields. */
const BY_SIGNET = 'fieldManager=signet';

/**
 * Makes one object. Throws ApiFailure.
 * @param collection `/api/v1/namespaces/foo/secrets`.
 */
export async function createOne({ transport }: Connection, collection: string, body: object, signal: AbortSignal): Promise<void> {
  await transport.call({ method: 'POST', path: `${collection}?${BY_SIGNET}`, body: JSON.stringify(body), answer: 'unread', signal });
}

/**
 * Changes one object, or a subresource of it, by a merge patch (RFC 7386); a resourceVersion in it makes the server check that nobody was
 * faster. Throws ApiFailure.
 */
export async function patchOne({ transport }: Connection, collection: string, name: string, body: object, signal: AbortSignal, subresource = ''): Promise<void> {
  const path = `${collection}/${encodeURIComponent(name)}${subresource}?${BY_SIGNET}`;
  await transport.call({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: JSON.stringify(body), answer: 'unread', signal });
}

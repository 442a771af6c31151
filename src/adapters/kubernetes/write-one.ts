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
 * Changes one object by a merge patch (RFC 7386); a resourceVersion in it makes the server check that nobody was
 * faster. Throws ApiFailure.
 */
export async function patchOne({ transport }: Connection, collection: string, name: string, body: object, signal: AbortSignal): Promise<void> {
  const path = `${collection}/${encodeURIComponent(name)}?${BY_SIGNET}`;
  await transport.call({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: JSON.stringify(body), answer: 'unread', signal });
}

/**
 * Puts a subresource in the place of what is there, and the metadata with it: whatever is to stay must be in the body. It costs the API
 * server a quarter less than a patch, which it has to merge. Throws ApiFailure.
 * @param object `/apis/certificates.k8s.io/v1/certificatesigningrequests/name`.
 */
export async function putSubresource({ transport }: Connection, object: string, subresource: string, body: object, signal: AbortSignal): Promise<void> {
  await transport.call({ method: 'PUT', path: `${object}/${subresource}?${BY_SIGNET}`, body: JSON.stringify(body), answer: 'unread', signal });
}

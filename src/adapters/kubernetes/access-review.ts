import { Unavailable } from '../../control/errors.ts';
import type { RequesterIdentity } from '../../core/observed.ts';
import { ApiFailure, isPassing, portError } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { jsonAnswer } from './json-answer.ts';

const PATH = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

/** What somebody wants to do, in RBAC's words. */
export type ResourceAccess = { readonly group: string; readonly resource: string; readonly verb: string; readonly namespace: string; readonly name: string };

/**
 * Whether the API server's authorizers let this user do that. It takes the verb create on subjectaccessreviews. Throws Unavailable, whatever the
 * reason: a right that is granted later must not need a restart, and nobody is refused for want of ours.
 */
export async function mayAccess({ transport }: Connection, { username, uid, groups, extra = {} }: RequesterIdentity, access: ResourceAccess, signal: AbortSignal): Promise<boolean> {
  const spec = { user: username, uid, groups, extra, resourceAttributes: { ...access, version: '*' } };
  const body = JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec });
  try {
    const { status } = jsonAnswer<{ status?: { allowed?: boolean } }>(`POST ${PATH}`, await transport.call({ method: 'POST', path: PATH, body, signal }));
    return status?.allowed === true;
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (isPassing(error)) throw portError(error);
    throw new Unavailable(`${error.message}; whether "${username}" may ${access.verb} ${access.resource} takes the verb create on subjectaccessreviews; "signet rbac" prints the whole Role`, { cause: error });
  }
}

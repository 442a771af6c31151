import { ApiFailure, portError } from '../adapters/kubernetes/api-failure.ts';

/** What a call answers; null: this user may not make it (403). Throws as ports do. */
export async function permitted<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 403) return null;
    throw portError(error);
  }
}

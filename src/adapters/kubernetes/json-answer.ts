import { ApiFailure } from './api-failure.ts';

/**
 * The body of a good answer. Throws ApiFailure (status 0) for one that is not JSON: a proxy's page is trouble that passes, and no bug.
 * @param call `GET /apis`, for the message.
 */
export function jsonAnswer<T>(call: string, body: string): T {
  try {
    return JSON.parse(body) as T;
  } catch (error) {
    throw new ApiFailure(`${call}: the answer is not JSON`, { status: 0, reason: 'NotJSON', cause: error });
  }
}

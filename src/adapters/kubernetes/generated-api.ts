import type * as ClientNode from '@kubernetes/client-node';
import type { Call, Transport } from './transport.ts';

/** The library insists on an absolute address; the transport knows the real one, which may have a path of its own. */
const PLACEHOLDER = 'https://kubernetes.invalid';

/** The calls that client-node generates from the API's own description, over our transport. */
export type GeneratedApi = {
  readonly certificates: ClientNode.CertificatesV1Api;
  readonly core: ClientNode.CoreV1Api;
  /** The option that ties one call to a signal: `api.core.createNamespacedEvent({…}, api.until(signal))`. */
  until(signal: AbortSignal): ClientNode.ConfigurationOptions;
};

/**
 * client-node's generated classes, with the library's own transport replaced: in 1.4.0 that one opens a new TLS
 * connection for each call, and reads certificates from disk each time. Failures come as ApiFailure, never as ApiException.
 */
export function generatedApi(library: typeof ClientNode, transport: Transport): GeneratedApi {
  const configuration = library.createConfiguration({ baseServer: new library.ServerConfiguration(PLACEHOLDER, {}), httpApi: httpLibrary(library, transport), authMethods: {} });
  return {
    certificates: new library.CertificatesV1Api(configuration),
    core: new library.CoreV1Api(configuration),
    until: (signal) => ({ httpApi: httpLibrary(library, transport, signal) }),
  };
}

function httpLibrary(library: typeof ClientNode, transport: Transport, signal?: AbortSignal): ReturnType<typeof ClientNode.wrapHttpLibrary> {
  return library.wrapHttpLibrary({
    async send(request) {
      const call = callOf(library, request, signal);
      const answer = await transport.call(call);
      // Nobody looks at the answer to a write, and the library would make classes of it: a tenth of the time that a certificate takes.
      const text = call.method === 'GET' ? answer : '{}';
      const body = { text: () => Promise.resolve(text), binary: () => Promise.resolve(Buffer.from(text)) };
      return new library.ResponseContext(200, { 'content-type': 'application/json' }, body);
    },
  });
}

function callOf(library: typeof ClientNode, request: ClientNode.RequestContext, signal: AbortSignal | undefined): Call {
  const method = request.getHttpMethod() as Call['method'];
  const body = request.getBody();
  // The generated default is JSON Patch, whatever the body looks like. Every patch here is a merge patch (RFC 7386).
  const contentType = method === 'PATCH' ? library.PatchStrategy.MergePatch : 'application/json';
  return { method, path: request.getUrl().slice(PLACEHOLDER.length), contentType, signal, ...(typeof body === 'string' ? { body } : {}) };
}

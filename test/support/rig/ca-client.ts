import { credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

/** What a caller asks istiod's CA for, as any process with a mounted token may. */
export interface CertificateRequest {
  readonly csr: string;
  /** validity_duration in seconds; 0 leaves it to the signer. */
  readonly seconds?: number;
  /** Last part of the signer's name, as ISTIO_META_CERT_SIGNER would give it. */
  readonly certSigner?: string;
  /** A SPIFFE ID to ask on behalf of, as ztunnel does. */
  readonly impersonate?: string;
  readonly token: string;
}

export interface CaClient extends Disposable {
  /** The chain as istiod sent it, PEM by PEM. Rejects with CaError. */
  createCertificate(request: CertificateRequest, options?: { seconds?: number }): Promise<string[]>;
}

/** A call that istiod refused or did not answer; `code` is gRPC's. */
export class CaError extends Error {
  override readonly name = 'CaError';
  readonly code: number;

  constructor({ code, details }: ServiceError) {
    super(`istiod answered ${code}: ${details}`);
    this.code = code;
  }
}

export interface CaClientOptions {
  readonly istiod: { readonly grpcPort: number };
  readonly rootCertPem: string;
}

/** A client of istio.v1.auth.IstioCertificateService that makes one call per request and retries nothing. */
export function caClient({ istiod, rootCertPem }: CaClientOptions): CaClient {
  const Service = (loadPackageDefinition(fromJSON(protocol as Parameters<typeof fromJSON>[0], { longs: Number })) as unknown as Loaded).istio.v1.auth.IstioCertificateService;
  const client = new Service(`127.0.0.1:${istiod.grpcPort}`, credentials.createSsl(Buffer.from(rootCertPem)), {
    // The name that istiod's certificate has; it is reached by address here.
    'grpc.ssl_target_name_override': 'istiod.istio-system.svc',
    'grpc.enable_retries': 0,
    // Two clients of one process would otherwise share a connection.
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    createCertificate: async ({ csr, seconds = 86_400, certSigner, impersonate, token }, { seconds: deadline = 70 } = {}) => {
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${token}`);
      metadata.set('clusterid', 'Kubernetes');
      const fields = { CertSigner: certSigner, ImpersonatedIdentity: impersonate };
      const given = Object.entries(fields).filter(([, value]) => value !== undefined);
      const request = {
        csr,
        validityDuration: seconds,
        metadata: { fields: Object.fromEntries(given.map(([name, value]) => [name, { stringValue: value }])) },
      };
      return new Promise((resolve, reject) => {
        client.createCertificate(request, metadata, { deadline: Date.now() + deadline * 1_000 }, (error, answer) => {
          if (error) reject(new CaError(error));
          else resolve(answer.certChain);
        });
      });
    },
    [Symbol.dispose]: () => client.close(),
  };
}

interface Client {
  createCertificate(
    request: unknown,
    metadata: Metadata,
    options: { deadline: number },
    done: (error: ServiceError | null, answer: { certChain: string[] }) => void,
  ): void;
  close(): void;
}

interface Loaded {
  readonly istio: {
    readonly v1: {
      readonly auth: { readonly IstioCertificateService: new (address: string, credentials: unknown, options: Record<string, unknown>) => Client };
    };
  };
}

// The three messages as JSON: no .proto file to copy, and google.protobuf.Struct as far as it is used.
const protocol = {
  nested: {
    google: {
      nested: {
        protobuf: {
          nested: {
            Struct: { fields: { fields: { keyType: 'string', type: 'Value', id: 1 } } },
            Value: { fields: { stringValue: { type: 'string', id: 3 } } },
          },
        },
      },
    },
    istio: {
      nested: {
        v1: {
          nested: {
            auth: {
              nested: {
                IstioCertificateRequest: {
                  fields: {
                    csr: { type: 'string', id: 1 },
                    validityDuration: { type: 'int64', id: 3 },
                    metadata: { type: 'google.protobuf.Struct', id: 4 },
                  },
                },
                IstioCertificateResponse: { fields: { certChain: { rule: 'repeated', type: 'string', id: 1 } } },
                IstioCertificateService: {
                  methods: {
                    CreateCertificate: { requestType: 'IstioCertificateRequest', responseType: 'IstioCertificateResponse' },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

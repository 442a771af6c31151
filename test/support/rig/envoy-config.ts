/** What an Envoy of the rig is configured with: plain objects in the shape of its v3 API. */

export interface Listener {
  readonly port: number;
  readonly adminPort: number;
  /** The folder of the files of sdsSecrets, each named after its secret. */
  readonly sds: string;
}

/**
 * The identity as file SDS, name by name, as Envoy takes one secret from a file. Certificates named in a listener
 * itself would be read once and never again, and a rotation test would fail by the rig's own fault.
 */
export function sdsSecrets({ dir, key, certChain, rootCert }: Readonly<Record<'dir' | 'key' | 'certChain' | 'rootCert', string>>): Record<string, unknown> {
  const type = { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret' };
  const watched = { watched_directory: { path: dir } };
  const tls_certificate = { certificate_chain: { filename: certChain }, private_key: { filename: key }, ...watched };
  const validation_context = { trusted_ca: { filename: rootCert }, ...watched };
  return {
    identity: { resources: [{ ...type, name: 'identity', tls_certificate }] },
    root: { resources: [{ ...type, name: 'root', validation_context }] },
  };
}

export function serverConfig({ appPort, ...listener }: Listener & { readonly appPort: number }): unknown {
  const tls = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    require_client_certificate: true,
    // A resumed session would not look at a certificate again.
    disable_stateless_session_resumption: true,
    disable_stateful_session_resumption: true,
    common_tls_context: tlsContext(listener),
  };
  return bootstrap(listener, { filterChain: { transport_socket: { name: 'tls', typed_config: tls } }, cluster: cluster(appPort) });
}

export function clientConfig({ serverPort, trustsAnyone, ...listener }: Listener & { readonly serverPort: number; readonly trustsAnyone: boolean }): unknown {
  const tls = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    max_session_keys: 0,
    common_tls_context: tlsContext(listener, { trustsAnyone }),
  };
  const http = {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http_protocol_options: {} },
    common_http_protocol_options: { max_requests_per_connection: 1 },
  };
  const options = {
    transport_socket: { name: 'tls', typed_config: tls },
    typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http },
  };
  return bootstrap(listener, { filterChain: {}, cluster: { ...cluster(serverPort), ...options } });
}

function bootstrap({ port, adminPort }: Listener, { filterChain, cluster }: { filterChain: object; cluster: object }): unknown {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'rig',
    http_filters: [
      { name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } },
    ],
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'next' } }] }] },
  };
  const filters = [{ name: 'http', typed_config: manager }];
  return {
    // Without a node, Envoy takes no secret from SDS, not even from a file.
    node: { id: 'rig', cluster: 'rig' },
    admin: { address: loopback(adminPort) },
    static_resources: {
      listeners: [{ name: 'listener', address: loopback(port), filter_chains: [{ ...filterChain, filters }] }],
      clusters: [cluster],
    },
  };
}

function cluster(port: number): object {
  const endpoint = { endpoint: { address: loopback(port) } };
  return { name: 'next', type: 'STATIC', connect_timeout: '5s', load_assignment: { cluster_name: 'next', endpoints: [{ lb_endpoints: [endpoint] }] } };
}

function tlsContext({ sds }: Listener, { trustsAnyone = false } = {}): object {
  const secret = (name: string) => ({
    name,
    sds_config: { resource_api_version: 'V3', path_config_source: { path: `${sds}/${name}.json` } },
  });
  const identity = { tls_certificate_sds_secret_configs: [secret('identity')] };
  return trustsAnyone ? identity : { ...identity, validation_context_sds_secret_config: secret('root') };
}

function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

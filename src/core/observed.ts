/**
 * A CertificateSigningRequest as it was last seen, in core's own terms. `request` is the content of spec.request
 * after base64, that is PEM text, not yet looked at.
 */
export type Observed = {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly signerName: string;
  readonly requester: RequesterIdentity;
  readonly request: Uint8Array;
  readonly usages: readonly string[];
  /** spec.expirationSeconds; null when absent. */
  readonly expirationSeconds: number | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: RequestState;
};

/**
 * `pending`: no condition that decides. `approved`: Approved, and nothing of the following. `final`: Denied, Failed
 * or a certificate is there; nothing is ever written to it again.
 */
export type RequestState = 'pending' | 'approved' | 'final';

/** spec.username, groups, uid and extra: filled in by the API server from the authenticated user, never by the client. */
export type RequesterIdentity = {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  /** What the authenticator adds, such as the pod of a service account's token; absent: nothing. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

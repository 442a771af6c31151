import type { Server } from 'node:net';
import { Refusal } from '../../control/errors.ts';

export type ListenOptions = {
  /** Empty: every address, IPv6 where there is one. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The key of the configuration that says so, for the message. */
  readonly key: string;
};

/** Throws Refusal when it cannot listen: another process has the port, or the address is not this machine's. */
export function listen(server: Server, { host, port, key }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Refusal(`Cannot listen on "${host}:${port}" (${key}): ${reasonOf(error)}`, { cause: error })));
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another process listens there already';
    case 'EACCES':
      return 'this user may not listen on that port';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    case 'ENOTFOUND':
      return 'no address is known for that name';
    default:
      return message;
  }
}

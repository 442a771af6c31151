import { fdatasync, fstatSync, write } from 'node:fs';
import { open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What the record needs of a file system; every call rejects with the system's own error. */
export interface RecordDisk {
  /** For reading and appending, made if need be; nobody but its owner may read it. */
  open(path: string): Promise<RecordHandle>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** The files that this one was rotated into, the oldest first: its name, a dot, twelve digits. */
  rotated(path: string): Promise<string[]>;
  /** Names that were made or changed in the folder of `path` are on the disk afterwards. */
  syncFolder(path: string): Promise<void>;
}

export interface RecordHandle {
  /** Now, whoever wrote. Throws. */
  size(): number;
  /** Whether this is what has the name now. */
  isAt(path: string): Promise<boolean>;
  /** All of it, at the end. */
  append(bytes: Buffer): Promise<void>;
  /** What was appended is on the disk afterwards. */
  sync(): Promise<void>;
  /** At most so many octets from the end. */
  tail(octets: number): Promise<Buffer>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export const nodeDisk: RecordDisk = {
  open: async (path) => handleOf(await open(path, 'a+', 0o600)),
  rename: (from, to) => rename(from, to),
  remove: (path) => unlink(path),
  async rotated(path) {
    const prefix = `${basename(path)}.`;
    const names = await readdir(dirname(path));
    return names.filter((name) => name.startsWith(prefix) && /^\d{12}$/.test(name.slice(prefix.length))).sort().map((name) => join(dirname(path), name));
  },
  async syncFolder(path) {
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

function handleOf(handle: FileHandle): RecordHandle {
  return {
    size: () => fstatSync(handle.fd).size,
    async isAt(path) {
      const [own, named] = await Promise.all([handle.stat(), stat(path).catch(absent)]);
      return named !== null && own.ino === named.ino && own.dev === named.dev;
    },
    async append(bytes) {
      for (let at = 0; at < bytes.length;) at += await writeOnce(handle.fd, bytes, at);
    },
    sync: () => new Promise((resolve, reject) => fdatasync(handle.fd, (error) => (error === null ? resolve() : reject(error)))),
    async tail(octets) {
      const { size } = await handle.stat();
      const bytes = Buffer.alloc(Math.min(octets, size));
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) read = (await handle.read(bytes, length, bytes.length - length, size - bytes.length + length)).bytesRead;
      return bytes.subarray(0, length);
    },
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
  };
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** By the descriptor's own call: a FileHandle's takes several times the processor, and this is done for each certificate. */
function writeOnce(fd: number, bytes: Buffer, at: number): Promise<number> {
  return new Promise((resolve, reject) => write(fd, bytes, at, bytes.length - at, null, (error, written) => (error === null ? resolve(written) : reject(error))));
}

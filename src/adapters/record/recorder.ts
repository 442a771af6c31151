import type { Log, Recorder } from '../../control/ports.ts';
import { recordFields, type RecordEntry } from '../../core/record-entry.ts';
import type { RecordHead } from '../../core/record-chain.ts';
import { RecordFile, type RecordFileOptions } from './file.ts';
import { recordLines } from './lines.ts';

export type RecorderOptions = {
  readonly log: Log;
  readonly now: () => Date;
  readonly version: string;
  /** null: the log is the record. */
  readonly file: { readonly path: string; readonly required: boolean; readonly maxSize: number; readonly keep: number | null } | null;
  readonly meter: RecordMeter;
  /** The file can be written again, after trouble that may have kept requests waiting. */
  readonly onRecovered?: () => void;
  readonly headMs?: number;
};

export type RecordMeter = {
  entries(count: number): void;
  head(head: RecordHead): void;
  failing(failing: boolean): void;
  lost(): void;
};

export type OpenRecorder = Recorder & {
  /** Begins; `close` ends it. */
  open(): void;
  /** Whether the record can keep what it must, or could once. */
  readonly ready: boolean;
  /** Writes what waits, says where the record ends, and closes it. */
  close(): Promise<void>;
};

/** Heads are what shows a record cut short, so one that stays in the process for long is of no use. */
const HEAD_MS = 60_000;

/** Decisions to the log and, if there is one, to the record's file, whose head is logged and exported every minute. */
export function createRecorder(options: RecorderOptions): OpenRecorder {
  const { log, now, headMs = HEAD_MS } = options;
  const lines = recordLines({ log, monotonic: () => performance.now() });
  const file = options.file === null ? null : new RecordFile(fileOptions(options, options.file));
  let told: string | null = null;
  let timer: NodeJS.Timeout | undefined;

  async function tellHead(): Promise<void> {
    lines.summarize();
    const head = (await file?.syncedHead()) ?? null;
    if (head !== null) tell(head);
  }

  function tell(head: RecordHead): void {
    const { count, hash } = head;
    options.meter.head(head);
    if (hash !== told) log.info('record', { entries: count, head: hash, file: options.file?.path });
    told = hash;
  }

  /** What is in the file and in the log is made once. */
  function write(entry: RecordEntry): string | null {
    if (file === null) {
      lines.write(entry);
      return null;
    }
    const fields = recordFields(entry);
    lines.write(entry, fields);
    return JSON.stringify({ time: now().toISOString(), what: entry.what, ...fields });
  }

  return {
    open() {
      file?.open();
      timer = setInterval(() => void tellHead(), headMs); // Never rejects: the file's trouble is told where it is.
    },
    get ready() {
      return file === null || file.opened || options.file?.required !== true;
    },
    note(entry) {
      const json = write(entry);
      if (json !== null) file?.add(json);
    },
    async intend(entry) {
      const json = write(entry);
      if (json !== null) await file?.settled(json);
    },
    async close() {
      clearInterval(timer);
      lines.summarize();
      const head = (await file?.close()) ?? null;
      if (head !== null) tell(head);
    },
  };
}

function fileOptions({ log, now, version, meter, onRecovered }: RecorderOptions, { path, required, maxSize, keep }: NonNullable<RecorderOptions['file']>): RecordFileOptions {
  return {
    path,
    required,
    maxSize,
    keep,
    now,
    version,
    onEntries: meter.entries,
    onLost: meter.lost,
    onTorn: (octets) => log.warn('the last line of the record was not whole, as a kill leaves it, and was cut off', { file: path, octets }),
    onTrouble(why) {
      meter.failing(why !== null);
      if (why !== null) log.error(required ? 'the record cannot be written: nothing is issued until it can (audit.required)' : 'the record cannot be written: work goes on without it', { file: path, why });
      else {
        log.info('the record can be written again', { file: path });
        onRecovered?.();
      }
    },
  };
}

import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** CPU time of a process so far, all threads and the children that it has waited for, in milliseconds (proc(5), /proc/PID/stat). */
export async function cpuMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets and may hold anything; utime, stime, cutime and cstime are the 14th to 17th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  return (fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) * 1000) / ticksPerSecond();
}

/** Resident memory of a process now and at its highest, in MB of 1024² octets. */
export async function memoryMb(pid: number): Promise<{ now: number; peak: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { now: kilobytes('VmRSS') / 1024, peak: kilobytes('VmHWM') / 1024 };
}

let ticks: number | undefined;

function ticksPerSecond(): number {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks;
}

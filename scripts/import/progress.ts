// Shows the progress of an import or export: a bar on a terminal, otherwise a line at intervals.

export interface ProgressBar {
  /**
   * @param fraction from 0 to 1, null if the end is unknown
   * @param what the current step, if it is not the main work of the command
   */
  show(rows: number, fraction: number | null, what?: string): void;
  /** Removes the bar, or keeps the last line. */
  end(): void;
}

const BAR_WIDTH = 24;
/** The update interval on a terminal. */
const REDRAW_MS = 100;
/** The update interval in a log. */
const LINE_MS = 5_000;

const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
};

export const writeCount = (count: number): string => count.toLocaleString('en-US');

export const drawBar = (
  rows: number,
  fraction: number | null,
  elapsedMs: number,
  what = 'accounts',
): string => {
  const perSecond = elapsedMs > 0 ? Math.round((rows * 1000) / elapsedMs) : 0;
  const counted = `${writeCount(rows)} ${what}, ${writeCount(perSecond)}/s`;
  if (fraction === null) return counted;
  const done = Math.min(1, Math.max(0, fraction));
  const filled = Math.round(done * BAR_WIDTH);
  const left = done > 0 ? `, ${clock((elapsedMs / 1000 / done) * (1 - done))} left` : '';
  const percent = `${Math.floor(done * 100)} %`.padStart(5);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${percent}  ${counted}${left}`;
};

/** @param before rows of an interrupted run. They do not count for the speed */
export const createProgressBar = (stream: NodeJS.WriteStream, before = 0): ProgressBar => {
  let startedMs = Date.now();
  let shownMs = startedMs;
  let isDrawn = false;
  let step: string | undefined;

  return {
    show(rows, fraction, what) {
      const nowMs = Date.now();
      // Each step has its own speed and total.
      if (what !== step) [step, startedMs, shownMs] = [what, nowMs, nowMs];
      if (nowMs - shownMs < (stream.isTTY ? REDRAW_MS : LINE_MS)) return;
      shownMs = nowMs;
      const done = what === undefined ? rows - before : rows;
      const line = drawBar(done, fraction, nowMs - startedMs, what);
      stream.write(stream.isTTY ? `\r\u001b[K${line.slice(0, (stream.columns || 80) - 1)}` : `${line}\n`);
      isDrawn = true;
    },
    end() {
      if (stream.isTTY && isDrawn) stream.write('\r\u001b[K');
    },
  };
};

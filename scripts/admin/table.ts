// What a command prints: aligned columns for a person.

/** A control character of a strange name or user agent must not reach the terminal. */
export const plain = (text: string): string =>
  text.replace(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1));

const lengthOf = (text: string): number => [...text].length;

/** Columns as wide as what they hold; numbers at the right of theirs. */
export const writeTable = (
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string => {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : plain(cell))),
  );
  const widths = head.map((title, column) =>
    Math.max(lengthOf(title), ...cells.map((row) => lengthOf(row[column] ?? ''))),
  );
  const write = (row: readonly string[], like: readonly (string | number)[]) =>
    row
      .map((cell, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - lengthOf(cell));
        return typeof like[column] === 'number' ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  const [first = []] = rows;
  return [
    write(head, first),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...cells.map((row, index) => write(row, rows[index] ?? [])),
  ].join('\n');
};

/** A time as people read it, to the minute, in UTC. */
export const writeTime = (ms: unknown): string =>
  typeof ms === 'number' ? `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}` : '';

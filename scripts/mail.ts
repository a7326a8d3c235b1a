// `npm run mail`: shows the last mails of the local service, with their links.
import { createCommand, statusOf, withoutSeparator } from './command-line.ts';
import { MAX_MAILS, readMails } from './mailbox.ts';
import { messageOf, print, printError, toPlainLines, toPlainText } from './terminal.ts';

const FAILED_STATUS = 1;

const SHOWN = 5;

const createParser = () =>
  createCommand('npm run mail --', print)
    .description('Shows the last mails that the service of `npm start` has sent. It delivers none.')
    .option('-n, --number <count>', `how many, at most ${MAX_MAILS}`, String(SHOWN))
    .option('--url <origin>', 'where the service is', 'http://127.0.0.1:8787')
    .allowExcessArguments(false);

const main = async (args: readonly string[]): Promise<void> => {
  const parser = createParser().parse([...withoutSeparator(args)], { from: 'user' });
  const { number, url } = parser.opts();
  const count = Number(number);
  if (!Number.isInteger(count) || count < 1 || count > MAX_MAILS)
    parser.error(`error: --number takes a whole number from 1 to ${MAX_MAILS}`);
  if (!URL.canParse(url)) parser.error('error: --url takes an origin such as http://127.0.0.1:8787');
  const mails = await readMails(new URL(url).origin, count);
  if (mails.length === 0) print('No mails yet.');
  // Newest last, next to the prompt.
  for (const { to, subject, text, sentAt } of mails.toReversed())
    print(
      `── ${toPlainText(sentAt)}\nTo: ${toPlainText(to)}\nSubject: ${toPlainText(subject)}\n\n${toPlainLines(text)}`,
    );
};

try {
  await main(process.argv.slice(2));
} catch (error) {
  const status = statusOf(error);
  if (status === null) {
    const isRefused = error instanceof TypeError && error.message === 'fetch failed';
    printError(
      isRefused ? 'Nothing listens there. Run `npm start` first, or say where with --url.' : messageOf(error),
    );
  }
  process.exitCode = status ?? FAILED_STATUS;
}

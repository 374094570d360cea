import { FileClaims } from '../../../src/vault/fileClaims.ts';

/*
 * Another window, in a process of its own: `node claimer.ts <folder> <id> <boot>`. It does what each line says,
 * `claim <key> <staleMs>`, and answers with one line.
 */
const [folder = '', id = '', boot = ''] = process.argv.slice(2);
const claims = new FileClaims({ folder, id, boot });

async function answer(line: string): Promise<unknown> {
  const [verb = '', key = '', staleMs = '0'] = line.split(' ');
  switch (verb) {
    case 'enter':
      return claims.enter();
    case 'leave':
      return claims.leave();
    case 'lives':
      return claims.lives(key);
    case 'claim':
      return claims.claim(key, Number(staleMs));
    case 'lease':
      return claims.lease(key, Number(staleMs));
    default:
      return claims.release(key);
  }
}

let buffered = '';
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  buffered += text;
  const lines = buffered.split('\n');
  buffered = lines.pop() ?? '';
  for (const line of lines) {
    answer(line).then(
      (result) => console.log(`${line}: ${result}`),
      (error: unknown) => console.log(`${line}: failed: ${error}`),
    );
  }
});
console.log('ready: undefined');

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { selfSigned } from './certificate.ts';
import { type SandboxOptions, startSandbox } from './gateway.ts';
import { type Profile, profiles } from './releases.ts';

const usage =
  'Usage: npm run sandbox -- [--port N] [--life-seconds S] [--max-sessions N] [--service NAME]... [--profile classic|cmi|newest] ' +
  '[--basic] [--tls [--tls-cert-file PATH]]';

/** Starts the gateway from a command line and ends it cleanly on SIGINT and SIGTERM. */
async function main(): Promise<void> {
  const { options, tls, certificateFile } = readFlags(process.argv.slice(2));
  const identity = tls ? await selfSigned() : undefined;
  if (identity !== undefined && certificateFile !== undefined) {
    writeFileSync(certificateFile, identity.cert);
  }
  const sandbox = await startSandbox({ ...options, tls: identity });
  const end = (): void => void sandbox.close();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  console.log(`listening on ${sandbox.url}`);
}

/** A flag that cannot be read; the message is one sentence. */
class FlagError extends Error {}

interface Flags {
  readonly options: SandboxOptions;
  readonly tls: boolean;
  readonly certificateFile: string | undefined;
}

function readFlags(args: string[]): Flags {
  const values = parse(args);
  const certificateFile = values['tls-cert-file'];
  const tls = values.tls ?? false;
  if (certificateFile !== undefined && !tls) {
    throw new FlagError('--tls-cert-file goes with --tls.');
  }
  const options = {
    port: number('--port', values.port, (n) => Number.isInteger(n) && n >= 0 && n < 65_536),
    lifeSeconds: number('--life-seconds', values['life-seconds'], (n) => n > 0),
    maxSessions: number('--max-sessions', values['max-sessions'], (n) => Number.isInteger(n) && n > 0),
    services: values.service,
    profile: profileOf(values.profile),
    basic: values.basic,
  };
  return { options, tls, certificateFile };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string' },
        'life-seconds': { type: 'string' },
        'max-sessions': { type: 'string' },
        service: { type: 'string', multiple: true },
        profile: { type: 'string' },
        basic: { type: 'boolean' },
        tls: { type: 'boolean' },
        'tls-cert-file': { type: 'string' },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/[.\n]/)[0] ?? '') : String(error);
    throw new FlagError(`${reason}. ${usage}`);
  }
}

function profileOf(text: string | undefined): Profile | undefined {
  const found = profiles.find((profile) => profile === text);
  if (text !== undefined && found === undefined) {
    throw new FlagError(`--profile cannot be ${JSON.stringify(text)}.`);
  }
  return found;
}

function number(flag: string, text: string | undefined, allowed: (n: number) => boolean): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!allowed(value)) {
    throw new FlagError(`${flag} cannot be ${JSON.stringify(text)}.`);
  }
  return value;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof FlagError ? 2 : 1;
});
